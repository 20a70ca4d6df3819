/**
 * Where nodes are after those of the tree below were made anew, maybe more than once. Told at once, by going through all
 * the moves; written down node by node in slices, so that old moves need not be kept.
 */
import { type NodeId, ROOT } from '../profile/call-tree.ts';

const nodesPerLook = 2048;

type SuccessorOf = (node: NodeId) => NodeId;

export class MovedNodes {
  readonly #places: Int32Array;
  /** Not written down yet, the oldest first. */
  readonly #moves: SuccessorOf[] = [];
  /** Of nodes with smaller ids the oldest of these moves is written down. */
  #written: NodeId = 0;

  /** @param nodes how many there are, each where it is */
  constructor(nodes: number) {
    this.#places = new Int32Array(nodes);
    for (let node = 0; node < nodes; node++) this.#places[node] = node;
  }

  get length(): number {
    return this.#places.length;
  }

  /** Whether every move is written down. */
  get isSettled(): boolean {
    return this.#moves.length === 0;
  }

  /** Where a node is now; the root for one that is not known. */
  of(node: NodeId): NodeId {
    let at = this.#places[node];
    if (at === undefined) return ROOT;
    for (let move = node < this.#written ? 1 : 0; move < this.#moves.length; move++) {
      at = (this.#moves[move] as SuccessorOf)(at);
    }
    return at;
  }

  /** @param successorOf must go on to tell what it tells now */
  move(successorOf: SuccessorOf): void {
    this.#moves.push(successorOf);
  }

  /** Writes moves down. @returns whether all of them are */
  step(isOver: () => boolean): boolean {
    for (let move = this.#moves[0]; move !== undefined; move = this.#moves[0]) {
      const end = Math.min(this.length, this.#written + nodesPerLook);
      for (; this.#written < end; this.#written++) {
        this.#places[this.#written] = move(this.#places[this.#written] as NodeId);
      }
      if (this.#written === this.length) {
        this.#moves.shift();
        this.#written = 0;
      }
      if (isOver()) return this.isSettled;
    }
    return true;
  }
}
