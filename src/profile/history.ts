/**
 * Recent weight per row: 12 buckets of 2.5 s, so a sparkline of 30 s and a Δ of 10 s against the 10 s before.
 * Buckets are numbered from the session's start; a row remembers the newest bucket it holds, so time that
 * passes costs nothing until the row is touched or read.
 */
import { Column, float64, int32 } from './column.ts';

export const bucketCount = 12;
export const bucketNs = 2.5e9;
const deltaBuckets = 4;

export class History {
  readonly #weights = new Column(float64, 1024 * bucketCount);
  readonly #newest = new Column(int32);

  addRow(): void {
    this.#newest.push(0);
    this.#weights.length += bucketCount;
    this.#weights.reserve(this.#weights.length);
  }

  /** Adds weight to a bucket; one too old to be kept is dropped. */
  add(row: number, bucket: number, weightNs: number): void {
    this.#advance(row, bucket);
    if (bucket <= this.#newest.at(row) - bucketCount) return;
    this.#weights.add(row * bucketCount + (bucket % bucketCount), weightNs);
  }

  /** Adds all buckets of a row of `other` to a row of this one. */
  addFrom(row: number, other: History, otherRow: number): void {
    const newest = other.#newest.at(otherRow);
    for (let bucket = Math.max(0, newest - bucketCount + 1); bucket <= newest; bucket++) {
      const weightNs = other.#weights.at(otherRow * bucketCount + (bucket % bucketCount));
      if (weightNs !== 0) this.add(row, bucket, weightNs);
    }
  }

  /** Fills `out` (12 long) with the buckets up to `lastBucket`, oldest first. */
  read(row: number, lastBucket: number, out: Float64Array): void {
    const newest = this.#newest.at(row);
    for (let i = 0; i < bucketCount; i++) {
      const bucket = lastBucket - bucketCount + 1 + i;
      const isKept = bucket >= 0 && bucket <= newest && bucket > newest - bucketCount;
      out[i] = isKept ? this.#weights.at(row * bucketCount + (bucket % bucketCount)) : 0;
    }
  }

  clear(): void {
    this.#weights.values.fill(0);
    this.#weights.length = 0;
    this.#newest.length = 0;
  }

  #advance(row: number, bucket: number): void {
    const newest = this.#newest.at(row);
    if (bucket <= newest) return;
    const from = Math.max(newest + 1, bucket - bucketCount + 1);
    for (let gone = from; gone <= bucket; gone++) {
      this.#weights.values[row * bucketCount + (gone % bucketCount)] = 0;
    }
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
