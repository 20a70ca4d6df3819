/** What the mouse does in the box of a panel: the wheel moves the choice, a click chooses, another one does it. */
import { engineCommands } from './engine-commands.ts';
import type { LiveView } from './live-view.ts';
import { paletteCommands } from './palette-commands.ts';
import type { MouseAction } from './screen/painter.ts';
import type { Popup } from './state.ts';
import { whyCommands } from './why-commands.ts';

/** @param entry what of the panel's list lies under the mouse */
export function mouseInPanel(view: LiveView, action: MouseAction, entry: number | undefined): void {
  const { popup } = view.state.structure;
  if (popup === undefined) return;
  if (action !== 'press') step(view, popup, action === 'wheel-up' ? 'up' : 'down');
  else if (entry === undefined) return;
  else if (entry !== chosenOf(popup)) view.dispatch({ type: 'popup', popup: withChosen(popup, entry) });
  else accept(view, popup);
}

function step(view: LiveView, popup: Popup, command: 'up' | 'down'): void {
  if (popup.kind === 'engine') engineCommands[command](view, popup);
  else if (popup.kind === 'palette') paletteCommands[command](view, popup);
  else if (popup.kind === 'why') whyCommands[command](view, popup);
}

function accept(view: LiveView, popup: Popup): void {
  if (popup.kind === 'engine') engineCommands.switch(view, popup);
  else if (popup.kind === 'palette') paletteCommands.run(view, popup);
}

function chosenOf(popup: Popup): number | undefined {
  if (popup.kind === 'why') return popup.gate;
  return popup.kind === 'engine' || popup.kind === 'palette' ? popup.chosen : undefined;
}

function withChosen(popup: Popup, entry: number): Popup {
  if (popup.kind === 'why') return { ...popup, gate: entry };
  return popup.kind === 'engine' || popup.kind === 'palette' ? { ...popup, chosen: entry } : popup;
}
