/** What each thread weighs, by thread index: exact and always up to date, O(1) per sample. */
import { Column, float64 } from './column.ts';
import { bucketCount, bucketNs, History } from './history.ts';

export class ThreadTotals {
  readonly #weightNs = new Column(float64);
  readonly #samples = new Column(float64);
  readonly #recent = new History();

  /** Thread indexes below this may have weight. */
  get length(): number {
    return this.#weightNs.length;
  }

  add(thread: number, weightNs: number, samples: number, bucket: number): void {
    while (this.#weightNs.length <= thread) {
      this.#weightNs.push(0);
      this.#samples.push(0);
      this.#recent.addRow();
    }
    this.#weightNs.add(thread, weightNs);
    this.#samples.add(thread, samples);
    this.#recent.add(thread, bucket, weightNs);
  }

  weightNs(thread: number): number {
    return thread < this.length ? this.#weightNs.at(thread) : 0;
  }

  samples(thread: number): number {
    return thread < this.length ? this.#samples.at(thread) : 0;
  }

  /** Fills `out` (12 long) with the buckets up to `lastBucket`, oldest first. */
  history(thread: number, lastBucket: number, out: Float64Array): void {
    if (thread < this.length) this.#recent.read(thread, lastBucket, out);
    else out.fill(0);
  }

  /** Forgets all weight. */
  clear(): void {
    this.#weightNs.length = 0;
    this.#samples.length = 0;
    this.#recent.clear();
  }
}

/**
 * How many CPUs a thread used over the last whole buckets, up to four of them (10 s): the newest one is still filling.
 * @param buckets as `ThreadTotals.history` fills them; @param lastBucket the number of the newest one
 * @returns undefined before the first bucket is whole
 */
export function cpusUsed(buckets: Float64Array, lastBucket: number): number | undefined {
  const whole = Math.min(4, lastBucket);
  if (whole <= 0) return undefined;
  let ns = 0;
  for (let i = bucketCount - 1 - whole; i < bucketCount - 1; i++) ns += buckets[i] ?? 0;
  return ns / (whole * bucketNs);
}
