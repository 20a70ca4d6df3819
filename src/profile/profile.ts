/**
 * The profile: what capture delivered, named and folded into one call tree that is always up to date.
 * Names may come late: a stack waits a moment for its first names, and for a changed name the tree is built anew
 * from the weights, which are kept by stack and thread: at once, or in slices while the one before is shown.
 */
import type { Batch, SampleColumns, Thread } from './batch.ts';
import { BoundedTree } from './bounded-tree.ts';
import type { Bounds } from './bounds.ts';
import { type CallTree, type ColumnTree, type GrowingTree, type NodeId, ROOT } from './call-tree.ts';
import type { FrameTable } from './frame-table.ts';
import type { Frame, FrameName, Module, markedLabels } from './frames.ts';
import type { Functions, ProfileFunction } from './functions.ts';
import { bucketNs } from './history.ts';
import { type HotAddress, hotAddresses } from './hot-addresses.ts';
import { HottestByThread } from './hottest-by-thread.ts';
import { NodeThreads, type ThreadWeight } from './node-threads.ts';
import { PlacedRows, type RowWeight } from './placed-rows.ts';
import { Rebuild } from './rebuild.ts';
import {
  allRows,
  type Baseline,
  baselineRows,
  type CountedRows,
  countedNs,
  type RowSelection,
  spanRows,
} from './row-selection.ts';
import { SampleLog } from './sample-log.ts';
import { StackWeights } from './stack-weights.ts';
import { ProfileTables } from './tables.ts';
import { ThreadTotals } from './thread-totals.ts';
import { secondsBack, secondsBefore, secondsShown, type TimeSpan, wholeRun } from './time-span.ts';

/** Weight of one thread at one node in one engine span: what files are written from. */
export interface PlacedStack {
  /** The start of an engine, as `addSamples` was told. */
  readonly span: number;
  readonly thread: Thread;
  readonly node: NodeId;
  readonly weightNs: number;
  readonly samples: number;
}

/** Of which threads, or of which part of the run, a tree is to tell. */
export interface TreeBounds {
  /** Thread indexes; empty for all of them. */
  readonly threads: ReadonlySet<number>;
  /** The name of the root. */
  readonly label: string;
  readonly span?: TimeSpan;
  /** Compared with the baseline; of the whole run only what came since. */
  readonly isDifference?: boolean;
}

/** Which samples count where hot addresses are asked for. */
export interface HotScope extends CountedRows {
  /** By the node of the tree that a stack ends at; undefined when all count. */
  readonly isCounted?: ((node: NodeId) => boolean) | undefined;
}

/** CPU time that no sample carries, by its label. */
export type UnsampledLabel = typeof markedLabels.notSampled | typeof markedLabels.kernelNotSampled;

/** Where a node of the tree before is now. */
type SuccessorIfAny = (node: NodeId) => NodeId | undefined;

const everything: CountedRows = { threads: new Set() };

/** No version of the names: the tree is out of date whatever they are. */
const neverBuilt = -1;

export class Profile {
  readonly threadTotals = new ThreadTotals();
  samples = 0;
  weightNs = 0;
  /** When it was spent. */
  readonly log: SampleLog;
  /** The newest second of the session's clock. */
  nowSecond = 0;
  readonly #tables: ProfileTables;
  readonly #tree: GrowingTree;
  readonly #weights = new StackWeights();
  readonly #placed: PlacedRows;
  /** The tree that is to take its place; undefined while none is worked on. */
  #rebuild: Rebuild | undefined;
  #kernelAsked = false;
  readonly #unsampledNs = new Map<UnsampledLabel, number>();
  #baseline: Baseline | undefined;
  /** The second in which counting began. */
  #startSecond = 0;
  #namesVersion: number;
  #oldNodeSuccessor: SuccessorIfAny = () => undefined;
  #oldParents: Int32Array = new Int32Array(0);

