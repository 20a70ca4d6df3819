/**
 * The measured truth, before any name or fold: weight, samples and recent history per (stack, thread, engine span).
 * Everything shown is derived from it and can be derived again. O(1) per sample; a row exists only where there were samples.
 */
import { Column, float64, int32, uint32 } from './column.ts';
import { History } from './history.ts';

const none = -1;
/** A power of two. */
const fewestSlots = 1024;

/** Odd constants of the golden ratio and of MurmurHash3's finalizer: ids that differ little land far apart. */
function hashOf(stack: number, thread: number): number {
  const mixed = Math.imul(stack, 0x9e3779b1) ^ Math.imul(thread, 0x85ebca6b);
  return (mixed ^ (mixed >>> 15)) >>> 0;
}

export class StackWeights {
  readonly stack = new Column(uint32);
  readonly thread = new Column(uint32);
  /** The start of an engine that the weight is from. */
  readonly span = new Column(uint32);
  readonly weightNs = new Column(float64);
  readonly samples = new Column(float64);
  readonly recent = new History();
  /** The row of the newest span, by stack and thread: a hash table with open addressing, row + 1 in each slot. */
  #slots = new Int32Array(fewestSlots);
  #used = 0;
  /** By row: that of the same stack and thread in the span before, or `none`. */
  readonly #older = new Column(int32);

  get length(): number {
    return this.stack.length;
  }

  /** Adds weight, as one sample or (`samples` 0) as the rest of one, and returns its row. */
  add(
    stack: number,
    thread: number,
    span: number,
    weightNs: number,
    samples: number,
    bucket: number,
  ): number {
    const row = this.#row(stack, thread, span);
    this.weightNs.add(row, weightNs);
    this.samples.add(row, samples);
    this.recent.add(row, bucket, weightNs);
    return row;
  }

  clear(): void {
    const { stack, thread, span, weightNs, samples } = this;
    for (const column of [stack, thread, span, weightNs, samples, this.#older]) column.length = 0;
    this.recent.clear();
    this.#slots = new Int32Array(fewestSlots);
    this.#used = 0;
  }

  #row(stack: number, thread: number, span: number): number {
    const slot = this.#slotOf(stack, thread);
    const newest = (this.#slots[slot] as number) - 1;
    if (newest !== none && this.span.at(newest) === span) return newest;
    // Newest first. At a switch a few rows of the old engine come late: a step or two.
    let [newer, at] = [none, newest];
    while (at !== none && this.span.at(at) > span) [newer, at] = [at, this.#older.at(at)];
    if (at !== none && this.span.at(at) === span) return at;
    const row = this.#append(stack, thread, span, at);
    if (newer !== none) this.#older.values[newer] = row;
    else {
      this.#slots[slot] = row + 1;
      if (newest === none && ++this.#used > this.#slots.length / 2) this.#grow();
    }
    return row;
  }

  /** Where the newest row of a stack and thread stands, or would stand. */
  #slotOf(stack: number, thread: number): number {
    const mask = this.#slots.length - 1;
    let slot = hashOf(stack, thread) & mask;
    for (;;) {
      const row = (this.#slots[slot] as number) - 1;
      if (row === none || (this.stack.at(row) === stack && this.thread.at(row) === thread)) return slot;
      slot = (slot + 1) & mask;
    }
  }

  #grow(): void {
    const old = this.#slots;
    this.#slots = new Int32Array(old.length * 2);
    for (const plusOne of old) {
      if (plusOne === 0) continue;
      this.#slots[this.#slotOf(this.stack.at(plusOne - 1), this.thread.at(plusOne - 1))] = plusOne;
    }
  }

  #append(stack: number, thread: number, span: number, older: number): number {
    this.thread.push(thread);
    this.span.push(span);
    this.weightNs.push(0);
    this.samples.push(0);
    this.recent.addRow();
    this.#older.push(older);
    return this.stack.push(stack);
  }
}
