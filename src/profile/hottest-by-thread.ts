/**
 * In which function each thread is most of its time, and from where that is called: worked out over all measured rows in
 * slices. Time in the kernel, and time that was waited, counts for the function that went there: what the kernel does
 * is one thing for all threads, and their state has a column of its own.
 */
import { type CallTree, type NodeId, ROOT } from './call-tree.ts';
import { markedLabels } from './frames.ts';
import type { ProfileFunction } from './functions.ts';
import { KeyedSums } from './keyed-sums.ts';
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
const keysPerLook = 2048;

export class HottestByThread {
  /** By thread index; whole once `step` has said so. */
  readonly result = new Map<number, Hottest>();
  readonly #source: HottestSource;
  readonly #generation: number;
  readonly #work: Generator<void>;
  /** Of one thread at a time. */
  readonly #byNode = new KeyedSums();
  readonly #byFunction = new KeyedSums();

  constructor(source: HottestSource) {
    this.#source = source;
    this.#generation = source.tree.generation;
    this.#work = this.#sumAll(source.weights.length);
  }

  /** @returns whether all rows have been looked at; nodes made anew meanwhile end it early */
  step(isOver: () => boolean): boolean {
    while (!this.isOutdated && this.#work.next().done !== true) if (isOver()) return false;
    return true;
  }

  /** Nodes were made anew: what has been summed means nothing. */
  get isOutdated(): boolean {
    return this.#source.tree.generation !== this.#generation;
  }

  /** Thread by thread, so that there is one set of sums however many threads there are. */
  *#sumAll(rows: number): Generator<void> {
    const { thread } = this.#source.weights;
    const first: number[] = [];
    /** By row the next one of the same thread; no row is followed by the first one of all, so 0 is the end. */
    const next = new Uint32Array(rows);
    for (let row = rows - 1; row >= 0; row--) {
      const of = thread.at(row);
      next[row] = first[of] ?? 0;
      first[of] = row;
      if (row % keysPerLook === 0) yield;
    }
    yield* this.#sum(allThreads, 0, (row) => (row + 1 < rows ? row + 1 : 0), rows);
    for (const [of, row] of first.entries()) {
      if (row !== undefined) yield* this.#sum(of, row, (at) => next[at] as number, rows);
    }
  }

  *#sum(thread: number, first: number, nextOf: (row: number) => number, rows: number): Generator<void> {
    if (rows === 0) return;
    let row = first;
    for (let looked = 1; ; looked++) {
      this.#add(row);
      row = nextOf(row);
      if (row === 0) break;
      if (looked % rowsPerLook === 0) yield;
    }
    yield* this.#findHottest(thread);
    this.#byNode.clear();
    this.#byFunction.clear();
    yield;
  }

  #add(row: number): void {
    const { weights, counted, nodeOf, tree } = this.#source;
    const weightNs = countedNs(weights, counted, row);
    const leaf = weightNs === 0 ? undefined : nodeOf(weights.stack.at(row));
    if (leaf === undefined) return;
    const node = this.#ownNode(leaf);
    this.#byNode.add(node, weightNs);
    this.#byFunction.add(tree.functionOf(node).id, weightNs);
  }

  /** The innermost node of the target's own code; the leaf where there is none. */
  #ownNode(leaf: NodeId): NodeId {
    const { tree } = this.#source;
    for (let at = leaf; at > ROOT; at = tree.parentOf(at)) if (isOwnCode(tree.functionOf(at))) return at;
    return leaf;
  }

  *#findHottest(thread: number): Generator<void> {
    const { tree } = this.#source;
    const [nodes, functions] = [this.#byNode, this.#byFunction];
    let allNs = 0;
    let hottest: number | undefined;
    for (const id of functions.keys) {
      const ns = functions.at(id);
      allNs += ns;
      if (hottest === undefined || ns > functions.at(hottest)) hottest = id;
    }
    if (hottest === undefined) return;
    yield;
    let place: NodeId | undefined;
    for (const [at, node] of nodes.keys.entries()) {
      const isHottest = place === undefined || nodes.at(node) > nodes.at(place);
      if (isHottest && tree.functionOf(node).id === hottest) place = node;
      if (at % keysPerLook === keysPerLook - 1) yield;
    }
    if (place === undefined) return;
    const parent = tree.parentOf(place);
    const caller = parent > ROOT ? tree.functionOf(parent).name : undefined;
    const { name } = tree.functionOf(place);
    this.result.set(thread, { name, caller, share: functions.at(hottest) / allNs });
  }
}

/** Marked nodes of the user part of a stack are the target's, though nobody knows their names. */
const ownMarks: readonly string[] = [markedLabels.jitNoSymbols, markedLabels.truncated];

function isOwnCode({ kind, name }: ProfileFunction): boolean {
  return kind === 'marked' ? ownMarks.includes(name) : kind !== 'kernel';
}
