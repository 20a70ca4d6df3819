/**
 * Recent histories that are sums over many places, remembered until the next refresh. Only so many places are read
 * between two refreshes: what is left over shows what it had, and is read first the next time it is asked for.
 */
import { bucketCount } from './history.ts';

const mostPlaces = 100_000;

interface Entry {
  readonly buckets: Float64Array;
  round: number;
}

export class HistoryCache {
  readonly #entries = new Map<number, Entry>();
  #round = 0;
  #room = mostPlaces;

  /** What has been read is to be read again. */
  refresh(): void {
    this.#round++;
    this.#room = mostPlaces;
  }

  /** @param sum adds the places of `key` to its argument and returns how many it read */
  read(key: number, sum: (out: Float64Array) => number): Float64Array {
    let entry = this.#entries.get(key);
    if (entry === undefined) {
      entry = { buckets: new Float64Array(bucketCount), round: -1 };
      this.#entries.set(key, entry);
    }
    if (entry.round === this.#round || this.#room <= 0) return entry.buckets;
    entry.round = this.#round;
    entry.buckets.fill(0);
    this.#room -= sum(entry.buckets);
    return entry.buckets;
  }
}
