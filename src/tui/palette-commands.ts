/** What each key of the command palette does. A command runs as its key would have run it. */
import { type CommandOf, commandOf } from './keys/keymap.ts';
import { editText } from './line-edit.ts';
import type { LiveView } from './live-view.ts';
import { paletteEntries } from './palette-lines.ts';
import type { Popup } from './state.ts';
import { runViewKey } from './view-keys.ts';

type PalettePopup = Popup & { kind: 'palette' };

export function keyInPalette(view: LiveView, popup: PalettePopup, key: string): void {
  const command = commandOf('palette', key);
  const edited = command === undefined ? editText(popup.filter, key) : undefined;
  if (command !== undefined) paletteCommands[command](view, popup);
  else if (edited !== undefined) narrowPalette(view, edited);
  else if (key === 'backspace') close(view);
}

/** The best answer is the first one, so the cursor goes there. */
export function narrowPalette(view: LiveView, filter: string): void {
  view.dispatch({ type: 'popup', popup: { kind: 'palette', filter, chosen: 0 } });
}

export const paletteCommands: Readonly<
  Record<CommandOf<'palette'>, (view: LiveView, popup: PalettePopup) => void>
> = {
  run: (view, { filter, chosen }) => {
    const [key] = paletteEntries(view.state.structure.view, filter)[chosen]?.keys ?? [];
    close(view);
    if (key === undefined) view.toast(`no command answers ${filter}`);
    else runViewKey(view, key);
  },
  down: (view, popup) => choose(view, popup, 1),
  up: (view, popup) => choose(view, popup, -1),
  dismiss: close,
};

function choose(view: LiveView, popup: PalettePopup, step: 1 | -1): void {
  const last = paletteEntries(view.state.structure.view, popup.filter).length - 1;
  const chosen = Math.max(0, Math.min(last, popup.chosen + step));
  view.dispatch({ type: 'popup', popup: { ...popup, chosen } });
}

function close(view: LiveView): void {
  view.dispatch({ type: 'popup', popup: undefined });
}
