/**
 * Recent histories that are sums over many places, remembered until the next refresh. Only so many places are read for
 * one frame: what is left over shows what it had until the next one. What nobody asked for between two refreshes is
 * forgotten.
 */
import { bucketCount } from './history.ts';

/** A few milliseconds' worth: no key is answered while a frame is drawn. */
const mostPlaces = 16_384;

interface Entry {
  readonly buckets: Float64Array;
  /** The round in which its places were read. */
  round: number;
  asked: number;
}

export class HistoryCache {
  readonly #entries = new Map<number, Entry>();
  #round = 0;
  #room = mostPlaces;

  get size(): number {
    return this.#entries.size;
  }

  /** What has been read is to be read again. */
  refresh(): void {
    for (const [key, { asked }] of this.#entries) if (asked !== this.#round) this.#entries.delete(key);
    this.#round++;
    this.beginFrame();
  }

  /** What was left over can be read now. */
  beginFrame(): void {
    this.#room = mostPlaces;
  }

  /** The keys mean something else from now on. */
  clear(): void {
    this.#entries.clear();
  }

  /** @param sum adds the places of `key` to its argument and returns how many it read */
  read(key: number, sum: (out: Float64Array) => number): Float64Array {
    let entry = this.#entries.get(key);
    if (entry === undefined) {
      entry = { buckets: new Float64Array(bucketCount), round: -1, asked: this.#round };
      this.#entries.set(key, entry);
    }
    entry.asked = this.#round;
    if (entry.round === this.#round || this.#room <= 0) return entry.buckets;
    entry.round = this.#round;
    entry.buckets.fill(0);
    this.#room -= sum(entry.buckets);
    return entry.buckets;
  }
}
