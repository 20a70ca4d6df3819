/** The keys that keep something in a file, and the prompt for its name. Works on the live view; the screen follows. */
import { type CommandOf, commandOf } from './keys/keymap.ts';
import { editText, withoutWord } from './line-edit.ts';
import type { LiveView } from './live-view.ts';
import { cellWidth, clean, cutEnd, takeEnd } from './text.ts';
import type { Theme } from './theme.ts';

export function toggleRecording(view: LiveView): void {
  if (view.status.state === 'recorded') view.toast('a recording already');
  else view.toast(view.files?.toggleRecording() ?? 'no files here');
}

export function openExportPrompt(view: LiveView): void {
  const path = view.files?.suggestExport();
  view.exports.begin();
  if (path === undefined) view.toast('no files here');
  else typeInExport(view, path);
}

export function keyInExport(view: LiveView, path: string, key: string): void {
  const command = commandOf('prompt', key);
  const edited = command === undefined ? editText(path, key) : undefined;
  if (command !== undefined) promptCommands[command](view, path);
  else if (edited !== undefined) typeInExport(view, edited);
  else if (key === 'backspace') close(view);
}

export function typeInExport(view: LiveView, path: string): void {
  view.dispatch({ type: 'popup', popup: { kind: 'export', path } });
}

const promptCommands: Readonly<Record<CommandOf<'prompt'>, (view: LiveView, path: string) => void>> = {
  accept,
  cancel: close,
  earlier: (view, path) => typeInExport(view, view.exports.earlier(path)),
  later: (view, path) => typeInExport(view, view.exports.later(path)),
  'clear-word': (view, path) => typeInExport(view, withoutWord(path)),
  'clear-line': (view) => typeInExport(view, ''),
};

function accept(view: LiveView, path: string): void {
  close(view);
  view.exports.keep(path);
  if (path !== '') void exportTo(view, path);
}

async function exportTo(view: LiveView, path: string): Promise<void> {
  if (view.files === undefined) return view.toast('no files here');
  const written = view.files.export(path);
  // Writing has placed the last stacks.
  view.followNodes();
  view.toast(`writing ${path}`);
  view.toast(await written);
}

function close(view: LiveView): void {
  view.dispatch({ type: 'popup', popup: undefined });
}

/** `export to FILE▏`: of a long path its end stays. */
export function exportPromptLine(path: string, theme: Theme, width: number): string {
  const { ellipsis, cursor, enter } = theme.glyphs;
  const lead = 'export to ';
  const room = Math.max(1, width - lead.length - cellWidth(cursor));
  const whole = clean(path);
  const shown = cellWidth(whole) <= room ? whole : ellipsis + takeEnd(whole, room - cellWidth(ellipsis));
  const typed = `${lead}${shown}${cursor}`;
  const hint = `   the ending is the format   ${enter} write  esc cancel`;
  const left = Math.max(0, width - cellWidth(typed));
  return theme.paint('title', typed) + theme.paint('dim', cutEnd(hint, left, ellipsis));
}
