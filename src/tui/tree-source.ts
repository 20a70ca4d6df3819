/**
 * Which tree the view reads: the living one or, while paused, a frozen one, through the user's transforms; and where
 * its nodes are when the profile made them anew. One step of `follow` per tick, so no generation is missed.
 */

import type { BoundedTree } from '../profile/bounded-tree.ts';
import { type CallTree, type ColumnTree, type NodeId, ROOT } from '../profile/call-tree.ts';
import type { NodeThreads } from '../profile/node-threads.ts';
import type { HotScope, Profile, TreeBounds } from '../profile/profile.ts';
import type { CountedRows } from '../profile/row-selection.ts';
import {
  boundedFigures,
  frozenFigures,
  livingFigures,
  type ThreadFigures,
} from '../profile/thread-figures.ts';
import { wholeRun } from '../profile/time-span.ts';
import type { Transform } from '../profile/transform.ts';
import { DroppedTrees } from './dropped-trees.ts';
import { type FrozenTree, freezeTree } from './frozen-tree.ts';
import { MovedNodes } from './moved-nodes.ts';
import { type SuccessorOf, TransformedSource, unmoved } from './transformed-source.ts';

export class TreeSource {
  readonly #profileNow: () => Profile;
  #samplesAtPause: number | undefined;
  #profile: Profile;
  #generation: number;
  #frozen:
    | {
        readonly profile: Profile;
        readonly tree: FrozenTree;
        readonly samples: number;
        readonly threads: ThreadFigures;
        readonly counted: CountedRows;
      }
    | undefined;
  #bounds: TreeBounds = { threads: new Set(), label: '' };
  /** The living tree within the bounds; undefined while there are none. */
  #bounded: BoundedTree | undefined;
  /** The one within other bounds that is still to be worked out. */
  #nextBounded: BoundedTree | undefined;
  readonly #dropped = new DroppedTrees<BoundedTree | FrozenTree>();
  readonly #transformed = new TransformedSource();
  /** While paused: where each node of the frozen tree is in the living one. */
  #living = new MovedNodes(0);

  constructor(profileNow: () => Profile) {
    this.#profileNow = profileNow;
    this.#profile = profileNow();
    this.#generation = this.#profile.tree.generation;
  }

  get tree(): ColumnTree {
    return this.#transformed.shown ?? this.base;
  }

  /** What transforms are applied to. */
  get base(): ColumnTree {
    return this.#frozen?.tree ?? this.#bounded ?? this.#profile.tree;
  }

  /** The share of time that the transforms leave, 0..1. */
  get keptShare(): number {
    return this.#transformed.shown?.keptShare ?? 1;
  }

  /** Whether a tree with other transforms, or of other nodes, is still to be worked out. */
  get isTransforming(): boolean {
    return this.#transformed.isTransforming;
  }

  /** Whether the transformed tree says less than the tree below it. */
  get hasNews(): boolean {
    return this.#transformed.shown?.isCurrent === false;
  }

  /**
   * Asks for other transforms: the tree shown stays until `transform` has worked them out.
   * @returns how shown nodes moved, when that is known at once
   */
  setTransforms(transforms: readonly Transform[]): SuccessorOf | undefined {
    return this.#transformed.want(transforms, this.base, this.#profile.functions);
  }

  /** Works on the transformed tree. @returns whether it is done */
  transform(isOver: () => boolean): boolean {
    return this.#transformed.step(isOver);
  }

  /** Whether recent histories say less than the weights. */
  get hasHistoryNews(): boolean {
    return this.#bounded?.isHistoryCurrent === false || this.#transformed.shown?.isHistoryCurrent === false;
  }

