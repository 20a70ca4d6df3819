/** The callers and callees of a function as lines: two columns side by side, or one of them alone. Pure. */
import { percent } from '../profile/format.ts';
import type { SandwichPart } from '../profile/sandwich.ts';
import { fittedName, roleOf } from './rows.ts';
import { cellWidth, cutEnd, padEnd, padStart } from './text.ts';
import type { Theme } from './theme.ts';

export interface PaneContext {
  readonly theme: Theme;
  readonly hasFullNames: boolean;
  /** Total of the function in the middle. */
  readonly wholeNs: number;
  /** What stands for the part without a function: time of its own, or no caller. */
  readonly ownLabel: string;
  /** Undefined while they are worked out. */
  readonly parts: readonly SandwichPart[] | undefined;
  /** The row under the cursor, undefined while another part has the keys. */
  readonly selected: number | undefined;
}

/** The line of a pane, exactly `width` cells. */
export function paneLine(context: PaneContext, line: number, height: number, width: number): string {
  const { parts, theme, selected } = context;
  if (parts === undefined)
    return padEnd(line === 0 ? cutEnd(`  ${theme.glyphs.ellipsis}`, width, '') : '', width);
  if (parts.length === 0) return padEnd(line === 0 ? cutEnd('  none', width, '') : '', width);
  const at = topOf(parts.length, selected ?? 0, height) + line;
  const part = parts[at];
  if (part === undefined) return ' '.repeat(width);
  const share = percent(context.wholeNs > 0 ? part.weightNs / context.wholeNs : 0);
  const mark = markOf(part, theme);
  const lead = `${padStart(share, 7)}  ${mark} `;
  const room = width - cellWidth(lead) - 1;
  const name = part.function === undefined ? context.ownLabel : part.function.name;
  const shown = room < 1 ? '' : fittedName(name, room, context.hasFullNames, theme);
  const isSelected = at === selected;
  const text = padEnd(cutEnd(`${isSelected ? '>' : ' '}${lead}${shown}`, width, ''), width);
  if (isSelected) return theme.paint('selected', text);
  const role = part.function === undefined ? 'dim' : roleOf(part.function);
  return ` ${lead}${theme.paint(role, shown)}${' '.repeat(Math.max(0, room - cellWidth(shown)))}`.slice(
    0,
    room < 1 ? width : undefined,
  );
}

function markOf(part: SandwichPart, theme: Theme): string {
  if (part.function === undefined) return theme.glyphs.leaf;
  return part.function.kind === 'marked' ? theme.glyphs.marked : theme.glyphs.closed;
}

/** The window follows the cursor. */
function topOf(rows: number, selected: number, height: number): number {
  return Math.max(0, Math.min(selected - height + 1, rows - height));
}

/** `── callers of renderPage ──┬── renderPage calls ──` */
export function paneHead(theme: Theme, titles: readonly string[], widths: readonly number[]): string {
  const { rule } = theme.glyphs;
  const halves = titles.map((title, at) => {
    const width = widths[at] ?? 0;
    const text = `${rule.repeat(2)} ${cutEnd(title, Math.max(1, width - 4), theme.glyphs.ellipsis)} `;
    return cutEnd(text + rule.repeat(Math.max(0, width - cellWidth(text))), width, '');
  });
  return theme.paint('dim', halves.join(theme.isAscii ? '+' : '┬'));
}
