/** The picker as lines: head, processes, what would run on the one under the cursor. Pure but for the window it moves. */
import type { ProcessRow } from '../engine/process-list.ts';
import type { ProcessLook } from '../engine/process-look.ts';
import { count, percent } from '../profile/format.ts';
import { footerHints } from './keys/shown-keys.ts';
import { visible } from './panel-lines.ts';
import type { Picker } from './picker.ts';
import { lineWidth, type ScreenSize } from './screen/frame.ts';
import { cellWidth, cutEnd, fitPieces, padEnd, padStart, shortenName } from './text.ts';
import type { Theme } from './theme.ts';

interface PickerColumn {
  readonly head: string;
  readonly width: number;
  readonly isNumber: boolean;
  readonly text: (row: ProcessRow) => string;
  /** Columns of the screen below which it is left out. */
  readonly from: number;
}

const columns: readonly PickerColumn[] = [
  { head: 'CPU', width: 6, isNumber: true, from: 0, text: ({ cpuShare }) => share(cpuShare) },
  { head: 'RSS', width: 6, isNumber: true, from: 100, text: (row) => bytes(row.residentBytes) },
  { head: 'THR', width: 4, isNumber: true, from: 60, text: (row) => String(row.threads) },
  { head: 'PID', width: 7, isNumber: true, from: 0, text: (row) => String(row.pid) },
  { head: 'USER', width: 10, isNumber: false, from: 60, text: (row) => row.user },
  { head: 'RUNTIME', width: 7, isNumber: false, from: 70, text: (row) => row.runtime },
  { head: 'CONTAINER', width: 23, isNumber: false, from: 90, text: (row) => row.container },
];

export interface PickerPicture {
  readonly lines: readonly string[];
  /** The line of the first process. */
  readonly firstRow: number;
  readonly rows: number;
}

/** Every line of the screen at this size. */
export function pickerPicture(picker: Picker, size: ScreenSize, theme: Theme): PickerPicture {
  const width = lineWidth(size);
  if (size.columns < 20 || size.rows < 4) return { lines: ['too small'], firstRow: 0, rows: 0 };
  const hasFooter = size.rows >= 8;
  const foot = [
    ...lookLines(picker, width, size.rows >= 16 ? 3 : 2, theme),
    ...(hasFooter ? [footLine(picker, width, theme)] : []),
  ];
  const rows = Math.max(1, size.rows - 2 - foot.length);
  const shown = picker.window(rows);
  const used = usedColumns(shown, size);
  const lines = [
    titleLine(picker, width, theme),
    theme.paint('dim', headLine(used, width, theme)),
    ...shown.map((row) => rowLine(picker, row, used, width, theme)),
    ...Array.from({ length: rows - shown.length }, () => ''),
    ...foot,
  ];
  return { lines: lines.slice(0, size.rows), firstRow: 2, rows };
}

function titleLine(picker: Picker, width: number, theme: Theme): string {
  const { filter, total } = picker;
  const typed = `${visible(filter, theme)}${theme.glyphs.cursor}`;
  const pieces = [
    { text: 'prof-tui  pick a process', rank: 2 },
    { text: filter === '' ? `filter: ${typed} type to narrow` : `filter: ${typed}`, rank: 0 },
    { text: `${count(picker.rows.length)} of ${count(total)}`, rank: 1 },
    { text: 'live 1 Hz', rank: 3 },
  ];
  const line = fitPieces(pieces, '   ', width).map(({ text }) => text);
  return theme.paint('title', shortenName(line.join('   '), width, theme.glyphs.ellipsis));
}

/** A column that says nothing on this screen leaves its room to the commands. */
function usedColumns(shown: readonly ProcessRow[], size: ScreenSize): readonly PickerColumn[] {
  return columns.filter(
    ({ from, text }) => size.columns >= from && (shown.length === 0 || shown.some((row) => text(row) !== '')),
  );
}

function headLine(used: readonly PickerColumn[], width: number, theme: Theme): string {
  const cells = used.map(({ head, width: room, isNumber }) =>
    isNumber ? padStart(head, room) : padEnd(head, room),
  );
  return cutEnd(` ${cells.join('  ')}  COMMAND`, width, theme.glyphs.ellipsis);
}

function rowLine(
  picker: Picker,
  row: ProcessRow,
  used: readonly PickerColumn[],
  width: number,
  theme: Theme,
): string {
  const { ellipsis } = theme.glyphs;
  const cells = used.map(({ text, width: room, isNumber }) => {
    const cut = cutEnd(visible(text(row), theme), room, ellipsis);
    return isNumber ? padStart(cut, room) : padEnd(cut, room);
  });
  const isSelected = row.pid === picker.selected?.pid;
  const line = `${isSelected ? '>' : ' '}${cells.join('  ')}  ${visible(row.command, theme)}`;
  const look = picker.lookOf(row.pid);
  const refused = look !== undefined && look.runs === undefined;
  const text = padEnd(cutEnd(line, width, ellipsis), width);
  return theme.paint(isSelected ? 'selected' : refused ? 'dim' : 'plain', text);
}

/** The engine that would run, why not more, and the cure. */
function lookLines(picker: Picker, width: number, lines: 2 | 3, theme: Theme): readonly string[] {
  const { selected } = picker;
  const look = selected === undefined ? undefined : picker.lookOf(selected.pid);
  const cut = (text: string) => cutEnd(visible(text, theme), width, theme.glyphs.ellipsis);
  const runs = cut(runsText(selected, look));
  const limits = look?.limits ?? [];
  const why = limits.map(({ because }) => because).join('; ');
  const cure = limits.find((limit) => limit.cure !== undefined)?.cure;
  const mark =
    look === undefined ? '' : limits.length > 0 ? `${theme.glyphs.warning} ${why}` : 'nothing is hidden';
  const cureText = cure === undefined ? '' : `to see more: ${cure}`;
  const reason = theme.paint(limits.length > 0 ? 'warning' : 'dim', cut(mark));
  if (lines === 2) return [runs, cureText === '' || cellWidth(mark) < width / 2 ? reason : cut(cureText)];
  return [theme.paint('title', runs), reason, theme.paint('dim', cut(cureText))];
}

function runsText(selected: ProcessRow | undefined, look: ProcessLook | undefined): string {
  if (selected === undefined) return 'no process matches';
  const who = `${selected.name} [${selected.pid}]`;
  if (look === undefined) return `${who}: looking what is allowed`;
  return look.runs === undefined ? `${who}: no engine can run` : `${who}: would run ${look.runs}`;
}

function footLine(picker: Picker, width: number, theme: Theme): string {
  if (picker.message !== '')
    return theme.paint('title', cutEnd(visible(picker.message, theme), width, theme.glyphs.ellipsis));
  const hints = footerHints('picker', theme.glyphs);
  const pieces = hints.map((text, at) => ({ text, rank: at === hints.length - 1 ? 0 : at + 1 }));
  const line = fitPieces(pieces, '  ', width).map(({ text }) => text);
  return theme.paint('dim', cutEnd(line.join('  '), width, theme.glyphs.ellipsis));
}

function share(cpuShare: number | undefined): string {
  return cpuShare === undefined ? '-' : percent(cpuShare);
}

function bytes(value: number): string {
  const units = ['K', 'M', 'G', 'T'];
  let scaled = value / 1024;
  let unit = 0;
  for (; scaled >= 1000 && unit < units.length - 1; unit++) scaled /= 1024;
  return `${scaled < 10 && unit > 1 ? scaled.toFixed(1) : Math.round(scaled)}${units[unit]}`;
}
