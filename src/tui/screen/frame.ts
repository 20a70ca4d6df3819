/**
 * One picture of the screen as lines, and the bytes that lead from the last picture to this one. Pure.
 */
import { lineChange } from './line-change.ts';

/** A full-width rectangle whose lines a function draws. `top` and `height` in rows. */
export interface Band {
  readonly top: number;
  readonly height: number;
}

export interface DrawnBand extends Band {
  /** A ready line for row `line` of the band: at most `width` cells, SGR closed, no newline. */
  row(line: number, width: number): string;
}

export interface ScreenSize {
  readonly columns: number;
  readonly rows: number;
}

// Synchronized output: the terminal shows the frame at once, and older terminals ignore the mode.
const beginFrame = '\x1b[?2026h';
const endFrame = '\x1b[?2026l';

/** Cells a line may fill: after a full line, xterm's erase to the end of the line would take the last cell. */
export function lineWidth(size: ScreenSize): number {
  return Math.max(1, size.columns - 1);
}

/** Lines of the screen: bands over the chrome, but on lines of a cover (a popup) the chrome stays on top. */
export function composeFrame(
  chrome: readonly string[],
  bands: readonly DrawnBand[],
  covers: readonly Band[],
  size: ScreenSize,
): string[] {
  const lines = Array.from({ length: size.rows }, (_, y) => chrome[y] ?? '');
  const isCovered = (y: number) => covers.some((cover) => y >= cover.top && y < cover.top + cover.height);
  for (const band of bands) {
    for (let line = 0; line < band.height; line++) {
      const y = band.top + line;
      if (y < 0 || y >= size.rows || isCovered(y)) continue;
      lines[y] = band.row(line, lineWidth(size));
    }
  }
  return lines;
}

/** Bytes that turn `before` into `after`; '' when nothing changed. Lines are 1-based on the wire. */
export function frameBytes(before: readonly string[], after: readonly string[]): string {
  let bytes = '';
  for (let y = 0; y < after.length; y++) {
    if (after[y] === before[y]) continue;
    const { column, text } = lineChange(before[y], after[y] ?? '');
    bytes += `\x1b[${y + 1};${column + 1}H${text}`;
  }
  return bytes === '' ? '' : beginFrame + bytes + endFrame;
}
