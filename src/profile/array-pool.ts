/**
 * Memory of sums that nobody reads any more, for the next ones. Fresh memory costs more than the sums themselves: each of
 * its pages is a fault, and so much of it at once makes the collector hold up keys.
 */

/** What is given back beyond this is left to the collector. */
const mostFreeBytes = 144 * 2 ** 20;
/** Smaller ones are cheap to make. */
const leastBytes = 16 * 1024;
/** Values of a piece: half a megabyte at most. */
const clearedAtOnce = 2 ** 16;
/** A free one may be so many times as large as what is asked for. */
const mostWaste = 2;

type Numbers = Float64Array | Int32Array | Uint32Array | Uint8Array;

export class ArrayPool {
  readonly #free = new Map<number, ArrayBuffer[]>();
  #freeBytes = 0;

  /** Waiting to be used again. */
  get freeBytes(): number {
    return this.#freeBytes;
  }

  readonly float64 = (length: number): Float64Array =>
    new Float64Array(this.#takeClear(length * 8), 0, length);
  readonly int32 = (length: number): Int32Array => new Int32Array(this.#takeClear(length * 4), 0, length);
  readonly uint8 = (length: number): Uint8Array => new Uint8Array(this.#takeClear(length), 0, length);

  /** For what is written before it is read: not all 0. Pages that are never written to cost nothing. */
  readonly unset = {
    float64: (length: number): Float64Array => new Float64Array(this.#take(length * 8), 0, length),
    int32: (length: number): Int32Array => new Int32Array(this.#take(length * 4), 0, length),
    uint32: (length: number): Uint32Array => new Uint32Array(this.#take(length * 4), 0, length),
    uint8: (length: number): Uint8Array => new Uint8Array(this.#take(length), 0, length),
  };

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

  #takeClear(bytes: number): ArrayBuffer {
    const known = this.#takeFree(sizeFor(bytes));
    if (known === undefined) return new ArrayBuffer(sizeFor(bytes));
    new Uint8Array(known, 0, bytes).fill(0);
    return known;
  }

  #take(bytes: number): ArrayBuffer {
    const size = sizeFor(bytes);
    return this.#takeFree(size) ?? new ArrayBuffer(size);
  }

  /** The smallest free one that is large enough; undefined when there is none of about that size. */
  #takeFree(size: number): ArrayBuffer | undefined {
    let best: number | undefined;
    for (const each of this.#free.keys()) {
      if (each >= size && each <= size * mostWaste && each < (best ?? Number.POSITIVE_INFINITY)) best = each;
    }
    if (best === undefined) return undefined;
    const buffers = this.#free.get(best) as ArrayBuffer[];
    if (buffers.length === 1) this.#free.delete(best);
    this.#freeBytes -= best;
    return buffers.pop();
  }
}

/**
 * Sets all of it to 0, in pieces. Of fresh memory each page costs a fault, so that what is to be written here and there is
 * brought in before.
 */
export function* clearInPieces(values: Numbers): Generator<void> {
  for (let at = 0; at < values.length; at += clearedAtOnce) {
    values.fill(0, at, at + clearedAtOnce);
    yield;
  }
}

/** Rounded up to an eighth of a power of two: what has grown a little still fits into what it had. */
function sizeFor(bytes: number): number {
  const step = Math.max(8, 2 ** (Math.floor(Math.log2(Math.max(1, bytes))) - 3));
  return Math.ceil(bytes / step) * step;
}

/** One for all trees of the process. */
export const arrayPool = new ArrayPool();
