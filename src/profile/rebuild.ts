/**
 * The call tree built anew from the weights, since names or the fold have changed: in slices, while the tree that is shown
 * goes on to grow. What comes in meanwhile is taken too, so that it is whole when it takes the place of the other one.
 */
import { type NodeId, ROOT } from './call-tree.ts';
import { Column, int32 } from './column.ts';
import { PlacedRows, type RowWeight } from './placed-rows.ts';
import type { ProfileTables } from './tables.ts';

const rowsPerLook = 64;
const nodesPerLook = 1024;
const stacksPerLook = 4096;

export interface RebuildOptions {
  readonly kernelCollapsed: boolean;
  /** Rows whose names have not come are placed under their addresses. */
  readonly force: boolean;
}

export class Rebuild {
  readonly placed: PlacedRows;
  readonly kernelCollapsed: boolean;
  /** The names that the tree is built with, or newer ones. */
  readonly namesVersion: number;
  readonly #tables: ProfileTables;
  readonly #shown: PlacedRows;
  readonly #force: boolean;
  readonly #room: Generator<void>;
  /** The next row; all before it are in the tree. */
  #row = 0;
  #areRowsTaken = false;
  /** Going down, the next node to be added to its parent; undefined before all rows are taken. */
  #node: NodeId | undefined;
  #stack = 1;
  /** What came to rows that had been taken. */
  #late: RowWeight[] = [];
  /** By node of the shown tree its node in this one + 1. */
  readonly #successorPlusOne = new Column(int32);

  /** @param shown the rows as they are shown until this is done */
  constructor(tables: ProfileTables, shown: PlacedRows, { kernelCollapsed, force }: RebuildOptions) {
    this.#tables = tables;
    this.#shown = shown;
    this.#force = force;
    this.kernelCollapsed = kernelCollapsed;
    this.namesVersion = tables.namesVersion;
    this.placed = new PlacedRows(tables, shown.weights, kernelCollapsed);
    this.#room = this.#makeRoom(Math.ceil(shown.tree.nodeCount * 1.2));
  }

  /** Tells of a sample that has been added to the weights. */
  add(weight: RowWeight): void {
    if (this.#areRowsTaken || weight.row < this.#row) this.#late.push(weight);
  }

  /** @returns whether the tree is whole */
  step(isOver: () => boolean): boolean {
    while (this.#room.next().done !== true) if (isOver()) return false;
    return (
      this.#takeRows(isOver) && this.#sumUp(isOver) && this.#learnSuccessors(isOver) && this.#takeLate(isOver)
    );
  }

  /** Where a node of the tree that was shown is in this one; goes on to tell it when nothing else of this is kept. */
  get successors(): (node: NodeId) => NodeId | undefined {
    const successorPlusOne = this.#successorPlusOne;
    return (node) => {
      const plusOne = successorPlusOne.values[node] ?? 0;
      return plusOne === 0 ? undefined : plusOne - 1;
    };
  }

  *#makeRoom(nodes: number): Generator<void> {
    yield* this.placed.tree.reserve(nodes);
    yield;
    this.#successorPlusOne.reserve(nodes);
  }

  #takeRows(isOver: () => boolean): boolean {
    while (!this.#areRowsTaken) {
      const end = Math.min(this.placed.weights.length, this.#row + rowsPerLook);
      for (; this.#row < end; this.#row++) this.placed.addWhole(this.#row, this.#force);
      this.#areRowsTaken = this.#row === this.placed.weights.length;
      if (isOver()) return false;
    }
    return true;
  }

  #sumUp(isOver: () => boolean): boolean {
    const { tree } = this.placed;
    this.#node ??= tree.nodeCount - 1;
    while (this.#node > ROOT) {
      const end = Math.max(ROOT, this.#node - nodesPerLook);
      tree.sumUp(this.#node, end);
      this.#node = end;
      if (isOver()) return false;
    }
    return true;
  }

  #learnSuccessors(isOver: () => boolean): boolean {
    const { stacks } = this.#tables;
    while (this.#stack < stacks.length) {
      const end = Math.min(stacks.length, this.#stack + stacksPerLook);
      for (; this.#stack < end; this.#stack++) this.#learnSuccessor(this.#stack);
      if (isOver()) return false;
    }
    return true;
  }

  /** Of several stacks at one node the first one tells. @returns whether the node of the stack has a successor */
  #learnSuccessor(stack: number): boolean {
    const before = this.#shown.placement.nodeOf(stack);
    if (before === undefined) return false;
    if ((this.#successorPlusOne.values[before] ?? 0) > 0) return true;
    const node = this.placed.placement.nodeOf(stack);
    if (node === undefined) return false;
    this.#successorPlusOne.extend(before + 1)[before] = node + 1;
    return true;
  }

  #takeLate(isOver: () => boolean): boolean {
    for (let at = 0; at < this.#late.length; at++) {
      const weight = this.#late[at] as RowWeight;
      this.placed.add(weight);
      const { stack } = this.placed.weights;
      for (let on = stack.at(weight.row); on !== 0; on = this.#tables.stacks.parentOf(on)) {
        if (this.#learnSuccessor(on)) break;
      }
      if (at % rowsPerLook === rowsPerLook - 1 && isOver()) {
        this.#late = this.#late.slice(at + 1);
        return false;
      }
    }
    this.#late = [];
    return true;
  }
}
