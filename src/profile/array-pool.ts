/**
 * Memory of sums that nobody reads any more, for the next ones. Fresh memory costs more than the sums themselves: each of
 * its pages is a fault, and so much of it at once makes the collector hold up keys.
 */

/** What is given back beyond this is left to the collector. */
const mostFreeBytes = 96 * 2 ** 20;
/** Smaller ones are cheap to make. */
const leastBytes = 16 * 1024;

type Numbers = Float64Array | Int32Array | Uint32Array | Uint8Array;

export class ArrayPool {
  readonly #free = new Map<number, ArrayBuffer[]>();
  #freeBytes = 0;

  /** Waiting to be used again. */
  get freeBytes(): number {
    return this.#freeBytes;
  }

  readonly float64 = (length: number): Float64Array => new Float64Array(this.#take(length * 8), 0, length);
  readonly int32 = (length: number): Int32Array => new Int32Array(this.#take(length * 4), 0, length);
  readonly uint32 = (length: number): Uint32Array => new Uint32Array(this.#take(length * 4), 0, length);
  readonly uint8 = (length: number): Uint8Array => new Uint8Array(this.#take(length), 0, length);

  /** Takes back arrays of this pool: nobody may read or write them any more, nor give them back again. */
  giveBack(...arrays: readonly Numbers[]): void {
    for (const { buffer } of arrays) {
      const size = buffer.byteLength;
      if (size < leastBytes || this.#freeBytes + size > mostFreeBytes) continue;
      const same = this.#free.get(size);
      if (same === undefined) this.#free.set(size, [buffer as ArrayBuffer]);
      else same.push(buffer as ArrayBuffer);
      this.#freeBytes += size;
    }
  }

  /** All 0. */
  #take(bytes: number): ArrayBuffer {
    const size = sizeFor(bytes);
    const known = this.#free.get(size)?.pop();
    if (known === undefined) return new ArrayBuffer(size);
    this.#freeBytes -= size;
    new Float64Array(known).fill(0);
    return known;
  }
}

/** Rounded up to an eighth of a power of two: what has grown a little still fits into what it had. */
function sizeFor(bytes: number): number {
  const step = Math.max(8, 2 ** (Math.floor(Math.log2(Math.max(1, bytes))) - 3));
  return Math.ceil(bytes / step) * step;
}

/** One for all trees of the process. */
export const arrayPool = new ArrayPool();
