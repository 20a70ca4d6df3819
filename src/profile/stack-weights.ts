/**
 * The measured truth, before any name or fold: weight, samples and recent history per (stack, thread).
 * Everything shown is derived from it and can be derived again. O(1) per sample.
 */
import { Column, float64, uint32 } from './column.ts';
import { History } from './history.ts';

export class StackWeights {
  readonly stack = new Column(uint32);
  readonly thread = new Column(uint32);
  readonly weightNs = new Column(float64);
  readonly samples = new Column(float64);
  readonly recent = new History();
  readonly #rowByKey = new Map<number, number>();

  get length(): number {
    return this.stack.length;
  }

  /** Adds weight, as one sample or (`samples` 0) as the rest of one, and returns its row. */
  add(stack: number, thread: number, weightNs: number, samples: number, bucket: number): number {
    const row = this.#row(stack, thread);
    this.weightNs.add(row, weightNs);
    this.samples.add(row, samples);
    this.recent.add(row, bucket, weightNs);
    return row;
  }

  clear(): void {
    for (const column of [this.stack, this.thread, this.weightNs, this.samples]) column.length = 0;
    this.recent.clear();
    this.#rowByKey.clear();
  }

  #row(stack: number, thread: number): number {
    // Thread indexes stay below 2^20 and stacks below 2^32, so the key is an exact integer.
    const key = stack * 2 ** 20 + thread;
    const known = this.#rowByKey.get(key);
    if (known !== undefined) return known;
    const row = this.stack.push(stack);
    this.thread.push(thread);
    this.weightNs.push(0);
    this.samples.push(0);
    this.recent.addRow();
    this.#rowByKey.set(key, row);
    return row;
  }
}