  /** Works on recent histories, which follow the weights. @returns whether they are done */
  stepHistory(isOver: () => boolean): boolean {
    // Those of the transformed tree are made of those of the bounded one.
    if (this.#bounded?.stepHistory(isOver) === false) return false;
    return this.#transformed.shown?.stepHistory(isOver) ?? true;
  }

  /** Shows the tree that has been worked out. @returns how shown nodes moved, undefined when there is none */
  showTransformed(): SuccessorOf | undefined {
    return this.#transformed.show();
  }

  threadFigures(): ThreadFigures {
    if (this.#frozen !== undefined) return this.#frozen.threads;
    const living = livingFigures(this.#profile);
    const isPart = this.#bounds.span !== undefined && this.#bounds.span.kind !== 'all';
    return this.#bounded !== undefined && isPart
      ? boundedFigures(this.#bounded, living, this.#profile.nowSecond)
      : living;
  }

  /** Asks for the tree of some threads or of some time, of all when there are no such bounds. Not while frozen. */
  setBounds(bounds: TreeBounds): void {
    this.#bounds = bounds;
    this.#dropped.add(this.#nextBounded);
    this.#nextBounded = isBounded(bounds) ? this.#profile.bounded(bounds) : undefined;
    if (this.#nextBounded !== undefined) return;
    this.#dropped.add(this.#bounded);
    this.#bounded = undefined;
    this.#transformed.rebase(this.base);
  }

  /** Gives the memory of trees that are shown no more to others. @param isRead whether somebody still reads one */
  releaseDropped(isRead: (tree: ColumnTree) => boolean): void {
    this.#transformed.releaseDropped(isRead);
    this.#dropped.release((tree) => isRead(tree) || this.#transformed.reads(tree));
  }

  /** Whether the bounded tree has to be worked out: other bounds are asked for, or its nodes were made anew. */
  get isBounding(): boolean {
    return this.#nextBounded !== undefined || this.#bounded?.isOutdated === true;
  }

  /** Whether the bounded tree says less than the whole one. */
  get hasBoundedNews(): boolean {
    return (this.#nextBounded ?? this.#bounded)?.isCurrent === false;
  }

  /** Works on the bounded tree, and shows it once it is done. @returns whether it is */
  bound(isOver: () => boolean): boolean {
    const working = this.#nextBounded ?? this.#bounded;
    if (working?.step(isOver) === false) return false;
    if (this.#nextBounded !== undefined) {
      this.#dropped.add(this.#bounded);
      this.#bounded = this.#nextBounded;
      this.#nextBounded = undefined;
      if (this.#frozen === undefined) this.#transformed.rebase(this.#bounded);
    }
    return true;
  }

  get profile(): Profile {
    return this.#profile;
  }

  /** Samples behind what is shown. */
  get samples(): number {
    if (this.#transformed.shown !== undefined) return this.#transformed.shown.samplesOf(ROOT);
    return this.#frozen?.samples ?? this.#bounded?.samplesOf(ROOT) ?? this.#profile.samples;
  }

  /** Samples that came since the pause. */
  get samplesSincePause(): number {
    return this.#samplesAtPause === undefined ? 0 : this.#profile.samples - this.#samplesAtPause;
  }

  /** What each thread spends at a node of the tree shown and below; undefined when it cannot be known. */
  nodeThreads(node: NodeId): NodeThreads | undefined {
    const { shown } = this.#transformed;
    const { counted } = this;
    if (!this.isOfNow) return undefined;
    if (shown === undefined) return this.#profile.nodeThreads(this.#livingNodeOf(node), counted);
    if (shown.generation !== this.#profile.tree.generation) return undefined;
    return this.#profile.nodeThreads(node, counted, shown, (living) => shown.ownPlaceOf(living));
  }

  /** Whether what is shown is of the session's profile: a frozen view may be of the one of another unit. */
  get isOfNow(): boolean {
    return (this.#frozen?.profile ?? this.#profile) === this.#profile;
  }

  /** Which measured rows are behind what is shown. */
  get counted(): CountedRows {
    if (this.#frozen !== undefined) return this.#frozen.counted;
    const bounded = this.#bounded;
    return { threads: bounded?.bounds.threads ?? new Set(), rowNs: bounded?.rowNs };
  }

  /** The same object while what is shown grows at most: another one where it is of other time, other threads, or frozen. */
  get basis(): object {
    return this.#frozen ?? this.#bounded ?? this.#profile;
  }

  /** What counts of what is shown, at `base` and below. */
  scopeOf(base: NodeId): HotScope {
    // Rows of one profile say nothing of those of another.
    if (!this.isOfNow) return { threads: new Set(), rowNs: new Float64Array(0) };
    return { ...this.counted, isCounted: this.#countsWithin(base) };
  }

  /**
   * Which nodes of the living tree count where only the subtree of a node of the tree shown is meant.
   * @returns undefined when all of them do
   */
  #countsWithin(base: NodeId): ((living: NodeId) => boolean) | undefined {
    const { shown } = this.#transformed;
    if (base === ROOT && shown === undefined) return undefined;
    const { tree } = this;
    const frozenPlusOne = this.#frozen && this.#frozenByLiving();
    const isWithin = withinSubtree(tree, base);
    return (living) => {
      const own = frozenPlusOne === undefined ? living : (frozenPlusOne[living] ?? 0) - 1;
      if (own < 0) return false;
      const place = shown === undefined ? own : shown.ownPlaceOf(own);
      return place !== undefined && place < tree.nodeCount && isWithin(place);
    };
  }

  /** By node of the living tree that of the frozen one + 1; 0 where there is none. */
  #frozenByLiving(): Int32Array {
    const plusOne = new Int32Array(this.#profile.tree.nodeCount);
    for (let node = 0; node < this.#living.length; node++) plusOne[this.#living.of(node)] = node + 1;
    return plusOne;
  }

  /** @returns how shown nodes moved since the last call, undefined when they did not */
  follow(): SuccessorOf | undefined {
    const step = this.#step();
    if (step === undefined) return undefined;
    if (this.#frozen === undefined) return this.#move(step);
    this.#living.move(step);
    return undefined;
  }

  /** Whether moves of the nodes below a frozen tree are still to be written down. */
  get hasMoves(): boolean {
    return !this.#living.isSettled;
  }

  /** Writes them down. @returns whether that is done */
  writeMoves(isOver: () => boolean): boolean {
    return this.#living.step(isOver);
  }

  /** Counts samples as those since a pause, though what is shown need not be frozen: a fixed time stands still. */
  hold(): void {
    this.#samplesAtPause ??= this.#profile.samples;
  }

  pause(): void {
    const threads = frozenFigures(this.threadFigures());
    const tree = freezeTree(this.base, this.#profile.functions);
    const { threads: only, rowNs = this.#profile.copyRowNs() } = this.counted;
    const counted = { threads: only, rowNs };
    this.#frozen = { profile: this.#profile, tree, samples: tree.samplesOf(ROOT), threads, counted };
    this.hold();
    this.#living = new MovedNodes(tree.nodeCount);
    this.#transformed.rebase(tree);
  }

  /** @returns how shown nodes moved */
  resume(): SuccessorOf {
    this.#samplesAtPause = undefined;
    return this.thaw();
  }

  /** Shows the living tree again, though the view goes on to count the samples since its pause. */
  thaw(): SuccessorOf {
    this.follow();
    if (this.#frozen === undefined) return unmoved;
    const frozen = this.#frozen;
    const living = this.#living;
    this.#frozen = undefined;
    this.#dropped.add(frozen.tree);
    const successorOf = (node: NodeId) => living.of(node);
    const isSame = frozen.profile === this.#profile && frozen.tree.generation === this.base.generation;
    if (!isSame) return this.#move(successorOf) ?? unmoved;
    this.#transformed.rebase(this.base);
    return unmoved;
  }

  /** The nodes below the transforms were made anew. @returns how shown nodes moved */
  #move(step: SuccessorOf): SuccessorOf | undefined {
    if (this.#transformed.isActive) this.#transformed.move(step, this.base, this.#profile.functions);
    return this.#transformed.shown === undefined ? step : undefined;
  }

  #livingNodeOf(node: NodeId): NodeId {
    return this.#frozen === undefined ? node : this.#living.of(node);
  }

  #step(): SuccessorOf | undefined {
    const profile = this.#profileNow();
    const generations = profile.tree.generation - this.#generation;
    const isSameProfile = profile === this.#profile;
    this.#profile = profile;
    // Thread indexes and seconds are the session's: the bounds hold in its next profile.
    if (!isSameProfile && isBounded(this.#bounds)) {
      this.#bounded = profile.bounded(this.#bounds);
      this.#nextBounded = undefined;
    }
    this.#generation = profile.tree.generation;
    if (isSameProfile && generations === 0) return undefined;
    // Successors are known for one generation back; over more than one there is no safe way but the root.
    return isSameProfile && generations === 1 ? profile.successors : () => ROOT;
  }
}

/** Whether a node is in the subtree of `base`; each answer is remembered for the nodes on the way up. */
function withinSubtree(tree: CallTree, base: NodeId): (node: NodeId) => boolean {
  const known = new Map<NodeId, boolean>([
    [ROOT, base === ROOT],
    [base, true],
  ]);
  return (node) => {
    const path: NodeId[] = [];
    let at = node;
    for (; !known.has(at); at = tree.parentOf(at)) path.push(at);
    const isWithin = known.get(at) ?? false;
    for (const each of path) known.set(each, isWithin);
    return isWithin;
  };
}

function isBounded({ threads, span = wholeRun, isDifference = false }: TreeBounds): boolean {
  return threads.size > 0 || span.kind !== 'all' || isDifference;
}
