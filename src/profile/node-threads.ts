/**
 * Weight of each thread at one node and below, worked out over all measured rows in slices: what a long profile would
 * need tens of milliseconds for in one go.
 */
import type { Thread } from './batch.ts';
import type { CallTree, NodeId } from './call-tree.ts';
import { type CountedRows, countedNs } from './row-selection.ts';
import type { StackWeights } from './stack-weights.ts';

export interface ThreadWeight extends Thread {
  readonly weightNs: number;
}

const rowsPerLook = 256;

interface NodeThreadsSource {
  readonly tree: CallTree;
  readonly weights: StackWeights;
  readonly counted: CountedRows;
  /** Where the time of a stack stands in the tree, or undefined while it does not. */
  nodeOf(stack: number): NodeId | undefined;
}

export class NodeThreads {
  readonly #source: NodeThreadsSource;
  readonly #threads: readonly Thread[];
  readonly #node: NodeId;
  readonly #generation: number;
  readonly #rows: number;
  #row = 0;
  readonly #byThread = new Map<number, number>();

  constructor(source: NodeThreadsSource, threads: readonly Thread[], node: NodeId) {
    this.#source = source;
    this.#threads = threads;
    this.#node = node;
    this.#generation = source.tree.generation;
    this.#rows = source.weights.length;
  }

  /** @returns whether all rows have been looked at; nodes made anew meanwhile end it early */
  step(isOver: () => boolean): boolean {
    const { tree, weights, counted } = this.#source;
    const depth = tree.depthOf(this.#node);
    while (this.#row < this.#rows && tree.generation === this.#generation) {
      const end = Math.min(this.#rows, this.#row + rowsPerLook);
      for (; this.#row < end; this.#row++) {
        const weightNs = countedNs(weights, counted, this.#row);
        if (weightNs === 0) continue;
        let at = this.#source.nodeOf(weights.stack.at(this.#row));
        if (at === undefined) continue;
        while (tree.depthOf(at) > depth) at = tree.parentOf(at);
        if (at !== this.#node) continue;
        const thread = weights.thread.at(this.#row);
        this.#byThread.set(thread, (this.#byThread.get(thread) ?? 0) + weightNs);
      }
      if (this.#row < this.#rows && isOver()) return false;
    }
    return true;
  }

  /** Heaviest first. */
  get result(): readonly ThreadWeight[] {
    return [...this.#byThread]
      .map(([thread, weightNs]) => ({ ...(this.#threads[thread] as Thread), weightNs }))
      .sort((a, b) => b.weightNs - a.weightNs);
  }
}
