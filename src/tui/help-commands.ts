/** What each key of the help screen does; what is typed narrows it. */
import { helpLineCount } from './help-lines.ts';
import { type CommandOf, commandOf } from './keys/keymap.ts';
import { editText } from './line-edit.ts';
import type { LiveView } from './live-view.ts';
import type { Popup } from './state.ts';

type HelpPopup = Popup & { kind: 'help' };

export function keyInHelp(view: LiveView, popup: HelpPopup, key: string): void {
  const command = commandOf('help', key);
  const edited = command === undefined ? editText(popup.filter, key) : undefined;
  if (command !== undefined) commands[command](view, popup);
  else if (edited !== undefined) narrowHelp(view, edited);
  else if (key === 'backspace') close(view);
}

export function narrowHelp(view: LiveView, filter: string): void {
  view.dispatch({ type: 'popup', popup: { kind: 'help', filter, scroll: 0 } });
}

const pageOf = (view: LiveView): number => Math.max(1, view.state.structure.size.rows - 4);

const commands: Readonly<Record<CommandOf<'help'>, (view: LiveView, popup: HelpPopup) => void>> = {
  down: (view, popup) => scrollHelp(view, popup, 1),
  up: (view, popup) => scrollHelp(view, popup, -1),
  'page-down': (view, popup) => scrollHelp(view, popup, pageOf(view)),
  'page-up': (view, popup) => scrollHelp(view, popup, -pageOf(view)),
  first: (view, popup) => scrollHelp(view, popup, -Number.MAX_SAFE_INTEGER),
  last: (view, popup) => scrollHelp(view, popup, Number.MAX_SAFE_INTEGER),
  dismiss: close,
};

export function scrollHelp(view: LiveView, popup: HelpPopup, rows: number): void {
  const { size } = view.state.structure;
  const last = Math.max(0, helpLineCount(view.theme.glyphs, popup.filter, size) - Math.max(1, size.rows - 1));
  const scroll = Math.max(0, Math.min(last, popup.scroll + rows));
  view.dispatch({ type: 'popup', popup: { ...popup, scroll } });
}

function close(view: LiveView): void {
  view.dispatch({ type: 'popup', popup: undefined });
}
