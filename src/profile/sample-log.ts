/**
 * When time was spent: for each second of the run the weight of each measured row. Bounded: of a run that is captured the
 * oldest seconds are forgotten; of a recording, which is to be seen from end to end, seconds are joined instead, two by
 * two, as long as that saves memory. What is forgotten stays in the sums of the whole run.
 */
import { Column, float64, uint32 } from './column.ts';
import type { Seconds } from './time-span.ts';

/** Entries of 16 bytes. */
const mostEntries = 2 ** 20;
const mostSeconds = 3600;
/** Samples come this much out of order; for older seconds entries are no longer joined by row. */
const openSeconds = 3;

export interface LogLimits {
  readonly entries: number;
  readonly seconds: number;
  /** Rather than to forget the oldest seconds: time is kept less finely. */
  readonly joinsSeconds: boolean;
}

/** 64 MB, twelve days. */
export const replayLimits: LogLimits = { entries: 2 ** 22, seconds: 2 ** 20, joinsSeconds: true };
/** Joining that leaves more than this part of the entries is not worth its time. */
const leastJoined = 0.75;

interface Slot {
  readonly row: Column<Uint32Array>;
  readonly weightNs: Column<Float64Array>;
  readonly samples: Column<Uint32Array>;
  totalNs: number;
  entryOf: Map<number, number> | undefined;
}

export class SampleLog {
  readonly #limits: LogLimits;
  /** Seconds that are kept as one. */
  #step = 1;
  #joins: boolean;
  /** In steps. */
  #first = 0;
  /** By step from `#first` on; undefined where nothing was spent. */
  #slots: (Slot | undefined)[] = [];
  #entries = 0;

  constructor({
    entries = mostEntries,
    seconds = mostSeconds,
    joinsSeconds = false,
  }: Partial<LogLimits> = {}) {
    this.#limits = { entries, seconds, joinsSeconds };
    this.#joins = joinsSeconds;
  }

  /** The oldest second that is remembered. */
  get first(): number {
    return this.#first * this.#step;
  }

  /** How many seconds are kept as one. */
  get secondsPerStep(): number {
    return this.#step;
  }

  /** Weight of a second; 0 when it is forgotten. */
  totalNs(second: number): number {
    return (this.#slots[Math.floor(second / this.#step) - this.#first]?.totalNs ?? 0) / this.#step;
  }

  add(row: number, timeNs: number, weightNs: number, samples: number): void {
    const step = Math.max(0, Math.floor(timeNs / 1e9 / this.#step));
    if (step < this.#first) return;
    const at = this.#slot(step);
    at.totalNs += weightNs;
    const known = at.entryOf?.get(row);
    if (known !== undefined) {
      at.weightNs.add(known, weightNs);
      at.samples.add(known, samples);
      return;
    }
    const entry = at.row.push(row);
    at.weightNs.push(weightNs);
    at.samples.push(samples);
    at.entryOf?.set(row, entry);
    this.#entries++;
    if (this.#entries > this.#limits.entries) this.#makeRoom();
  }

  /** What was spent in some seconds, in pieces of one step: those that begin in them. */
  *pieces({ from, to }: Seconds): Generator<LogPiece> {
    for (let step = Math.max(Math.ceil(from / this.#step), this.#first); step * this.#step < to; step++) {
      if (step - this.#first >= this.#slots.length) return;
      const at = this.#slots[step - this.#first];
      if (at === undefined) continue;
      yield { second: step * this.#step, row: at.row, weightNs: at.weightNs, samples: at.samples };
    }
  }

  clear(): void {
    this.#first += Math.max(0, this.#slots.length - 1);
    this.#slots = [];
    this.#entries = 0;
  }

  #slot(step: number): Slot {
    this.#forgetBefore(step + 1 - this.#limits.seconds);
    while (this.#slots.length <= step - this.#first) {
      const closed = this.#slots[this.#slots.length - openSeconds];
      if (closed !== undefined) closed.entryOf = undefined;
      this.#slots.push(undefined);
    }
    const at = step - this.#first;
    const known = this.#slots[at];
    if (known !== undefined) return known;
    const made = newSlot();
    this.#slots[at] = made;
    return made;
  }

  #makeRoom(): void {
    const before = this.#entries;
    if (this.#joins) {
      this.#joinSeconds();
      this.#joins = this.#entries <= before * leastJoined;
    }
    let kept = this.#first;
    for (
      let entries = this.#entries;
      entries > this.#limits.entries && kept < this.#first + this.#slots.length - 1;
    ) {
      entries -= this.#slots[kept++ - this.#first]?.row.length ?? 0;
    }
    this.#forgetBefore(kept);
  }

  /** Twice as many seconds are one step. */
  #joinSeconds(): void {
    const joined: (Slot | undefined)[] = [];
    const first = Math.floor(this.#first / 2);
    this.#entries = 0;
    for (const [i, slot] of this.#slots.entries()) {
      if (slot === undefined) continue;
      const at = Math.floor((this.#first + i) / 2) - first;
      joined[at] ??= newSlot();
      addSlot(joined[at], slot);
    }
    // Without holes: those are slow to walk.
    this.#slots = Array.from(joined);
    for (const [i, slot] of this.#slots.entries()) {
      this.#entries += slot?.row.length ?? 0;
      if (slot !== undefined && i < this.#slots.length - openSeconds) slot.entryOf = undefined;
    }
    this.#first = first;
    this.#step *= 2;
  }

  /** @param step the oldest that is kept */
  #forgetBefore(step: number): void {
    if (step <= this.#first) return;
    for (const slot of this.#slots.splice(0, step - this.#first)) this.#entries -= slot?.row.length ?? 0;
    this.#first = step;
  }
}

function newSlot(): Slot {
  return {
    row: new Column(uint32, 8),
    weightNs: new Column(float64, 8),
    samples: new Column(uint32, 8),
    totalNs: 0,
    entryOf: new Map(),
  };
}

function addSlot(to: Slot, from: Slot): void {
  to.totalNs += from.totalNs;
  for (let i = 0; i < from.row.length; i++) {
    const row = from.row.at(i);
    let entry = to.entryOf?.get(row);
    if (entry === undefined) {
      entry = to.row.push(row);
      to.weightNs.push(0);
      to.samples.push(0);
      to.entryOf?.set(row, entry);
    }
    to.weightNs.add(entry, from.weightNs.at(i));
    to.samples.add(entry, from.samples.at(i));
  }
}

/** One step. */
export interface LogPiece {
  /** In which it begins. */
  readonly second: number;
  readonly row: Column<Uint32Array>;
  readonly weightNs: Column<Float64Array>;
  readonly samples: Column<Uint32Array>;
}
