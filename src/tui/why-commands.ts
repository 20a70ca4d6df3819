/** What each key of the why panel does. */
import { type CommandOf, commandOf } from './keys/keymap.ts';
import type { LiveView } from './live-view.ts';
import type { Popup } from './state.ts';

type WhyPopup = Popup & { kind: 'why' };

export function keyInWhy(view: LiveView, popup: WhyPopup, key: string): void {
  const command = commandOf('why', key);
  if (command !== undefined) whyCommands[command](view, popup);
}

export const whyCommands: Readonly<Record<CommandOf<'why'>, (view: LiveView, popup: WhyPopup) => void>> = {
  down: (view, popup) => chooseGate(view, popup, 1),
  up: (view, popup) => chooseGate(view, popup, -1),
  'copy-cure': copyCure,
  probe: (view, popup) => {
    if (view.status.state === 'recorded') {
      view.toast('recorded: the gates are those of then');
      return;
    }
    view.session.probeAgain();
    view.dispatch({ type: 'popup', popup: { ...popup, status: view.status } });
    view.toast('every gate tried again');
  },
  dismiss: (view) => view.dispatch({ type: 'popup', popup: undefined }),
};

function chooseGate(view: LiveView, popup: WhyPopup, step: 1 | -1): void {
  const last = Math.max(0, popup.status.gates.length - 1);
  const gate = Math.max(0, Math.min(last, popup.gate + step));
  if (gate !== popup.gate) view.dispatch({ type: 'popup', popup: { ...popup, gate } });
}

function copyCure(view: LiveView, popup: WhyPopup): void {
  const cure = popup.status.gates[popup.gate]?.cure;
  if (cure === undefined) view.toast('this gate needs no cure');
  else view.copy(cure, 'cure');
}
