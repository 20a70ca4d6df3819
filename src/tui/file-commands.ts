/** The keys that keep something in a file, and the prompt for its name. Works on the live view; the screen follows. */
import type { LiveView } from './live-view.ts';
import { cellWidth, clean, cutEnd, takeEnd } from './text.ts';
import type { Theme } from './theme.ts';

export function toggleRecording(view: LiveView): void {
  if (view.status.state === 'recorded') view.toast('a recording already');
  else view.toast(view.files?.toggleRecording() ?? 'no files here');
}

export function openExportPrompt(view: LiveView): void {
  const path = view.files?.suggestExport();
  if (path === undefined) view.toast('no files here');
  else view.dispatch({ type: 'popup', popup: { kind: 'export', path } });
}

/** @param edited the path after an editing key; undefined for a key that does not edit */
export function keyInExport(view: LiveView, path: string, key: string, edited: string | undefined): void {
  if (edited !== undefined) {
    view.dispatch({ type: 'popup', popup: { kind: 'export', path: edited } });
    return;
  }
  if (key !== 'enter' && key !== 'escape' && key !== 'backspace') return;
  view.dispatch({ type: 'popup', popup: undefined });
  if (key !== 'enter' || path === '') return;
  view.toast(view.files?.export(path) ?? 'no files here');
  // Writing has placed the last stacks.
  view.followNodes();
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
