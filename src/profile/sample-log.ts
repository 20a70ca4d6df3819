/**
 * When time was spent: for each second of the run the weight of each measured row. Bounded: the oldest seconds are
 * forgotten, so that a long run keeps its memory; what they weigh together stays in the sums of the whole run.
 */
import { Column, float64, uint32 } from './column.ts';
import type { Seconds } from './time-span.ts';

/** Entries of 16 bytes. */
const mostEntries = 2 ** 20;
const mostSeconds = 3600;
/** Samples come this much out of order; for older seconds entries are no longer joined by row. */
const openSeconds = 3;

interface Second {
  readonly row: Column<Uint32Array>;
  readonly weightNs: Column<Float64Array>;
  readonly samples: Column<Uint32Array>;
  totalNs: number;
  entryOf: Map<number, number> | undefined;
}

export class SampleLog {
  readonly #mostEntries: number;
  #first = 0;
  /** By second from `#first` on; undefined where nothing was spent. */
  #seconds: (Second | undefined)[] = [];
  #entries = 0;

  constructor(most = mostEntries) {
    this.#mostEntries = most;
  }

  /** The oldest second that is remembered. */
  get first(): number {
    return this.#first;
  }

  /** Weight of a second; 0 when it is forgotten. */
  totalNs(second: number): number {
    return this.#seconds[second - this.#first]?.totalNs ?? 0;
  }

  add(row: number, timeNs: number, weightNs: number, samples: number): void {
    const second = Math.max(0, Math.floor(timeNs / 1e9));
    if (second < this.#first) return;
    const at = this.#second(second);
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
    while (this.#entries > this.#mostEntries && this.#seconds.length > 1) this.#forgetOldest();
  }

  /** What was spent in some seconds, in pieces of one second. */
  *pieces({ from, to }: Seconds): Generator<LogPiece> {
    for (let second = Math.max(from, this.#first); second < to; second++) {
      if (second - this.#first >= this.#seconds.length) return;
      const at = this.#seconds[second - this.#first];
      if (at !== undefined) yield { second, row: at.row, weightNs: at.weightNs, samples: at.samples };
    }
  }

  clear(): void {
    this.#first += Math.max(0, this.#seconds.length - 1);
    this.#seconds = [];
    this.#entries = 0;
  }

  #second(second: number): Second {
    while (this.#seconds.length <= second - this.#first) {
      const closed = this.#seconds[this.#seconds.length - openSeconds];
      if (closed !== undefined) closed.entryOf = undefined;
      this.#seconds.push(undefined);
      if (this.#seconds.length > mostSeconds) this.#forgetOldest();
    }
    const at = second - this.#first;
    const known = this.#seconds[at];
    if (known !== undefined) return known;
    const made: Second = {
      row: new Column(uint32, 32),
      weightNs: new Column(float64, 32),
      samples: new Column(uint32, 32),
      totalNs: 0,
      entryOf: new Map(),
    };
    this.#seconds[at] = made;
    return made;
  }

  #forgetOldest(): void {
    this.#entries -= this.#seconds.shift()?.row.length ?? 0;
    this.#first++;
  }
}

export interface LogPiece {
  readonly second: number;
  readonly row: Column<Uint32Array>;
  readonly weightNs: Column<Float64Array>;
  readonly samples: Column<Uint32Array>;
}
