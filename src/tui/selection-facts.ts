/**
 * Facts about the selected node that need a walk over the whole profile: its threads and its callers. They are
 * worked out when the cursor rests, and again once a second, never at each key.
 */
import type { CallTree, NodeId } from '../profile/call-tree.ts';
import type { ThreadWeight } from '../profile/profile.ts';
import { countCallers } from './details.ts';
import type { TreeSource } from './tree-source.ts';

const restMs = 100;
const freshMs = 1000;

interface Facts {
  readonly tree: CallTree;
  readonly generation: number;
  readonly node: NodeId;
  readonly atMs: number;
  readonly threads: readonly ThreadWeight[];
  readonly callers: number | undefined;
}

export class SelectionFacts {
  readonly #source: TreeSource;
  readonly #onFacts: () => void;
  readonly #now: () => number;
  #facts: Facts | undefined;
  #timer: NodeJS.Timeout | undefined;
  #awaited: NodeId | undefined;

  constructor(source: TreeSource, onFacts: () => void, now: () => number) {
    this.#source = source;
    this.#onFacts = onFacts;
    this.#now = now;
  }

  /** What is known of `node` now; the rest follows with a call of `onFacts`. */
  of(node: NodeId): { readonly threads: readonly ThreadWeight[]; readonly callers: number | undefined } {
    const facts = this.#facts;
    const { tree } = this.#source;
    const isSame = facts?.node === node && facts.tree === tree && facts.generation === tree.generation;
    if (isSame && this.#now() - facts.atMs < freshMs) return facts;
    if (this.#awaited !== node) {
      this.close();
      this.#awaited = node;
      this.#timer = setTimeout(() => this.#work(node), restMs).unref();
    }
    return isSame ? facts : { threads: [], callers: undefined };
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#awaited = undefined;
  }

  #work(node: NodeId): void {
    this.#awaited = undefined;
    const { tree, profile } = this.#source;
    if (node >= tree.nodeCount) return;
    this.#facts = {
      tree,
      generation: tree.generation,
      node,
      atMs: this.#now(),
      threads: profile.threadsUnder(this.#source.livingNode(node)),
      callers: countCallers(tree, node),
    };
    this.#onFacts();
  }
}
