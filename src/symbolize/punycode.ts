/** Punycode as Rust v0 names carry it: RFC 3492 with `_` as the delimiter. Not for host names. */

const base = 36;
const firstBias = 72;
const firstPoint = 0x80;
const lowestThreshold = 1;
const highestThreshold = 26;

function digitOf(code: number): number {
  if (code >= 0x61 && code <= 0x7a) return code - 0x61;
  return code >= 0x30 && code <= 0x39 ? code - 0x30 + 26 : -1;
}

/** RFC 3492, 6.1. */
function adaptBias(delta: number, length: number, isFirst: boolean): number {
  let rest = Math.floor(delta / (isFirst ? 700 : 2));
  rest += Math.floor(rest / length);
  let k = 0;
  for (; rest > 455; k += base) rest = Math.floor(rest / (base - lowestThreshold));
  return k + Math.floor((base * rest) / (rest + 38));
}

/** @returns `undefined` when the text is not valid */
export function decodePunycode(text: string): string | undefined {
  const delimiter = text.lastIndexOf('_');
  const output = delimiter > 0 ? [...text.slice(0, delimiter)] : [];
  let point = firstPoint;
  let bias = firstBias;
  let at = 0;
  for (let position = delimiter + 1; position < text.length; ) {
    const before = at;
    let weight = 1;
    for (let k = base; ; k += base) {
      const digit = digitOf(text.charCodeAt(position++));
      at += digit * weight;
      if (digit < 0 || at > 2 ** 31) return undefined;
      const threshold = Math.min(Math.max(k - bias, lowestThreshold), highestThreshold);
      if (digit < threshold) break;
      weight *= base - threshold;
    }
    const length = output.length + 1;
    bias = adaptBias(at - before, length, before === 0);
    point += Math.floor(at / length);
    at %= length;
    if (point > 0x10ffff || (point >= 0xd800 && point < 0xe000)) return undefined;
    output.splice(at++, 0, String.fromCodePoint(point));
  }
  return output.join('');
}
