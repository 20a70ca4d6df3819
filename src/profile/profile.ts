/**
 * The profile: what capture delivered, named and folded into one call tree that is always up to date.
 * Names may come late: a stack waits a moment for its first names, and a changed name rebuilds the tree
 * from the weights, which are kept by stack and thread.
 */
import type { Batch, SampleColumns, Thread } from './batch.ts';
import { BoundedTree, type Bounds } from './bounded-tree.ts';
import { type CallTree, GrowingTree, type NodeId, ROOT } from './call-tree.ts';
import type { FrameTable } from './frame-table.ts';
import type { Frame, FrameName, Module, markedLabels } from './frames.ts';
import type { Functions, ProfileFunction } from './functions.ts';
import { bucketNs } from './history.ts';
import { type HotAddress, hotAddresses } from './hot-addresses.ts';
import { NodeThreads, type ThreadWeight } from './node-threads.ts';
import { Placement } from './placement.ts';
import { allRows, type Baseline, baselineRows, spanRows } from './row-selection.ts';
import { SampleLog } from './sample-log.ts';
import { StackWeights } from './stack-weights.ts';
import { ProfileTables } from './tables.ts';
import { ThreadTotals } from './thread-totals.ts';
import { secondsShown, type TimeSpan, wholeRun } from './time-span.ts';

/** Weight of one thread at one node: what files are written from. */
export interface PlacedStack {
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

/** CPU time that no sample carries, by its label. */
export type UnsampledLabel = typeof markedLabels.notSampled | typeof markedLabels.kernelNotSampled;

/** No version of the names: the tree is out of date whatever they are. */
const neverBuilt = -1;

export class Profile {
  readonly threadTotals = new ThreadTotals();
  samples = 0;
  weightNs = 0;
  /** When it was spent. */
  readonly log = new SampleLog();
  /** The newest second of the session's clock. */
  nowSecond = 0;
  readonly #tables: ProfileTables;
  readonly #tree: GrowingTree;
  readonly #weights = new StackWeights();
  readonly #placement: Placement;
  /** Samples whose stack waits for its first names: weight and count by row of `#weights`. */
  readonly #waiting = new Map<number, { weightNs: number; samples: number }>();
  readonly #unsampledNs = new Map<UnsampledLabel, number>();
  #baseline: Baseline | undefined;
  /** The second in which counting began. */
  #startSecond = 0;
  #namesVersion: number;
  #oldNodeSuccessors = new Map<NodeId, NodeId>();
  #oldParents: Int32Array = new Int32Array(0);

  constructor(tables = new ProfileTables()) {
    this.#tables = tables;
    this.#namesVersion = tables.namesVersion;
    this.#tree = new GrowingTree(tables.functions);
    this.#placement = new Placement(this.#tree, tables.functions, tables.frames, tables.stacks);
  }

  get modules(): readonly Module[] {
    return this.#tables.modules;
  }

  get threads(): readonly Thread[] {
    return this.#tables.threads;
  }

