/**
 * Text in terminal cells: cleaning, measuring, cutting and padding of single lines. Pure; knows no colours.
 */
import stringWidth from 'string-width';
import { cleanText } from '../profile/clean-text.ts';

const printableAscii = /^[\x20-\x7e]*$/;
// What this program itself draws, besides ASCII: one cell each. Measuring graphemes costs a thousand times more.
const narrow = /^[\x20-\x7e·…›→←↑↓Δ±µ⏎▾▸▴◆▲●○■▁-█▌▏▐░▒▓─│┌┐└┘]*$/;
const graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' });

/** Names come from a hostile process; most are plain ASCII and safe as they are. */
export function clean(text: string): string {
  return printableAscii.test(text) ? text : cleanText(text);
}

export function cellWidth(text: string): number {
  return narrow.test(text) ? text.length : stringWidth(text);
}

/** The longest beginning that fits into `room` cells. */
export function takeStart(text: string, room: number): string {
  if (narrow.test(text)) return text.slice(0, Math.max(0, room));
  let taken = '';
  let used = 0;
  for (const { segment } of graphemes.segment(text)) {
    used += stringWidth(segment);
    if (used > room) break;
    taken += segment;
  }
  return taken;
}

/** The longest end that fits into `room` cells. */
export function takeEnd(text: string, room: number): string {
  if (narrow.test(text)) return room <= 0 ? '' : text.slice(-room);
  const parts = Array.from(graphemes.segment(text), (part) => part.segment);
  let used = 0;
  let start = parts.length;
  while (start > 0) {
    used += stringWidth(parts[start - 1] ?? '');
    if (used > room) break;
    start--;
  }
  return parts.slice(start).join('');
}

/** Cuts at the end, with an ellipsis where something is missing. */
export function cutEnd(text: string, room: number, ellipsis: string): string {
  if (cellWidth(text) <= room) return text;
  return room < 1 ? '' : takeStart(text, room - cellWidth(ellipsis)) + ellipsis;
}

export function padEnd(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - cellWidth(text)));
}

export function padStart(text: string, width: number): string {
  return ' '.repeat(Math.max(0, width - cellWidth(text))) + text;
}

/** Names that stand in brackets themselves: `<module>` of Python, `(garbage collection)`. */
const inBrackets = /^(?:\([^()]*\)|<[^<>]*>)(?= |$)/;

/**
 * Makes a function name fit: first template arguments, then parameters become an ellipsis, then the middle is cut.
 * The end of a name says what the function is, so it keeps 60 % of the room.
 */
export function shortenName(name: string, room: number, ellipsis: string): string {
  if (cellWidth(name) <= room) return name;
  if (room <= 0) return '';
  const [own = ''] = inBrackets.exec(name) ?? [];
  let short = own + collapse(name.slice(own.length), '<', '>', ellipsis);
  if (cellWidth(short) > room) short = own + collapse(short.slice(own.length), '(', ')', ellipsis);
  if (cellWidth(short) <= room) return short;
  const headRoom = Math.floor((room - 1) * 0.4);
  return takeStart(short, headRoom) + ellipsis + takeEnd(short, room - 1 - headRoom);
}

/** Replaces what stands between outermost brackets; an unbalanced name (`operator<<`) is left alone. */
function collapse(name: string, open: string, close: string, ellipsis: string): string {
  let depth = 0;
  let result = '';
  for (const character of name) {
    if (character === close) depth--;
    if (depth < 0) return name;
    if (depth === 0) result += character;
    if (character === open && depth++ === 0) result += ellipsis;
  }
  return depth === 0 ? result : name;
}

/** A piece of a status line; when the line is too long, pieces of the highest `rank` are left out first. */
export interface Piece {
  readonly text: string;
  readonly rank: number;
}

/** Keeps the pieces that fit into `width` cells when joined by `gap`; order is kept, rank 0 is never dropped. */
export function fitPieces(pieces: readonly Piece[], gap: string, width: number): readonly Piece[] {
  let kept = pieces.filter((piece) => piece.text !== '');
  while (joinedWidth(kept, gap) > width) {
    const worst = Math.max(...kept.map((piece) => piece.rank));
    if (!(worst > 0)) break;
    kept = kept.filter((piece) => piece.rank !== worst);
  }
  return kept;
}

function joinedWidth(pieces: readonly Piece[], gap: string): number {
  return pieces.reduce((sum, piece) => sum + cellWidth(piece.text), gap.length * (pieces.length - 1));
}
