/**
 * The part of a line that is not as before, so that only it is sent. Sends less only where that is safe on every terminal:
 * glyphs whose width terminals disagree about (bars, arrows, boxes) never stand before the part, and as many of them are
 * in it as were there before. Pure.
 */

export interface LineChange {
  /** Cells before it. */
  readonly column: number;
  /** Closes its own attributes, and ends with an erase when nothing of the old line may stay behind it. */
  readonly text: string;
}

const reset = '\x1b[0m';
const eraseRest = '\x1b[K';

/** @param before undefined when it is not known what is on the line */
export function lineChange(before: string | undefined, after: string): LineChange {
  const whole = { column: 0, text: after + reset + eraseRest };
  if (before === undefined) return whole;
  const start = commonStart(before, after);
  const end = commonEnd(before, after, start);
  if (end !== undefined) {
    return { column: start.column, text: start.style + after.slice(start.index, after.length - end) + reset };
  }
  return { column: start.column, text: start.style + after.slice(start.index) + reset + eraseRest };
}

/** A place between two characters of a line. */
interface Place {
  readonly index: number;
  readonly column: number;
  /** Glyphs before it whose width is not the same everywhere. */
  readonly glyphs: number;
  /** Attributes that hold here. */
  readonly style: string;
}

/** The end of the plain text that both begin with. */
function commonStart(before: string, after: string): Place {
  let place: Place = { index: 0, column: 0, glyphs: 0, style: '' };
  for (;;) {
    const next = nextPlace(after, place);
    if (next === undefined || next.glyphs > 0) return place;
    if (before.slice(place.index, next.index) !== after.slice(place.index, next.index)) return place;
    place = next;
  }
}

/** How many characters at the end can stay as they are; undefined when none can. */
function commonEnd(before: string, after: string, start: Place): number | undefined {
  let length = 0;
  const most = Math.min(before.length, after.length) - start.index;
  while (length < most && before.at(-1 - length) === after.at(-1 - length)) length++;
  let old = placeAt(before, start, before.length - length);
  let now = placeAt(after, start, after.length - length);
  while (old !== undefined && now !== undefined) {
    const [oldLeft, left] = [before.length - old.index, after.length - now.index];
    if (oldLeft > left) old = nextPlace(before, old);
    else if (left > oldLeft) now = nextPlace(after, now);
    else if (left === 0 || now.column !== old.column || now.glyphs !== old.glyphs) return undefined;
    else if (now.style === old.style) return left;
    else {
      // The same text follows, but in other attributes until these are closed.
      old = nextPlace(before, old);
      now = nextPlace(after, now);
    }
  }
  return undefined;
}

/** The first place at `index` or behind it. */
function placeAt(line: string, start: Place, index: number): Place | undefined {
  let place: Place | undefined = start;
  while (place !== undefined && place.index < index) place = nextPlace(line, place);
  return place;
}

/** Behind the next character or attribute; undefined at the end, and where the width of a character is not known. */
function nextPlace(line: string, { index, column, glyphs, style }: Place): Place | undefined {
  const code = line.charCodeAt(index);
  if (code === 0x1b) {
    const end = line.indexOf('m', index) + 1;
    if (end === 0) return undefined;
    const sequence = line.slice(index, end);
    return { index: end, column, glyphs, style: sequence === reset ? '' : style + sequence };
  }
  if (code >= 0x20 && code <= 0x7e) return { index: index + 1, column: column + 1, glyphs, style };
  // Arrows to geometric shapes, and the ellipsis: one cell, or two where a font makes them wide.
  if ((code >= 0x2190 && code <= 0x25ff) || code === 0x2026)
    return { index: index + 1, column: column + 1, glyphs: glyphs + 1, style };
  return undefined;
}
