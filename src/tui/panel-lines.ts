/** What the lines of all panels have in common: wrapping that loses nothing, the hints at the foot. Pure. */
import { footerHints, type KeyMode } from './keys/shown-keys.ts';
import { asciiOnly } from './rows.ts';
import { cellWidth, clean, cutEnd, fitPieces } from './text.ts';
import type { Theme } from './theme.ts';

export interface PanelLine {
  readonly text: string;
  readonly isChosen: boolean;
  /** What of the panel's list stands there; undefined for a line that is none of it. */
  readonly entry?: number;
}

const gap = '   ';

/** The keys of a panel; the way out is the last hint and stays. */
export function hintLine(mode: KeyMode, theme: Theme, width: number): string {
  const hints = footerHints(mode, theme.glyphs);
  const pieces = hints.map((text, at) => ({ text, rank: at === hints.length - 1 ? 0 : at + 1 }));
  return fitPieces(pieces, gap, width)
    .map((piece) => piece.text)
    .join(gap);
}

export function visible(text: string, theme: Theme): string {
  return theme.isAscii ? asciiOnly(clean(text)) : clean(text);
}

/** Breaks at blanks; a word longer than the line is broken inside, because a cure must be readable in full. */
export function wrap(text: string, width: number, theme: Theme): string[] {
  const room = Math.max(8, width);
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(/(?<= )/)) {
    if (cellWidth(line + word.trimEnd()) > room && line !== '') {
      lines.push(line.trimEnd());
      line = '';
    }
    line += word;
    while (cellWidth(line.trimEnd()) > room) {
      const part = cutEnd(line, room + 1, theme.glyphs.ellipsis).slice(0, -theme.glyphs.ellipsis.length);
      lines.push(part);
      line = line.slice(part.length);
    }
  }
  return [...lines, line.trimEnd()];
}
