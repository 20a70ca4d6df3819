/**
 * The help screen as lines, made from the key map: sections with their keys, two side by side where there is room.
 * Pure; typing filters.
 */
import { type KeyLine, keyLines } from './keys/shown-keys.ts';
import { lineWidth, type ScreenSize } from './screen/frame.ts';
import { cutEnd, padEnd } from './text.ts';
import type { Glyphs } from './theme.ts';

const columnsForTwo = 100;

export interface HelpLine {
  readonly text: string;
  readonly isHeading: boolean;
}

export function helpLines(glyphs: Glyphs, filter: string, size: ScreenSize): readonly HelpLine[] {
  const wanted = keyLines(glyphs).filter((line) => matches(line, filter));
  const width = lineWidth(size);
  const single = blockLines(wanted, width, glyphs);
  if (size.columns < columnsForTwo || single.length < size.rows) return single;
  const half = Math.floor(width / 2);
  const lines = blockLines(wanted, half - 1, glyphs);
  const middle = splitAt(lines);
  const left = lines.slice(0, middle);
  const right = lines.slice(middle);
  return left.map((line, at) => ({
    text: padEnd(line.text, half) + (right[at]?.text ?? ''),
    isHeading: line.isHeading && (right[at]?.isHeading ?? true),
  }));
}

export function helpLineCount(glyphs: Glyphs, filter: string, size: ScreenSize): number {
  return helpLines(glyphs, filter, size).length;
}

function matches(line: KeyLine, filter: string): boolean {
  const wanted = filter.trim().toLowerCase();
  return `${line.section} ${line.keys} ${line.text}`.toLowerCase().includes(wanted);
}

/** A section never begins at the foot of the left half: the cut moves to the next heading if one is near. */
function splitAt(lines: readonly HelpLine[]): number {
  const half = Math.ceil(lines.length / 2);
  const heading = lines.findIndex((line, at) => at >= half && line.isHeading);
  return heading >= 0 && heading - half <= 6 ? heading : half;
}

function blockLines(list: readonly KeyLine[], width: number, glyphs: Glyphs): HelpLine[] {
  const keyWidth = Math.min(14, Math.max(8, Math.floor(width * 0.3)));
  const lines: HelpLine[] = [];
  let section = '';
  for (const line of list) {
    if (line.section !== section) {
      section = line.section;
      lines.push({ text: cutEnd(` ${section.toUpperCase()}`, width, glyphs.ellipsis), isHeading: true });
    }
    const text = `  ${padEnd(line.keys, keyWidth)} ${line.text}`;
    lines.push({ text: cutEnd(text, width, glyphs.ellipsis), isHeading: false });
  }
  return lines;
}
