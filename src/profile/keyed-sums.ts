/** Sums by key, for keys that are small numbers. A hash map of a hundred thousand keys would hold a key press up when it grows. */
import { Column, float64, int32, uint32 } from './column.ts';

export class KeyedSums {
  /** By key its place + 1; 0 where it has none. */
  readonly #placePlusOne = new Column(int32);
  readonly #keys = new Column(uint32);
  readonly #sums = new Column(float64);

  /** In order of first sight. */
  get keys(): Uint32Array {
    return this.#keys.values.subarray(0, this.#keys.length);
  }

  add(key: number, amount: number): void {
    const known = this.#placePlusOne.values[key] ?? 0;
    if (known > 0) {
      this.#sums.add(known - 1, amount);
      return;
    }
    this.#placePlusOne.extend(key + 1)[key] = this.#keys.push(key) + 1;
    this.#sums.push(amount);
  }

  /** 0 where nothing has been added. */
  at(key: number): number {
    const known = this.#placePlusOne.values[key] ?? 0;
    return known > 0 ? this.#sums.at(known - 1) : 0;
  }

  /** Forgets all sums; costs one step for each key there was. */
  clear(): void {
    for (const key of this.keys) this.#placePlusOne.values[key] = 0;
    this.#keys.length = 0;
    this.#sums.length = 0;
  }
}
