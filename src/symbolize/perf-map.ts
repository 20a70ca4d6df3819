/**
 * The lines of a perf map (`addr size name`, written by JIT compilers) as ranges that do not overlap: a later line
 * wins over what it covers, since the compiler reuses memory. Holds where a name stands in the file, not the name.
 * Pure; the file itself is followed by perf-map-file.ts.
 */

export interface PerfMapLine {
  readonly start: number;
  readonly end: number;
  readonly name: string;
}

const maxUserAddress = 2 ** 47;
const linePattern = /^(?:0x)?([0-9a-f]{1,16}) (?:0x)?([0-9a-f]{1,16}) (.+)$/i;

/** @returns `undefined` for a damaged line. Sizes and addresses are hexadecimal, with or without `0x` (the JVM writes it). */
export function parsePerfMapLine(text: string): PerfMapLine | undefined {
  const match = linePattern.exec(text);
  if (match === null) return undefined;
  const start = Number.parseInt(match[1] as string, 16);
  const end = start + Number.parseInt(match[2] as string, 16);
  const name = (match[3] as string).trim();
  return end <= maxUserAddress && name !== '' ? { start, end, name } : undefined;
}

/** Code range and where its line begins in the file. */
export interface MappedRange {
  readonly start: number;
  readonly end: number;
  readonly line: number;
}

/** Resolves overlaps within one batch. Most lines overlap no other: only clusters that do are merged. */
function flatten(batch: readonly MappedRange[]): MappedRange[] {
  const sorted = batch.filter(({ start, end }) => end > start).sort((a, b) => a.start - b.start);
  const out: MappedRange[] = [];
  for (let first = 0, after = 0; first < sorted.length; first = after) {
    let { end } = sorted[first] as MappedRange;
    for (after = first + 1; after < sorted.length && (sorted[after] as MappedRange).start < end; after++) {
      end = Math.max(end, (sorted[after] as MappedRange).end);
    }
    if (after === first + 1) out.push(sorted[first] as MappedRange);
    else for (const range of flattenCluster(sorted.slice(first, after))) out.push(range);
  }
  return out;
}

/** Overlays pairs of neighbours in the order of the file, then pairs of pairs: n log n, whatever the overlaps. */
function flattenCluster(cluster: readonly MappedRange[]): MappedRange[] {
  let pieces = [...cluster].sort((a, b) => a.line - b.line).map((range) => [range]);
  while (pieces.length > 1) {
    const merged: MappedRange[][] = [];
    for (let i = 0; i < pieces.length; i += 2) {
      const newer = pieces[i + 1];
      merged.push(
        newer === undefined ? (pieces[i] as MappedRange[]) : overlay(pieces[i] as MappedRange[], newer),
      );
    }
    pieces = merged;
  }
  return pieces[0] ?? [];
}

/** Both sorted and without overlaps; what `newer` covers is cut out of `older`. Linear. */
function overlay(older: readonly MappedRange[], newer: readonly MappedRange[]): MappedRange[] {
  const out: MappedRange[] = [];
  let next = 0;
  for (const range of older) {
    let { start } = range;
    while (next < newer.length && (newer[next] as MappedRange).end <= start)
      out.push(newer[next++] as MappedRange);
    for (; next < newer.length && (newer[next] as MappedRange).start < range.end; next++) {
      const cut = newer[next] as MappedRange;
      if (cut.start > start) out.push({ ...range, start, end: cut.start });
      start = Math.max(start, cut.end);
      if (cut.end > range.end) break;
      out.push(cut);
    }
    if (start === range.start) out.push(range);
    else if (start < range.end) out.push({ ...range, start });
  }
  while (next < newer.length) out.push(newer[next++] as MappedRange);
  return out;
}

export class PerfMapIndex {
  #ranges: MappedRange[] = [];

  get length(): number {
    return this.#ranges.length;
  }

  /** @param batch lines in the order of the file, all later than those added before */
  add(batch: readonly MappedRange[]): void {
    this.#ranges = overlay(this.#ranges, flatten(batch));
  }

  find(address: number): MappedRange | undefined {
    let low = 0;
    let high = this.#ranges.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#ranges[middle] as MappedRange).start <= address) low = middle + 1;
      else high = middle;
    }
    const range = this.#ranges[low - 1];
    return range !== undefined && address < range.end ? range : undefined;
  }
}
