/**
 * Facts about the selected node that need a walk over the whole profile: its threads and its callers. They are
 * worked out in slices when the cursor rests, and again as often as that may be repeated, never at each key.
 */
import type { CallTree, NodeId } from '../profile/call-tree.ts';
import type { ThreadWeight } from '../profile/node-threads.ts';
import { SlicedWork } from './sliced-work.ts';
import type { TreeSource } from './tree-source.ts';

const restMs = 100;

interface Facts {
  readonly tree: CallTree;
  readonly generation: number;
  readonly node: NodeId;
  readonly threads: readonly ThreadWeight[];
  readonly callers: number | undefined;
}

export class SelectionFacts {
  readonly #source: TreeSource;
  readonly #slices: SlicedWork;
  #facts: Facts | undefined;
  #timer: NodeJS.Timeout | undefined;
  #awaited: NodeId | undefined;
  /** Where facts are being worked out. */
  #tree: CallTree | undefined;

  constructor(source: TreeSource, onFacts: () => void, now: () => number) {
    this.#source = source;
    this.#slices = new SlicedWork(now, onFacts, false);
  }

  /** What is known of `node` now; the rest follows with a call of `onFacts`. */
  of(node: NodeId): { readonly threads: readonly ThreadWeight[]; readonly callers: number | undefined } {
    const facts = this.#facts;
    const { tree } = this.#source;
    const isSame = facts?.node === node && facts.tree === tree && facts.generation === tree.generation;
    if (isSame && !this.#slices.isDue) return facts;
    if (this.#awaited !== node) {
      this.close();
      this.#awaited = node;
      this.#timer = setTimeout(() => this.#work(node), restMs).unref();
    }
    return isSame ? facts : { threads: [], callers: undefined };
  }

  /** Whether what a tree says is still asked for. */
  reads(tree: CallTree): boolean {
    return this.#tree === tree;
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#slices.stop();
    this.#awaited = undefined;
    this.#tree = undefined;
  }

  #work(node: NodeId): void {
    const { tree } = this.#source;
    if (node >= tree.nodeCount) {
      this.#awaited = undefined;
      return;
    }
    this.#tree = tree;
    const { generation } = tree;
    const threads = this.#source.nodeThreads(node);
    const callers = new CallerCount(tree, node);
    this.#slices.start((isOver) => {
      if (threads?.step(isOver) === false || !callers.step(isOver)) return false;
      this.#awaited = undefined;
      this.#tree = undefined;
      this.#facts = { tree, generation, node, threads: threads?.result ?? [], callers: callers.count };
      return true;
    });
  }
}

const nodesPerLook = 512;

/** Distinct functions that call the function of a node, in slices over all nodes. */
class CallerCount {
  readonly #tree: CallTree;
  readonly #function: number;
  readonly #callers = new Set<number>();
  #at = 1;

  constructor(tree: CallTree, node: NodeId) {
    this.#tree = tree;
    this.#function = tree.functionOf(node).id;
  }

  get count(): number {
    return this.#callers.size;
  }

  step(isOver: () => boolean): boolean {
    const tree = this.#tree;
    while (this.#at < tree.nodeCount) {
      const end = Math.min(tree.nodeCount, this.#at + nodesPerLook);
      for (; this.#at < end; this.#at++) {
        if (tree.functionOf(this.#at).id !== this.#function) continue;
        this.#callers.add(tree.functionOf(tree.parentOf(this.#at)).id);
      }
      if (this.#at < tree.nodeCount && isOver()) return false;
    }
    return true;
  }
}
