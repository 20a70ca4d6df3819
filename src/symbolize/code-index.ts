/**
 * Code that was made at run time, by address: ranges that do not overlap, since later code wins over what it covers;
 * and what it covered, for the samples that were taken before. Holds where a name stands in its file, not the name.
 * Pure; the files are followed by perf-map-file.ts and jitdump-file.ts.
 */

/** Code range, and where its line or record begins in the file; later code lies later in the file. */
export interface CodeRange {
  readonly start: number;
  readonly end: number;
  readonly line: number;
  /** Since when it may have stood there, at the latest (CLOCK_MONOTONIC). */
  readonly fromMs: number;
}

/** Told of each part of older code that newer code covers. */
type OnCut = (start: number, end: number, older: CodeRange, newer: CodeRange) => void;

/** Resolves overlaps within one batch. Most ranges overlap no other: only clusters that do are merged. */
function flatten(batch: readonly CodeRange[], onCut: OnCut): CodeRange[] {
  const sorted = batch.filter(({ start, end }) => end > start).sort((a, b) => a.start - b.start);
  const out: CodeRange[] = [];
  for (let first = 0, after = 0; first < sorted.length; first = after) {
    let { end } = sorted[first] as CodeRange;
    for (after = first + 1; after < sorted.length && (sorted[after] as CodeRange).start < end; after++) {
      end = Math.max(end, (sorted[after] as CodeRange).end);
    }
    if (after === first + 1) out.push(sorted[first] as CodeRange);
    else for (const range of flattenCluster(sorted.slice(first, after), onCut)) out.push(range);
  }
  return out;
}

/** Overlays pairs of neighbours in the order of the file, then pairs of pairs: n log n, whatever the overlaps. */
function flattenCluster(cluster: readonly CodeRange[], onCut: OnCut): CodeRange[] {
  let pieces = [...cluster].sort((a, b) => a.line - b.line).map((range) => [range]);
  while (pieces.length > 1) {
    const merged: CodeRange[][] = [];
    for (let i = 0; i < pieces.length; i += 2) {
      const newer = pieces[i + 1];
      merged.push(
        newer === undefined ? (pieces[i] as CodeRange[]) : overlay(pieces[i] as CodeRange[], newer, onCut),
      );
    }
    pieces = merged;
  }
  return pieces[0] ?? [];
}

/** Both sorted and without overlaps; what `newer` covers is cut out of `older`. Linear. */
function overlay(older: readonly CodeRange[], newer: readonly CodeRange[], onCut: OnCut): CodeRange[] {
  const out: CodeRange[] = [];
  let next = 0;
  for (const range of older) {
    let { start } = range;
    while (next < newer.length && (newer[next] as CodeRange).end <= start)
      out.push(newer[next++] as CodeRange);
    for (; next < newer.length && (newer[next] as CodeRange).start < range.end; next++) {
      const cut = newer[next] as CodeRange;
      if (cut.start > start) out.push({ ...range, start, end: cut.start });
      onCut(Math.max(start, cut.start), Math.min(range.end, cut.end), range, cut);
      start = Math.max(start, cut.end);
      if (cut.end > range.end) break;
      out.push(cut);
    }
    if (start === range.start) out.push(range);
    else if (start < range.end) out.push({ ...range, start });
  }
  while (next < newer.length) out.push(newer[next++] as CodeRange);
  return out;
}

export class CodeIndex {
  #ranges: CodeRange[] = [];

  get length(): number {
    return this.#ranges.length;
  }

  /** @param batch in the order of the file, all later than those added before */
  add(batch: readonly CodeRange[], onCut: OnCut = () => {}): void {
    if (batch.length > 0) this.#ranges = overlay(this.#ranges, flatten(batch, onCut), onCut);
  }

  find(address: number): CodeRange | undefined {
    let low = 0;
    let high = this.#ranges.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#ranges[middle] as CodeRange).start <= address) low = middle + 1;
      else high = middle;
    }
    const range = this.#ranges[low - 1];
    return range !== undefined && address < range.end ? range : undefined;
  }
}