  constructor(tables = new ProfileTables(), log = new SampleLog()) {
    this.#tables = tables;
    this.log = log;
    this.#namesVersion = tables.namesVersion;
    this.#placed = new PlacedRows(tables, this.#weights, false);
    this.#tree = this.#placed.tree;
  }

  get modules(): readonly Module[] {
    return this.#tables.modules;
  }

  get threads(): readonly Thread[] {
    return this.#tables.threads;
  }

  get tree(): ColumnTree {
    return this.#tree;
  }

  /** The newest bucket of the recent history. */
  get nowBucket(): number {
    return this.#tree.nowBucket;
  }

  get frames(): FrameTable {
    return this.#tables.frames;
  }

  /** What rows are called; transforms make functions of their own. */
  get functions(): Functions {
    return this.#tables.functions;
  }

  /** Whether the kernel part of each stack is one node in the tree as it is. */
  get kernelCollapsed(): boolean {
    return this.#placed.placement.kernelCollapsed;
  }

  /** Whether it is asked to be: the tree follows at the next `settle`, or with the last slice of `rebuild`. */
  get kernelAsked(): boolean {
    return this.#kernelAsked;
  }

  /** Names or the fold have changed since the tree was built. */
  get isOutdated(): boolean {
    return this.#namesVersion !== this.#tables.namesVersion || this.kernelCollapsed !== this.#kernelAsked;
  }

  /**
   * Takes a batch of capture, all of it of the first engine span: O(1) per sample.
   * @returns the new frames that want a name
   */
  add(batch: Batch): Frame[] {
    const unnamed = this.#tables.append(batch);
    this.addSamples(batch.samples);
    return unnamed;
  }

  /**
   * Takes samples whose frames, stacks and threads are in the tables already.
   * @param span the start of an engine that they are from
   */
  addSamples(rows: SampleColumns, span = 0): void {
    this.#addWeights(rows, span, (weight) => this.#placed.add(weight));
  }

  /** The same for a file that is read as a whole: the tree is built at the next `settle` or `rebuild`, once for all rows. */
  addUnplacedSamples(rows: SampleColumns, span = 0): void {
    this.#addWeights(rows, span, () => {});
    this.#namesVersion = neverBuilt;
  }

