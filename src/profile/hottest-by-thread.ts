/**
 * In which function each thread is most of its time, and from where that is called: worked out over all measured rows in
 * slices. Time in the kernel, and time that was waited, counts for the function that went there: what the kernel does
 * is one thing for all threads, and their state has a column of its own.
 */
import { type CallTree, type NodeId, ROOT } from './call-tree.ts';
import { markedLabels } from './frames.ts';
import type { ProfileFunction } from './functions.ts';
import { type CountedRows, countedNs } from './row-selection.ts';
import type { StackWeights } from './stack-weights.ts';

export interface Hottest {
  readonly name: string;
  /** Of the place where the function is hottest; undefined where nothing calls it. */
  readonly caller: string | undefined;
  /** Of the thread's time, 0..1. */
  readonly share: number;
}

export interface HottestSource {
  readonly tree: CallTree;
  readonly weights: StackWeights;
  readonly counted: CountedRows;
  /** Where the time of a stack stands in the tree, or undefined while it does not. */
  nodeOf(stack: number): NodeId | undefined;
}

/** All threads together. */
export const allThreads = -1;

const rowsPerLook = 256;

export class HottestByThread {
  readonly #source: HottestSource;
  readonly #generation: number;
  readonly #rows: number;
  #row = 0;
  /** By thread, then by node: what it spent there. */
  readonly #nodes = new Map<number, Map<NodeId, number>>([[allThreads, new Map()]]);

  constructor(source: HottestSource) {
    this.#source = source;
    this.#generation = source.tree.generation;
    this.#rows = source.weights.length;
  }

  /** @returns whether all rows have been looked at; nodes made anew meanwhile end it early */
  step(isOver: () => boolean): boolean {
    while (this.#row < this.#rows && !this.isOutdated) {
      const end = Math.min(this.#rows, this.#row + rowsPerLook);
      for (; this.#row < end; this.#row++) this.#add(this.#row);
      if (this.#row < this.#rows && isOver()) return false;
    }
    return true;
  }

  /** Nodes were made anew: what has been summed means nothing. */
  get isOutdated(): boolean {
    return this.#source.tree.generation !== this.#generation;
  }

  /** By thread index. */
  get result(): ReadonlyMap<number, Hottest> {
    const result = new Map<number, Hottest>();
    for (const [thread, nodes] of this.#nodes) {
      const hottest = this.#hottestOf(nodes);
      if (hottest !== undefined) result.set(thread, hottest);
    }
    return result;
  }

  #add(row: number): void {
    const { weights, counted, nodeOf } = this.#source;
    const weightNs = countedNs(weights, counted, row);
    const leaf = weightNs === 0 ? undefined : nodeOf(weights.stack.at(row));
    if (leaf === undefined) return;
    const node = this.#ownNode(leaf);
    for (const thread of [allThreads, weights.thread.at(row)]) {
      const nodes = this.#nodes.get(thread) ?? new Map<NodeId, number>();
      nodes.set(node, (nodes.get(node) ?? 0) + weightNs);
      this.#nodes.set(thread, nodes);
    }
  }

  /** The innermost node of the target's own code; the leaf where there is none. */
  #ownNode(leaf: NodeId): NodeId {
    const { tree } = this.#source;
    for (let at = leaf; at > ROOT; at = tree.parentOf(at)) if (isOwnCode(tree.functionOf(at))) return at;
    return leaf;
  }

  #hottestOf(nodes: ReadonlyMap<NodeId, number>): Hottest | undefined {
    const { tree } = this.#source;
    const byFunction = new Map<number, { ns: number; node: NodeId; nodeNs: number }>();
    let allNs = 0;
    for (const [node, ns] of nodes) {
      allNs += ns;
      const { id } = tree.functionOf(node);
      const known = byFunction.get(id) ?? { ns: 0, node, nodeNs: 0 };
      known.ns += ns;
      if (ns > known.nodeNs) [known.node, known.nodeNs] = [node, ns];
      byFunction.set(id, known);
    }
    let hottest: { ns: number; node: NodeId } | undefined;
    for (const each of byFunction.values()) {
      if (hottest === undefined || each.ns > hottest.ns) hottest = each;
    }
    if (hottest === undefined) return undefined;
    const { name } = tree.functionOf(hottest.node);
    const parent = tree.parentOf(hottest.node);
    const caller = parent > ROOT ? tree.functionOf(parent).name : undefined;
    return { name, caller, share: hottest.ns / allNs };
  }
}

/** Marked nodes of the user part of a stack are the target's, though nobody knows their names. */
const ownMarks: readonly string[] = [markedLabels.jitNoSymbols, markedLabels.truncated];

function isOwnCode({ kind, name }: ProfileFunction): boolean {
  return kind === 'marked' ? ownMarks.includes(name) : kind !== 'kernel';
}