  get tree(): CallTree {
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

  get kernelCollapsed(): boolean {
    return this.#placement.kernelCollapsed;
  }

  /**
   * Takes a batch of capture: O(1) per sample.
   * @returns the new frames that want a name
   */
  add(batch: Batch): Frame[] {
    const unnamed = this.#tables.append(batch);
    this.addSamples(batch.samples);
    return unnamed;
  }

  /** Takes samples whose frames, stacks and threads are in the tables already. */
  addSamples(rows: SampleColumns): void {
    this.#addWeights(rows, (row, weight, samples, bucket) => this.#place(row, weight, samples, bucket));
  }

  /** The same for a file that is read as a whole: the tree is built at the next `settle`, once for all rows. */
  addUnplacedSamples(rows: SampleColumns): void {
    this.#addWeights(rows, () => {});
    this.#namesVersion = neverBuilt;
  }

  #addWeights(
    { timeNs, weightNs, thread, stack, samples: sampleCounts }: SampleColumns,
    place: (row: number, weightNs: number, samples: number, bucket: number) => void,
  ): void {
    for (let i = 0; i < stack.length; i++) {
      const weight = weightNs[i] as number;
      const samples = sampleCounts[i] as number;
      const bucket = Math.floor((timeNs[i] as number) / bucketNs);
      const row = this.#weights.add(stack[i] as number, thread[i] as number, weight, samples, bucket);
      this.log.add(row, timeNs[i] as number, weight, samples);
      this.nowSecond = Math.max(this.nowSecond, Math.floor((timeNs[i] as number) / 1e9));
      this.#tree.nowBucket = Math.max(this.#tree.nowBucket, bucket);
      this.threadTotals.add(thread[i] as number, weight, samples, bucket);
      place(row, weight, samples, bucket);
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

  /** Takes names; the tree follows at the next `settle`. */
  setNames(names: readonly FrameName[]): void {
    this.#tables.setNames(names);
  }

  /**
   * Brings the tree up to date with the names: places stacks that waited for them, rebuilds if a name changed.
   * @param force place stacks whose names have not come, under their addresses
   * @returns true when the generation changed
   */
  settle(force = false): boolean {
    if (this.#namesVersion !== this.#tables.namesVersion) {
      this.#namesVersion = this.#tables.namesVersion;
      this.#rebuild();
      return true;
    }
    for (const [row, waiting] of this.#waiting) {
      const node = this.#placement.place(this.#weights.stack.at(row), force);
      if (node === undefined) continue;
      this.#waiting.delete(row);
      this.#tree.addWeight(node, waiting.weightNs, waiting.samples);
      // All that this row has of recent history waited with it: a stack is placed once and for all.
      this.#tree.addRecentFrom(node, this.#weights.recent, row);
    }
    return false;
  }

  /** CPU time that no sample carries, shown as a child of the root; 0 leaves an existing node at 0. */
  setUnsampled(label: UnsampledLabel, ns: number): void {
    const before = this.#unsampledNs.get(label) ?? 0;
    if (ns === before) return;
    this.#addUnsampled(label, ns - before);
    this.#unsampledNs.set(label, ns);
  }

  setKernelCollapsed(on: boolean): void {
    if (on === this.#placement.kernelCollapsed) return;
    this.#placement.kernelCollapsed = on;
    this.#rebuild();
  }

  /** Forgets all weights; frames, names and threads stay. */
  reset(): void {
    this.#weights.clear();
    this.log.clear();
    this.#baseline = undefined;
    this.#startSecond = this.nowSecond;
    this.threadTotals.clear();
    this.#waiting.clear();
    this.#unsampledNs.clear();
    this.samples = 0;
    this.weightNs = 0;
    this.#rebuild();
  }

  /** Where a node of the previous generation is now, or its nearest ancestor that still is. */
  successorOf(node: NodeId): NodeId {
    for (let at = node; at > ROOT; at = this.#oldParents[at] ?? ROOT) {
      const successor = this.#oldNodeSuccessors.get(at);
      if (successor !== undefined) return successor;
    }
    return ROOT;
  }

  /** Weight of each thread at a node and below, heaviest first. Walks all stacks: for one node at a time. */
  threadsUnder(node: NodeId): readonly ThreadWeight[] {
    const work = this.nodeThreads(node);
    work.step(() => false);
    return work.result;
  }

  /**
   * The same in slices.
   * @param tree another tree that `node` is of; @param placeOf where a node of this profile's tree stands in it
   */
  nodeThreads(
    node: NodeId,
    tree: CallTree = this.#tree,
    placeOf: (node: NodeId) => NodeId | undefined = (at) => at,
  ): NodeThreads {
    const { generation } = this.#tree;
    const nodeOf = (stack: number) => {
      const at = this.#tree.generation === generation ? this.#placement.nodeOf(stack) : undefined;
      return at === undefined ? undefined : placeOf(at);
    };
    return new NodeThreads({ tree, weights: this.#weights, nodeOf }, this.threads, node);
  }

  /** Where within a function time is spent; threads by index, none for all. One pass over all stacks. */
  hotAddresses(func: ProfileFunction, threads: ReadonlySet<number>): readonly HotAddress[] {
    const { frames, stacks } = this.#tables;
    return hotAddresses(func, frames, stacks, this.#weights, threads);
  }

  /** The same nodes with the weight of some threads, or of a part of the run, only. */
  bounded({ threads, label, span = wholeRun, isDifference = false }: TreeBounds): BoundedTree {
    const nodeOf = (stack: number) => this.#placement.nodeOf(stack);
    const baseline = isDifference ? this.#baseline : undefined;
    const rows = () =>
      span.kind === 'all' ? allRows(this.#weights, baseline) : spanRows(this.log, span, this.nowSecond);
    const bounds: Bounds =
      baseline === undefined
        ? { threads, label, rows }
        : {
            threads,
            label,
            rows,
            compared: {
              rows: () => baselineRows(baseline),
              seconds: () => ({
                now: secondsShown(span, this.nowSecond, baseline.second),
                before: Math.max(1, baseline.second - this.#startSecond),
              }),
            },
          };
    return new BoundedTree({ tree: this.#tree, weights: this.#weights, nodeOf }, bounds);
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

  /** What all samples add up to by stack and thread, as samples of time 0: their own times are not kept. */
  rows(): SampleColumns {
    const { stack, thread, weightNs, samples, length } = this.#weights;
    return {
      timeNs: new Float64Array(length),
      weightNs: weightNs.values.slice(0, length),
      thread: thread.values.slice(0, length),
      stack: stack.values.slice(0, length),
      samples: Uint32Array.from(samples.values.subarray(0, length)),
    };
  }

  /** Shared with the profiles of other units. */
  get tables(): ProfileTables {
    return this.#tables;
  }

  /** Weight by thread and node, after `settle(true)` all of it; unsampled time is not a thread's. */
  *placedStacks(): Generator<PlacedStack> {
    for (let row = 0; row < this.#weights.length; row++) {
      const node = this.#placement.nodeOf(this.#weights.stack.at(row));
      if (node === undefined) continue;
      const thread = this.threads[this.#weights.thread.at(row)] as Thread;
      const { weightNs, samples } = this.#weights;
      yield { thread, node, weightNs: weightNs.at(row), samples: samples.at(row) };
    }
  }

  /** The nodes of time that no sample carries. */
  unsampled(): { readonly node: NodeId; readonly weightNs: number }[] {
    const nodes = [...this.#unsampledNodes().values()];
    return nodes
      .map((node) => ({ node, weightNs: this.#tree.selfNs(node) }))
      .filter(({ weightNs }) => weightNs > 0);
  }

  #place(row: number, weightNs: number, samples: number, bucket: number): void {
    const waiting = this.#waiting.get(row);
    if (waiting) {
      waiting.weightNs += weightNs;
      waiting.samples += samples;
      return;
    }
    const node = this.#placement.place(this.#weights.stack.at(row), false);
    if (node === undefined) {
      this.#waiting.set(row, { weightNs, samples });
      return;
    }
    this.#tree.addWeight(node, weightNs, samples);
    this.#tree.addRecent(node, bucket, weightNs);
  }

  #addUnsampled(label: UnsampledLabel, deltaNs: number): void {
    const id = this.#tables.functions.internMarked(label);
    this.#tree.addWeight(this.#tree.child(ROOT, id), deltaNs, 0);
  }

  #rebuild(): void {
    this.#oldParents = this.#copyParents();
    const oldNodeOf = this.#placement.restart();
    const oldUnsampled = this.#unsampledNodes();
    this.#tree.clear();
    this.#waiting.clear();
    for (let row = 0; row < this.#weights.length; row++) {
      const weightNs = this.#weights.weightNs.at(row);
      const samples = this.#weights.samples.at(row);
      const node = this.#placement.place(this.#weights.stack.at(row), false);
      if (node === undefined) {
        this.#waiting.set(row, { weightNs, samples });
        continue;
      }
      this.#tree.addOwn(node, weightNs, samples, this.#weights.recent, row);
    }
    this.#tree.sumUp();
    for (const [label, ns] of this.#unsampledNs) this.#addUnsampled(label, ns);
    this.#rememberSuccessors(oldNodeOf);
    for (const [label, node] of this.#unsampledNodes()) {
      const oldNode = oldUnsampled.get(label);
      if (oldNode !== undefined) this.#oldNodeSuccessors.set(oldNode, node);
    }
  }

  #unsampledNodes(): Map<string, NodeId> {
    const nodes = new Map<string, NodeId>();
    for (const child of this.#tree.childrenOf(ROOT)) {
      const { name } = this.#tree.functionOf(child);
      if (this.#unsampledNs.has(name as UnsampledLabel)) nodes.set(name, child);
    }
    return nodes;
  }

  #copyParents(): Int32Array {
    const parents = new Int32Array(this.#tree.nodeCount);
    for (let node = 0; node < parents.length; node++) parents[node] = this.#tree.parentOf(node);
    return parents;
  }

  #rememberSuccessors(oldNodeOf: (stack: number) => NodeId | undefined): void {
    this.#oldNodeSuccessors = new Map();
    for (let stack = 1; stack < this.#tables.stacks.length; stack++) {
      const oldNode = oldNodeOf(stack);
      const node = this.#placement.nodeOf(stack);
      if (oldNode === undefined || node === undefined || this.#oldNodeSuccessors.has(oldNode)) continue;
      this.#oldNodeSuccessors.set(oldNode, node);
    }
  }
}