  #addWeights(
    { timeNs, weightNs, thread, stack, samples: sampleCounts }: SampleColumns,
    span: number,
    place: (weight: RowWeight) => void,
  ): void {
    for (let i = 0; i < stack.length; i++) {
      const weight = weightNs[i] as number;
      const samples = sampleCounts[i] as number;
      const bucket = Math.floor((timeNs[i] as number) / bucketNs);
      const row = this.#weights.add(stack[i] as number, thread[i] as number, span, weight, samples, bucket);
      this.log.add(row, timeNs[i] as number, weight, samples);
      this.nowSecond = Math.max(this.nowSecond, Math.floor((timeNs[i] as number) / 1e9));
      this.#tree.nowBucket = Math.max(this.#tree.nowBucket, bucket);
      this.threadTotals.add(thread[i] as number, weight, samples, bucket);
      const added = { row, weightNs: weight, samples, bucket };
      place(added);
      this.#rebuild?.add(added);
      this.weightNs += weight;
      this.samples += samples;
    }
  }

  /** Moves the clock of the recent history: rows that get no samples grow old. */
  setNow(nowNs: number): void {
    const bucket = Math.floor(nowNs / bucketNs);
    this.nowSecond = Math.max(this.nowSecond, Math.floor(nowNs / 1e9));
    if (bucket === this.#tree.nowBucket) return;
    this.#tree.nowBucket = bucket;
    this.#tree.version++;
  }

  /** Takes names; the tree follows at the next `settle`, or with the last slice of `rebuild`. */
  setNames(names: readonly FrameName[]): void {
    this.#tables.setNames(names);
  }

  /**
   * Brings the tree up to date with the names: places stacks that waited for them, rebuilds if a name changed.
   * @param force place stacks whose names have not come, under their addresses
   * @returns true when the generation changed
   */
  settle(force = false): boolean {
    const hasChanged = this.isOutdated;
    while (!this.rebuild(() => false, force));
    // What a rebuild could not place waits: for the next time, unless it is to be placed now.
    if (!hasChanged || force) this.placeWaiting(force);
    return hasChanged;
  }

  /** Places stacks that waited for their first names. @param force as `settle` */
  placeWaiting(force: boolean): void {
    this.#placed.placeWaiting(force);
  }

  /**
   * Works on a tree with the names and the fold of now; the one that is shown goes on to count meanwhile.
   * @param force as `settle`; asked when the work begins
   * @returns whether nothing is left to do: the generation has changed when the tree was out of date before
   */
  rebuild(isOver: () => boolean, force = false): boolean {
    if (!this.isOutdated) {
      this.#rebuild = undefined;
      return true;
    }
    if (this.#rebuild?.kernelCollapsed !== this.#kernelAsked) this.#rebuild = undefined;
    this.#rebuild ??= new Rebuild(this.#tables, this.#placed, { kernelCollapsed: this.#kernelAsked, force });
    if (!this.#rebuild.step(isOver)) return false;
    this.#exchange(this.#rebuild);
    return true;
  }

  /** CPU time that no sample carries, shown as a child of the root; 0 leaves an existing node at 0. */
  setUnsampled(label: UnsampledLabel, ns: number): void {
    const before = this.#unsampledNs.get(label) ?? 0;
    if (ns === before) return;
    this.#addUnsampled(label, ns - before);
    this.#unsampledNs.set(label, ns);
  }

  /** Asks for the kernel part of each stack as one node. */
  setKernelCollapsed(on: boolean): void {
    this.#kernelAsked = on;
  }

  /** Forgets all weights; frames, names and threads stay. */
  reset(): void {
    this.#weights.clear();
    this.log.clear();
    this.#baseline = undefined;
    this.#startSecond = this.nowSecond;
    this.threadTotals.clear();
    this.#unsampledNs.clear();
    this.samples = 0;
    this.weightNs = 0;
    this.#rebuild = undefined;
    this.#namesVersion = this.#tables.namesVersion;
    this.#placed.takeOver(new PlacedRows(this.#tables, this.#weights, this.#kernelAsked));
    this.#oldNodeSuccessor = () => undefined;
  }

  /** Where a node of the previous generation is now, or its nearest ancestor that still is. */
  successorOf(node: NodeId): NodeId {
    return this.successors(node);
  }

  /** The same as it is now: goes on to tell of these two generations when there are newer ones. */
  get successors(): (node: NodeId) => NodeId {
    const [parents, successorIfAny] = [this.#oldParents, this.#oldNodeSuccessor];
    return (node) => {
      for (let at = node; at > ROOT; at = parents[at] ?? ROOT) {
        const successor = successorIfAny(at);
        if (successor !== undefined) return successor;
      }
      return ROOT;
    };
  }

  /** Weight of each thread at a node and below, heaviest first. Walks all stacks: for one node at a time. */
  threadsUnder(node: NodeId): readonly ThreadWeight[] {
    const work = this.nodeThreads(node, everything);
    work.step(() => false);
    return work.result;
  }

  /**
   * The same in slices, of the rows that count.
   * @param tree another tree that `node` is of; @param placeOf where a node of this profile's tree stands in it
   */
  nodeThreads(
    node: NodeId,
    counted: CountedRows,
    tree: CallTree = this.#tree,
    placeOf: (node: NodeId) => NodeId | undefined = (at) => at,
  ): NodeThreads {
    const { generation } = this.#tree;
    const nodeOf = (stack: number) => {
      const at = this.#tree.generation === generation ? this.#placed.placement.nodeOf(stack) : undefined;
      return at === undefined ? undefined : placeOf(at);
    };
    return new NodeThreads({ tree, weights: this.#weights, counted, nodeOf }, this.threads, node);
  }

  /** Where within a function time is spent, of what counts. One pass over the measured rows, one over all stacks. */
  hotAddresses(func: ProfileFunction, scope: HotScope): readonly HotAddress[] {
    const { frames, stacks } = this.#tables;
    const { isCounted } = scope;
    const ownNs = new Float64Array(stacks.length);
    for (let row = 0; row < this.#weights.length; row++) {
      const weightNs = countedNs(this.#weights, scope, row);
      if (weightNs === 0) continue;
      const stack = this.#weights.stack.at(row);
      const node = isCounted === undefined ? undefined : this.#placed.placement.nodeOf(stack);
      if (isCounted !== undefined && (node === undefined || !isCounted(node))) continue;
      ownNs[stack] = (ownNs[stack] ?? 0) + weightNs;
    }
    return hotAddresses(func, frames, stacks, ownNs);
  }

  /** In which function each thread is hottest, of the rows that count; still to be worked out. */
  hottestByThread({ rowNs }: CountedRows): HottestByThread {
    const nodeOf = (stack: number) => this.#placed.placement.nodeOf(stack);
    // A choice of threads bounds the other views: the list has a row for each.
    const counted = { threads: new Set<number>(), rowNs };
    return new HottestByThread({ tree: this.#tree, weights: this.#weights, counted, nodeOf });
  }

  /** What each measured row weighs now. */
  copyRowNs(): Float64Array {
    return this.#weights.weightNs.values.slice(0, this.#weights.length);
  }

  #rows(span: TimeSpan, since?: Baseline): RowSelection {
    return span.kind === 'all' ? allRows(this.#weights, since) : spanRows(this.log, span, this.nowSecond);
  }

  /** The same nodes with the weight of some threads, or of a part of the run, only. */
  bounded({ threads, label, span = wholeRun, isDifference = false }: TreeBounds): BoundedTree {
    const nodeOf = (stack: number) => this.#placed.placement.nodeOf(stack);
    const baseline = isDifference ? this.#baseline : undefined;
    const rows = () => this.#rows(span, baseline);
    const compared =
      baseline !== undefined
        ? this.#withBaseline(baseline, span)
        : span.kind === 'all' || isDifference
          ? undefined
          : this.#withWindowBefore(span);
    const window = span.kind === 'fixed' ? span : undefined;
    const bounds = { threads, label, rows, window, ...(compared === undefined ? {} : { compared }) };
    return new BoundedTree({ tree: this.#tree, weights: this.#weights, nodeOf }, bounds);
  }

  #withBaseline(baseline: Baseline, span: TimeSpan): Bounds['compared'] {
    return {
      kind: 'baseline',
      rows: () => baselineRows(baseline),
      seconds: () => ({
        now: secondsShown(span, this.nowSecond, baseline.second),
        before: Math.max(1, baseline.second - this.#startSecond),
      }),
    };
  }

  #withWindowBefore(span: TimeSpan): Bounds['compared'] {
    return {
      kind: 'window before',
      rows: () => spanRows(this.log, span, this.nowSecond, secondsBack(span)),
      seconds: () => ({
        now: secondsShown(span, this.nowSecond, 0),
        before: secondsBefore(span, this.nowSecond, this.log.first),
      }),
    };
  }

  /** Remembers all weights as they are now, to be compared with later ones. */
  markBaseline(): void {
    const { weightNs, samples, length } = this.#weights;
    this.#baseline = {
      second: this.nowSecond,
      weightNs: weightNs.values.slice(0, length),
      samples: samples.values.slice(0, length),
    };
  }

  /** The second in which the baseline was marked; undefined when there is none. */
  get baselineSecond(): number | undefined {
    return this.#baseline?.second;
  }

  /** What all samples of each span add up to by stack and thread, as samples of time 0: their own times are not kept. */
  *rows(): Generator<{ readonly span: number; readonly rows: SampleColumns }> {
    const weights = this.#weights;
    const rowsOf = new Map<number, number[]>();
    for (let row = 0; row < weights.length; row++) {
      const span = weights.span.at(row);
      const known = rowsOf.get(span);
      if (known === undefined) rowsOf.set(span, [row]);
      else known.push(row);
    }
    for (const [span, chosen] of rowsOf) {
      const rows: SampleColumns = {
        timeNs: new Float64Array(chosen.length),
        weightNs: Float64Array.from(chosen, (row) => weights.weightNs.at(row)),
        thread: Uint32Array.from(chosen, (row) => weights.thread.at(row)),
        stack: Uint32Array.from(chosen, (row) => weights.stack.at(row)),
        samples: Uint32Array.from(chosen, (row) => weights.samples.at(row)),
      };
      yield { span, rows };
    }
  }

  /** Shared with the profiles of other units. */
  get tables(): ProfileTables {
    return this.#tables;
  }

  /** The same with the seconds in which it was spent, where all of them are remembered. */
  *timedRows(): Generator<SampleColumns> {
    const { stack, thread } = this.#weights;
    const isWhole = this.log.first === this.#startSecond || this.log.first === 0;
    if (!isWhole) {
      for (const { rows } of this.rows()) yield rows;
      return;
    }
    for (const { second, row, weightNs, samples } of this.log.pieces({ from: 0, to: this.nowSecond + 1 })) {
      const rows = row.values.subarray(0, row.length);
      yield {
        timeNs: new Float64Array(rows.length).fill(second * 1e9),
        weightNs: weightNs.values.slice(0, rows.length),
        thread: Uint32Array.from(rows, (each) => thread.at(each)),
        stack: Uint32Array.from(rows, (each) => stack.at(each)),
        samples: samples.values.slice(0, rows.length),
      };
    }
  }

  /** Weight by thread, node and engine span, after `settle(true)` all of it; unsampled time is not a thread's. */
  *placedStacks(): Generator<PlacedStack> {
    for (let row = 0; row < this.#weights.length; row++) {
      const node = this.#placed.placement.nodeOf(this.#weights.stack.at(row));
      if (node === undefined) continue;
      const thread = this.threads[this.#weights.thread.at(row)] as Thread;
      const { span, weightNs, samples } = this.#weights;
      yield { span: span.at(row), thread, node, weightNs: weightNs.at(row), samples: samples.at(row) };
    }
  }

  /** The nodes of time that no sample carries. */
  unsampled(): { readonly node: NodeId; readonly weightNs: number }[] {
    const nodes = [...this.#unsampledNodes().values()];
    return nodes
      .map((node) => ({ node, weightNs: this.#tree.selfNs(node) }))
      .filter(({ weightNs }) => weightNs > 0);
  }

  #addUnsampled(label: UnsampledLabel, deltaNs: number): void {
    const id = this.#tables.functions.internMarked(label);
    this.#tree.addWeight(this.#tree.child(ROOT, id), deltaNs, 0);
  }

  /** What was built takes the place of what was shown. */
  #exchange(rebuild: Rebuild): void {
    this.#rebuild = undefined;
    this.#namesVersion = rebuild.namesVersion;
    this.#oldParents = this.#tree.shape.parent;
    const oldUnsampled = this.#unsampledNodes();
    this.#placed.takeOver(rebuild.placed);
    for (const [label, ns] of this.#unsampledNs) this.#addUnsampled(label, ns);
    const unsampled = new Map<NodeId, NodeId>();
    for (const [label, node] of this.#unsampledNodes()) {
      const oldNode = oldUnsampled.get(label);
      if (oldNode !== undefined) unsampled.set(oldNode, node);
    }
    const { successors } = rebuild;
    this.#oldNodeSuccessor = (node) => unsampled.get(node) ?? successors(node);
  }

  #unsampledNodes(): Map<string, NodeId> {
    const nodes = new Map<string, NodeId>();
    for (const child of this.#tree.childrenOf(ROOT)) {
      const { name } = this.#tree.functionOf(child);
      if (this.#unsampledNs.has(name as UnsampledLabel)) nodes.set(name, child);
    }
    return nodes;
  }
}
