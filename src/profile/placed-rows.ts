/**
 * The measured rows where they stand in a call tree. Those whose stack waits for its first names stand beside it, with the
 * weight that they have meanwhile.
 */
import { GrowingTree } from './call-tree.ts';
import { Placement } from './placement.ts';
import type { StackWeights } from './stack-weights.ts';
import type { ProfileTables } from './tables.ts';

/** What a sample adds to a row. */
export interface RowWeight {
  readonly row: number;
  readonly weightNs: number;
  readonly samples: number;
  /** Of the recent history. */
  readonly bucket: number;
}

export class PlacedRows {
  readonly tree: GrowingTree;
  readonly weights: StackWeights;
  #placement: Placement;
  /** Weight and samples of the rows that wait. */
  readonly #waiting = new Map<number, { weightNs: number; samples: number }>();

  constructor(tables: ProfileTables, weights: StackWeights, kernelCollapsed: boolean) {
    this.weights = weights;
    this.tree = new GrowingTree(tables.functions);
    this.#placement = new Placement(this.tree, tables, kernelCollapsed);
  }

  get placement(): Placement {
    return this.#placement;
  }

  /** Adds what came to a row, to its node and all above it. */
  add({ row, weightNs, samples, bucket }: RowWeight): void {
    const waiting = this.#waiting.get(row);
    if (waiting) {
      waiting.weightNs += weightNs;
      waiting.samples += samples;
      return;
    }
    const node = this.#placement.place(this.weights.stack.at(row), false);
    if (node === undefined) {
      this.#waiting.set(row, { weightNs, samples });
      return;
    }
    this.tree.addWeight(node, weightNs, samples);
    this.tree.addRecent(node, bucket, weightNs);
  }

  /** Adds all that a row has, to its node alone: `tree.sumUp` follows. @param force as `placeWaiting` */
  addWhole(row: number, force: boolean): void {
    const { stack, weightNs, samples, recent } = this.weights;
    const node = this.#placement.place(stack.at(row), force);
    if (node === undefined) this.#waiting.set(row, { weightNs: weightNs.at(row), samples: samples.at(row) });
    else this.tree.addOwn(node, weightNs.at(row), samples.at(row), recent, row);
  }

  /** Places rows whose names have come. @param force also those whose names have not, under their addresses */
  placeWaiting(force: boolean): void {
    for (const [row, waiting] of this.#waiting) {
      const node = this.#placement.place(this.weights.stack.at(row), force);
      if (node === undefined) continue;
      this.#waiting.delete(row);
      this.tree.addWeight(node, waiting.weightNs, waiting.samples);
      // All that this row has of recent history waited with it: a stack is placed once and for all.
      this.tree.addRecentFrom(node, this.weights.recent, row);
    }
  }

  /** Becomes what `other` is, which is not to be used any more; the tree stays the same object. */
  takeOver(other: PlacedRows): void {
    this.tree.takeOver(other.tree);
    this.#placement = other.#placement;
    this.#placement.moveTo(this.tree);
    this.#waiting.clear();
    for (const [row, waiting] of other.#waiting) this.#waiting.set(row, waiting);
  }
}
