/**
 * Recent weight per row: 12 buckets of 2.5 s, so a sparkline of 30 s and a Δ of 10 s against the 10 s before.
 * Buckets are numbered from the session's start; a row remembers the newest bucket it holds, so time that
 * passes costs nothing until the row is touched or read. Rows lie in pages: growing copies nothing, and a copy shares
 * the pages until one is written to.
 */
import { Column, int32 } from './column.ts';

export const bucketCount = 12;
export const bucketNs = 2.5e9;
const deltaBuckets = 4;
/** Length of the time that `shareDelta` compares with the time before it. */
export const deltaSeconds = (deltaBuckets * bucketNs) / 1e9;
const pageBits = 10;
const pageRows = 2 ** pageBits;

export class History {
  /** Undefined where nothing was ever written. */
  #pages: (Float64Array | undefined)[] = [];
  /** Whether a page is this history's alone. */
  #isOwn: boolean[] = [];
  #newest = new Column(int32);

  addRow(): void {
    this.#newest.push(0);
  }

  /** Adds weight to a bucket; one too old to be kept is dropped. */
  add(row: number, bucket: number, weightNs: number): void {
    const page = this.#writable(row >> pageBits);
    const first = (row & (pageRows - 1)) * bucketCount;
    this.#advance(row, bucket, page, first);
    if (bucket <= this.#newest.at(row) - bucketCount) return;
    const at = first + (bucket % bucketCount);
    page[at] = (page[at] as number) + weightNs;
  }

  /** Adds all buckets of a row of `other` to a row of this one. */
  addFrom(row: number, other: History, otherRow: number): void {
    const page = other.#pages[otherRow >> pageBits];
    if (page === undefined) return;
    const first = (otherRow & (pageRows - 1)) * bucketCount;
    const newest = other.#newest.at(otherRow);
    for (let bucket = Math.max(0, newest - bucketCount + 1); bucket <= newest; bucket++) {
      const weightNs = page[first + (bucket % bucketCount)] as number;
      if (weightNs !== 0) this.add(row, bucket, weightNs);
    }
  }

  /**
   * Fills `out` (12 long) with the buckets up to `lastBucket`, oldest first.
   * @returns whether there is any weight
   */
  read(row: number, lastBucket: number, out: Float64Array): boolean {
    const page = this.#pages[row >> pageBits];
    const newest = this.#newest.at(row);
    if (page === undefined || newest <= lastBucket - bucketCount) {
      out.fill(0);
      return false;
    }
    const first = (row & (pageRows - 1)) * bucketCount;
    let sum = 0;
    for (let i = 0; i < bucketCount; i++) {
      const bucket = lastBucket - bucketCount + 1 + i;
      const isKept = bucket >= 0 && bucket <= newest && bucket > newest - bucketCount;
      const weightNs = isKept ? (page[first + (bucket % bucketCount)] as number) : 0;
      out[i] = weightNs;
      sum += weightNs;
    }
    return sum !== 0;
  }

  /** The same rows, which go their own way from now on. */
  copy(): History {
    const copy = new History();
    copy.#pages = this.#pages.slice();
    copy.#newest = this.#newest.copy();
    this.#isOwn = [];
    return copy;
  }

  clear(): void {
    this.#pages = [];
    this.#isOwn = [];
    this.#newest.length = 0;
  }

  #writable(at: number): Float64Array {
    const page = this.#pages[at];
    if (page !== undefined && this.#isOwn[at] === true) return page;
    const own = page?.slice() ?? new Float64Array(pageRows * bucketCount);
    this.#pages[at] = own;
    this.#isOwn[at] = true;
    return own;
  }

  #advance(row: number, bucket: number, page: Float64Array, first: number): void {
    const newest = this.#newest.at(row);
    if (bucket <= newest) return;
    const from = Math.max(newest + 1, bucket - bucketCount + 1);
    for (let gone = from; gone <= bucket; gone++) page[first + (gone % bucketCount)] = 0;
    this.#newest.values[row] = bucket;
  }
}

/** Share of the last 10 s minus share of the 10 s before, -1..1; undefined while either has no weight at all. */
export function shareDelta(row: Float64Array, root: Float64Array): number | undefined {
  const sum = (of: Float64Array, from: number): number => {
    let total = 0;
    for (let i = from; i < from + deltaBuckets; i++) total += of[i] as number;
    return total;
  };
  const now = bucketCount - deltaBuckets;
  const before = now - deltaBuckets;
  const rootNow = sum(root, now);
  const rootBefore = sum(root, before);
  if (rootNow <= 0 || rootBefore <= 0) return undefined;
  return sum(row, now) / rootNow - sum(row, before) / rootBefore;
}
