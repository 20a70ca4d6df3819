/**
 * Recent histories by node, of those nodes only that have any: sums of others, worked out anew in each pass. They lie in
 * pages: growing copies nothing, which would hold up a key.
 */
import { arrayPool } from './array-pool.ts';
import type { NodeId } from './call-tree.ts';
import { bucketCount } from './history.ts';

const pageBits = 9;
const pageRows = 2 ** pageBits;

export class RecentSums {
  /** Its row + 1; 0 while a node has nothing. */
  readonly #rowPlusOne: Int32Array;
  readonly #pages: Float64Array[] = [];
  #rows = 0;

  constructor(nodes: number) {
    this.#rowPlusOne = arrayPool.int32(nodes);
  }

  /** Gives its memory to the next sums: nobody reads these any more. */
  release(): void {
    arrayPool.giveBack(this.#rowPlusOne, ...this.#pages);
  }

  /** Adds `buckets`, or takes them away. */
  add(node: NodeId, buckets: Float64Array, sign: 1 | -1 = 1): void {
    const row = this.#rowOf(node);
    const values = this.#pageOf(row);
    const first = placeOf(row);
    for (let i = 0; i < bucketCount; i++) {
      values[first + i] = (values[first + i] as number) + sign * (buckets[i] as number);
    }
  }

  addAt(node: NodeId, bucket: number, ns: number): void {
    const row = this.#rowOf(node);
    const at = placeOf(row) + bucket;
    const values = this.#pageOf(row);
    values[at] = (values[at] as number) + ns;
  }

  /**
   * Adds what nodes have to what their parents have: from `first` down to `end`, which is left out. Children have larger
   * ids than their parent, so going down a node is whole when it is its turn.
   */
  addUp(parent: Int32Array, first: NodeId, end: NodeId): void {
    for (let node = first; node > end; node--) {
      const row = (this.#rowPlusOne[node] as number) - 1;
      if (row >= 0) this.#addRow(this.#rowOf(parent[node] as number), row);
    }
  }

  /** Fills `out`; @returns whether there is any weight */
  read(node: NodeId, out: Float64Array): boolean {
    const row = (this.#rowPlusOne[node] ?? 0) - 1;
    if (row < 0) {
      out.fill(0);
      return false;
    }
    const values = this.#pageOf(row);
    const first = placeOf(row);
    let isEmpty = true;
    for (let i = 0; i < bucketCount; i++) {
      // Differences of large sums leave less than a nanosecond where there is nothing.
      const ns = values[first + i] as number;
      out[i] = ns >= 1 ? ns : 0;
      if (ns >= 1) isEmpty = false;
    }
    return !isEmpty;
  }

  #addRow(to: number, from: number): void {
    const [values, source] = [this.#pageOf(to), this.#pageOf(from)];
    const [first, sourceFirst] = [placeOf(to), placeOf(from)];
    for (let i = 0; i < bucketCount; i++) {
      values[first + i] = (values[first + i] as number) + (source[sourceFirst + i] as number);
    }
  }

  #rowOf(node: NodeId): number {
    const known = this.#rowPlusOne[node] ?? 0;
    if (known > 0) return known - 1;
    const row = this.#rows++;
    if (row >> pageBits === this.#pages.length) this.#pages.push(arrayPool.float64(pageRows * bucketCount));
    this.#rowPlusOne[node] = row + 1;
    return row;
  }

  #pageOf(row: number): Float64Array {
    return this.#pages[row >> pageBits] as Float64Array;
  }
}

/** Where a row begins in its page. */
function placeOf(row: number): number {
  return (row & (pageRows - 1)) * bucketCount;
}
