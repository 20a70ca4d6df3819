/** What each key of the engine switcher does. Works on the live view; the screen follows. */
import { type CommandOf, commandOf } from './keys/keymap.ts';
import type { LiveView } from './live-view.ts';
import { nextRate } from './rates.ts';
import type { Popup } from './state.ts';
import { changeSpeed } from './time-commands.ts';

type EnginePopup = Popup & { kind: 'engine' };

export const engineCommands: Readonly<
  Record<CommandOf<'engine'>, (view: LiveView, popup: EnginePopup) => void>
> = {
  down: (view, popup) => choose(view, popup, 1),
  up: (view, popup) => choose(view, popup, -1),
  switch: switchEngine,
  slower: (view) => stepRate(view, -1),
  faster: (view) => stepRate(view, 1),
  probe: (view, popup) => {
    view.session.probeAgain();
    view.dispatch({ type: 'popup', popup: { ...popup, status: view.status } });
    view.toast('every gate tried again');
  },
  'copy-cure': (view, popup) => {
    const cure = popup.status.engines[popup.chosen]?.cure;
    if (cure === undefined) view.toast('this engine needs no cure');
    else view.copy(cure, 'cure');
  },
  why: (view) => view.dispatch({ type: 'popup', popup: { kind: 'why', status: view.status, gate: 0 } }),
  dismiss: (view) => view.dispatch({ type: 'popup', popup: undefined }),
};

export function keyInEngine(view: LiveView, popup: EnginePopup, key: string): void {
  const command = commandOf('engine', key);
  if (command !== undefined) engineCommands[command](view, popup);
}

/** The cursor stands on what was asked for. */
export function openEnginePanel(view: LiveView): void {
  const { status } = view;
  if (status.state === 'recorded') {
    const unit = view.session.showNextUnit?.();
    const shown = unit === 'wall' ? 'wall time' : 'CPU time';
    view.toast(unit ? `shows ${shown}; e: the other` : 'recorded: w tells which engine saw it, and why');
    return;
  }
  const chosen = status.engines.findIndex((row) => row.ask === status.asked);
  view.dispatch({ type: 'popup', popup: { kind: 'engine', status, chosen: Math.max(0, chosen) } });
}

/** A warning may know an engine that does better. */
export function switchToOffered(view: LiveView): void {
  const { status } = view;
  const offer = status.warnings.find((warning) => warning.offer !== undefined)?.offer;
  if (offer === undefined) view.toast('no warning offers another engine');
  else if (status.state !== 'live') view.toast('nothing captures any more');
  else void view.session.switchTo(offer);
}

/** The running engine at the next rate. */
export function stepRate(view: LiveView, step: 1 | -1): void {
  const { status } = view;
  if (status.state === 'recorded') {
    changeSpeed(view, step);
    return;
  }
  if (status.state !== 'live') {
    view.toast('nothing captures any more');
    return;
  }
  const from = status.switching?.hz ?? status.frequencyHz;
  const hz = nextRate(from, step, status.highestHz);
  if (hz === undefined) {
    view.toast(`${Math.round(from)} Hz is the ${step < 0 ? 'lowest' : 'highest'} rate here`);
    return;
  }
  void view.session.changeRate(hz);
  view.toast(`${hz} Hz asked`);
}

function choose(view: LiveView, popup: EnginePopup, step: 1 | -1): void {
  const last = Math.max(0, popup.status.engines.length - 1);
  const chosen = Math.max(0, Math.min(last, popup.chosen + step));
  if (chosen !== popup.chosen) view.dispatch({ type: 'popup', popup: { ...popup, chosen } });
}

/** A row that was refused is tried all the same: the gate may be open by now. */
function switchEngine(view: LiveView, popup: EnginePopup): void {
  const row = popup.status.engines[popup.chosen];
  if (row === undefined) return;
  if (view.status.state !== 'live') view.toast('nothing captures any more');
  else void view.session.switchTo(row.ask);
}
