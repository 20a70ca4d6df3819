/**
 * Which tree the view reads: the living one or, while paused, a frozen one; and where its nodes are when the
 * profile made them anew. One step of `follow` per tick, so no generation is missed.
 */
import { type CallTree, type NodeId, ROOT } from '../profile/call-tree.ts';
import type { Profile } from '../profile/profile.ts';
import { frozenFigures, livingFigures, type ThreadFigures } from '../profile/thread-figures.ts';
import type { ThreadTree } from '../profile/thread-tree.ts';
import { freezeTree } from './frozen-tree.ts';

export type SuccessorOf = (node: NodeId) => NodeId;

export class TreeSource {
  readonly #profileNow: () => Profile;
  #samplesAtPause = 0;
  #profile: Profile;
  #generation: number;
  #frozen: { readonly tree: CallTree; readonly samples: number; readonly threads: ThreadFigures } | undefined;
  #threadTree: ThreadTree | undefined;
  /** While paused: where each node of the frozen tree is in the living one. */
  #livingNode: Int32Array = new Int32Array(0);

  constructor(profileNow: () => Profile) {
    this.#profileNow = profileNow;
    this.#profile = profileNow();
    this.#generation = this.#profile.tree.generation;
  }

  get tree(): CallTree {
    return this.#frozen?.tree ?? this.#threadTree ?? this.#profile.tree;
  }

  /** The living tree of the chosen threads; undefined when all are shown. */
  get threadTree(): ThreadTree | undefined {
    return this.#threadTree;
  }

  threadFigures(): ThreadFigures {
    return this.#frozen?.threads ?? livingFigures(this.#profile);
  }

  /** Bounds the tree to some threads, by thread index; to all of them when there are none. Not while paused. */
  setThreads(threads: ReadonlySet<number>, label: string): void {
    this.#threadTree = threads.size === 0 ? undefined : this.#profile.threadTree(threads, label);
  }

  get profile(): Profile {
    return this.#profile;
  }

  /** Samples behind what is shown. */
  get samples(): number {
    return this.#frozen?.samples ?? this.#threadTree?.samplesOf(ROOT) ?? this.#profile.samples;
  }

  /** Samples that came since the pause. */
  get samplesSincePause(): number {
    return this.#frozen === undefined ? 0 : this.#profile.samples - this.#samplesAtPause;
  }

  /** A node of the tree shown, in the living tree. */
  livingNode(node: NodeId): NodeId {
    return this.#frozen === undefined ? node : (this.#livingNode[node] ?? ROOT);
  }

  /** @returns how shown nodes moved since the last call, undefined when they did not */
  follow(): SuccessorOf | undefined {
    const step = this.#step();
    if (step === undefined || this.#frozen === undefined) return step;
    this.#livingNode = this.#livingNode.map(step);
    return undefined;
  }

  pause(): void {
    const threads = frozenFigures(this.threadFigures());
    this.#frozen = { tree: freezeTree(this.tree), samples: this.samples, threads };
    this.#samplesAtPause = this.#profile.samples;
    const { tree } = this.#frozen;
    this.#livingNode = Int32Array.from({ length: tree.nodeCount }, (_, node) => node);
  }

  /** @returns where the nodes of the frozen tree are now */
  resume(): SuccessorOf {
    this.follow();
    const living = this.#livingNode;
    this.#frozen = undefined;
    return (node) => living[node] ?? ROOT;
  }

  #step(): SuccessorOf | undefined {
    const profile = this.#profileNow();
    const generations = profile.tree.generation - this.#generation;
    const isSameProfile = profile === this.#profile;
    this.#profile = profile;
    // Thread indexes are the session's: the choice holds in its next profile.
    if (!isSameProfile && this.#threadTree !== undefined) {
      this.setThreads(this.#threadTree.threads, this.#threadTree.label);
    }
    this.#generation = profile.tree.generation;
    if (isSameProfile && generations === 0) return undefined;
    // Successors are known for one generation back; over more than one there is no safe way but the root.
    return isSameProfile && generations === 1 ? (node) => profile.successorOf(node) : () => ROOT;
  }
}
