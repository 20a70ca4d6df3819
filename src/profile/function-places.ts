/**
 * Where the functions of a tree stand: the nodes of each as a chain, and for each node the nearest one above it that is of
 * the same function. The shape alone tells, so all trees of the same nodes share it, whatever their weights and whichever
 * part of them is looked at. Learned in slices; what is known of a node never changes.
 */
import { arrayPool, clearInPieces } from './array-pool.ts';
import type { NodeId } from './call-tree.ts';
import { Column, int32 } from './column.ts';
import type { NodeShape } from './path-tree.ts';
import { runPieces } from './pieces.ts';

/** What grows; the arrays of the shape are replaced when it does. */
interface Paths {
  readonly shape: NodeShape;
  readonly length: number;
}

const nodesPerLook = 2048;

export class FunctionPlaces {
  readonly #paths: Paths;
  /** The newest node of a function + 1, by function id, and the one of the same function before it + 1, by node. */
  readonly #newestPlusOne = new Column(int32);
  readonly #beforePlusOne = new Column(arrayPool.unset.int32, 0);
  readonly #sameAbovePlusOne = new Column(arrayPool.unset.int32, 0);
  readonly #room: Generator<void>;
  /** Nodes whose `sameAbovePlusOne` is known. */
  #placed = 0;
  #walk: Walk | undefined;

  constructor(paths: Paths) {
    this.#paths = paths;
    this.#room = this.#makeRoom(Math.ceil(paths.length * 1.1) + 64);
  }

  /** Columns that double as they grow would copy all of it again and again. */
  *#makeRoom(nodes: number): Generator<void> {
    for (const column of [this.#beforePlusOne, this.#sameAbovePlusOne]) {
      column.reserve(nodes);
      // A walk writes here and there.
      yield* clearInPieces(column.values);
    }
  }

  /** Gives its memory to others: nobody asks it any more. */
  release(): void {
    arrayPool.giveBack(this.#beforePlusOne.values, this.#sameAbovePlusOne.values);
  }

  /** How many nodes are known. */
  get length(): number {
    return this.#beforePlusOne.length;
  }

  /** By node the nearest one above it that is of the same function + 1; 0 where there is none. */
  get sameAbovePlusOne(): Int32Array {
    return this.#sameAbovePlusOne.values;
  }

  /** Nodes of a function, newest first. */
  *nodesOf(functionId: number): Generator<NodeId> {
    for (let at = this.#newestPlusOne.values[functionId] ?? 0; at > 0; at = this.#beforePlusOne.at(at - 1))
      yield at - 1;
  }

  /** Learns of the nodes that are not known. @returns whether there is nothing left */
  learn(isOver: () => boolean): boolean {
    if (!runPieces(this.#room, isOver).isDone) return false;
    const { length } = this.#paths;
    // Of a few new nodes each looks up its own path, which would take too long for most of a deep tree.
    if (length - this.#placed > this.#placed) this.#walk ??= new Walk(length);
    if (this.#walk !== undefined) {
      const places = this.#sameAbovePlusOne.extend(this.#walk.end);
      if (!this.#walk.step(this.#paths.shape, places, isOver)) return false;
      this.#placed = this.#walk.end;
      this.#walk = undefined;
    }
    while (this.length < length) {
      const end = Math.min(length, this.length + nodesPerLook);
      this.#lookUp(end);
      this.#chain(end);
      if (this.length < length && isOver()) return false;
    }
    return true;
  }

  #lookUp(end: NodeId): void {
    const { parent, functionId } = this.#paths.shape;
    const places = this.#sameAbovePlusOne.extend(end);
    for (; this.#placed < end; this.#placed++) {
      const id = functionId[this.#placed];
      let at = parent[this.#placed] as number;
      while (at >= 0 && functionId[at] !== id) at = parent[at] as number;
      places[this.#placed] = at + 1;
    }
  }

  #chain(end: NodeId): void {
    const { functionId } = this.#paths.shape;
    const first = this.length;
    const before = this.#beforePlusOne.extend(end);
    for (let node = first; node < end; node++) {
      const id = functionId[node] as number;
      if (id >= this.#newestPlusOne.length) this.#newestPlusOne.extend(id + 1);
      before[node] = this.#newestPlusOne.at(id);
      this.#newestPlusOne.values[id] = node + 1;
    }
  }
}

/** Down and up again through the nodes there were at its beginning: on the way the nearest node of each function is known. */
class Walk {
  readonly end: number;
  #node: NodeId = 0;
  #isEntered = false;
  /** On the path to the node, + 1, by function id. */
  readonly #nearestPlusOne = new Column(int32);

  constructor(end: number) {
    this.end = end;
  }

  /** @param places filled in by node; @returns whether all of them are */
  step(shape: NodeShape, places: Int32Array, isOver: () => boolean): boolean {
    const { parent, functionId, newestChild, olderSibling } = shape;
    for (let looked = 1; this.#node >= 0; looked++) {
      const node = this.#node;
      const id = functionId[node] as number;
      if (!this.#isEntered) {
        this.#nearestPlusOne.extend(id + 1);
        places[node] = this.#nearestPlusOne.at(id);
        this.#nearestPlusOne.values[id] = node + 1;
        const child = this.#known(newestChild[node] as number, olderSibling);
        if (child > 0) this.#node = child;
        else this.#isEntered = true;
      } else {
        this.#nearestPlusOne.values[id] = places[node] as number;
        const sibling = olderSibling[node] as number;
        this.#isEntered = sibling === 0;
        this.#node = sibling > 0 ? sibling : (parent[node] as number);
      }
      if (looked % nodesPerLook === 0 && this.#node >= 0 && isOver()) return false;
    }
    return true;
  }

  /** The first one, from the newest to older ones, that was there at the beginning; 0 when there is none. */
  #known(newest: NodeId, olderSibling: Int32Array): NodeId {
    let at = newest;
    while (at >= this.end) at = olderSibling[at] as number;
    return at;
  }
}
