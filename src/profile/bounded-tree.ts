/**
 * The call tree with the weight of some threads, or of some time, only. Its nodes are those of the whole tree, so whatever
 * names a node means the same in both. Summed from the measured rows in slices; it says what the last whole pass found.
 */
import type { CallTree, Compared, NodeId } from './call-tree.ts';
import { ROOT } from './call-tree.ts';
import type { ProfileFunction } from './functions.ts';
import { bucketCount, shareDelta } from './history.ts';
import type { RowSelection } from './row-selection.ts';
import type { StackWeights } from './stack-weights.ts';

const nodesPerLook = 512;

export interface BoundedTreeSource {
  readonly tree: CallTree & { readonly nowBucket: number };
  readonly weights: StackWeights;
  /** The node of a stack, or undefined while it is not placed. */
  nodeOf(stack: number): NodeId | undefined;
}

/** What counts. */
export interface Bounds {
  /** Thread indexes; empty for all of them. */
  readonly threads: ReadonlySet<number>;
  /** What is shown as the name of the root. */
  readonly label: string;
  /** Asked for at the beginning of each pass. */
  rows(): RowSelection;
  /** What it is compared with, on the same nodes. */
  readonly compared?: {
    rows(): RowSelection;
    seconds(): Compared['seconds'];
  };
}

class Weights {
  readonly selfNs: Float64Array;
  readonly selfSamples: Float64Array;
  readonly totalNs: Float64Array;
  readonly samples: Float64Array;

  constructor(nodes: number) {
    this.selfNs = new Float64Array(nodes);
    this.selfSamples = new Float64Array(nodes);
    this.totalNs = new Float64Array(nodes);
    this.samples = new Float64Array(nodes);
  }

  addOwn(node: NodeId, weightNs: number, samples: number): void {
    this.selfNs[node] = (this.selfNs[node] ?? 0) + weightNs;
    this.selfSamples[node] = (this.selfSamples[node] ?? 0) + samples;
  }

  /** Children have larger ids than their parent, so going down in id a node is whole when it is its turn. */
  addToParent(node: NodeId, parent: NodeId): void {
    const totalNs = (this.totalNs[node] ?? 0) + (this.selfNs[node] ?? 0);
    const samples = (this.samples[node] ?? 0) + (this.selfSamples[node] ?? 0);
    this.totalNs[node] = totalNs;
    this.samples[node] = samples;
    if (parent < 0) return;
    this.totalNs[parent] = (this.totalNs[parent] ?? 0) + totalNs;
    this.samples[parent] = (this.samples[parent] ?? 0) + samples;
  }
}

/** What each thread spent in that time, whether it is one of those that count or not. */
interface ThreadWeights {
  totalNs: number;
  totalSamples: number;
  readonly weightNs: number[];
  readonly samples: number[];
}

interface Sums {
  readonly generation: number;
  readonly version: number;
  readonly nowBucket: number;
  readonly own: Weights;
  readonly compared: Weights | undefined;
  readonly threads: ThreadWeights;
  /** Recent history by node, only of nodes that have any: ending with `nowBucket`. */
  readonly recent: Map<NodeId, Float64Array>;
}

interface Pass {
  readonly sums: Sums;
  /** Still to be added. */
  readonly selections: { readonly rows: RowSelection; readonly to: Weights }[];
  /** Next row whose recent history is to be added, then next node to be added to its parent. */
  recentRow: number;
  readonly rows: number;
  node: NodeId;
}

export class BoundedTree implements CallTree {
  version = 0;
  readonly bounds: Bounds;
  readonly #source: BoundedTreeSource;
  #sums: Sums;
  #pass: Pass | undefined;
  readonly #rowBuckets = new Float64Array(bucketCount);
  readonly #rootBuckets = new Float64Array(bucketCount);

  constructor(source: BoundedTreeSource, bounds: Bounds) {
    this.#source = source;
    this.bounds = bounds;
    this.#sums = this.#emptySums(0);
  }

  get generation(): number {
    return this.#source.tree.generation;
  }

  get nodeCount(): number {
    return this.#source.tree.nodeCount;
  }

  get isCurrent(): boolean {
    const { version, generation } = this.#source.tree;
    return this.#pass === undefined && this.#sums.version === version && this.#sums.generation === generation;
  }

  /** Nothing is known of the nodes there are now. */
  get isOutdated(): boolean {
    return this.#sums.generation !== this.#source.tree.generation || this.#sums.version < 0;
  }

  get compared(): Compared | undefined {
    const { compared } = this.#current;
    if (compared === undefined) return undefined;
    return {
      seconds: this.bounds.compared?.seconds() ?? { now: 1, before: 1 },
      totalNs: (node) => compared.totalNs[node] ?? 0,
      selfNs: (node) => compared.selfNs[node] ?? 0,
    };
  }

  get threadWeights(): Readonly<ThreadWeights> {
    return this.#current.threads;
  }

  parentOf(node: NodeId): NodeId {
    return this.#source.tree.parentOf(node);
  }

  childrenOf(node: NodeId): readonly NodeId[] {
    return this.#source.tree.childrenOf(node);
  }

  depthOf(node: NodeId): number {
    return this.#source.tree.depthOf(node);
  }

  totalNs(node: NodeId): number {
    return this.#current.own.totalNs[node] ?? 0;
  }

  selfNs(node: NodeId): number {
    return this.#current.own.selfNs[node] ?? 0;
  }

  samplesOf(node: NodeId): number {
    return this.#current.own.samples[node] ?? 0;
  }

  selfSamplesOf(node: NodeId): number {
    return this.#current.own.selfSamples[node] ?? 0;
  }

  functionOf(node: NodeId): ProfileFunction {
    const func = this.#source.tree.functionOf(node);
    return node === ROOT ? { ...func, name: this.bounds.label } : func;
  }

  /** Of the threads that count, whatever part of the run is shown: the last 30 s are the same for all of them. */
  history(node: NodeId, out: Float64Array): void {
    if (this.bounds.threads.size === 0) {
      this.#source.tree.history(node, out);
      return;
    }
    const { recent, nowBucket } = this.#current;
    const known = recent.get(node);
    const age = this.#source.tree.nowBucket - nowBucket;
    for (let i = 0; i < bucketCount; i++) out[i] = known?.[i + age] ?? 0;
  }

  shareDelta(node: NodeId): number | undefined {
    this.history(node, this.#rowBuckets);
    this.history(ROOT, this.#rootBuckets);
    return shareDelta(this.#rowBuckets, this.#rootBuckets);
  }

  /** Works on a pass, and begins one when the whole tree has changed. @returns whether it is as new as it was then */
  step(isOver: () => boolean): boolean {
    if (this.isCurrent) return true;
    if (this.#pass?.sums.generation !== this.#source.tree.generation) this.#pass = undefined;
    this.#pass ??= this.#begin();
    const pass = this.#pass;
    if (!this.#addSelections(pass, isOver) || !this.#addRecents(pass, isOver)) return false;
    const { own, compared } = pass.sums;
    while (pass.node >= ROOT) {
      const end = Math.max(-1, pass.node - nodesPerLook);
      for (; pass.node > end; pass.node--) {
        const parent = this.#source.tree.parentOf(pass.node);
        own.addToParent(pass.node, parent);
        compared?.addToParent(pass.node, parent);
      }
      if (pass.node >= ROOT && isOver()) return false;
    }
    this.#sums = pass.sums;
    this.#pass = undefined;
    this.version++;
    return true;
  }

  /** Sums of nodes that were made anew since mean nothing. */
  get #current(): Sums {
    return this.#sums.generation === this.#source.tree.generation ? this.#sums : this.#emptySums(0);
  }

  #begin(): Pass {
    const { tree, weights } = this.#source;
    const sums = this.#emptySums(tree.nodeCount);
    const selections = [{ rows: this.bounds.rows(), to: sums.own }];
    const comparedRows = this.bounds.compared?.rows();
    if (comparedRows !== undefined && sums.compared !== undefined) {
      selections.push({ rows: comparedRows, to: sums.compared });
    }
    // Without a choice of threads the recent histories are those of the whole tree.
    const rows = this.bounds.threads.size === 0 ? 0 : weights.length;
    return { sums, selections, recentRow: 0, rows, node: tree.nodeCount - 1 };
  }

  #addSelections(pass: Pass, isOver: () => boolean): boolean {
    const { weights } = this.#source;
    for (let next = pass.selections[0]; next !== undefined; next = pass.selections[0]) {
      const { rows, to } = next;
      const isDone = rows.step((row, weightNs, samples) => {
        if (to === pass.sums.own) addThread(pass.sums.threads, weights.thread.at(row), weightNs, samples);
        const node = this.#nodeOf(row, to.selfNs.length);
        if (node !== undefined) to.addOwn(node, weightNs, samples);
      });
      if (isDone) pass.selections.shift();
      if (isOver()) return false;
    }
    return true;
  }

  #addRecents(pass: Pass, isOver: () => boolean): boolean {
    while (pass.recentRow < pass.rows) {
      const end = Math.min(pass.rows, pass.recentRow + nodesPerLook);
      for (; pass.recentRow < end; pass.recentRow++) this.#addRecent(pass.recentRow, pass.sums);
      if (isOver()) return false;
    }
    return true;
  }

  #addRecent(row: number, sums: Sums): void {
    const { weights, tree } = this.#source;
    const node = this.#nodeOf(row, sums.own.selfNs.length);
    if (node === undefined) return;
    weights.recent.read(row, sums.nowBucket, this.#rowBuckets);
    if (this.#rowBuckets.every((ns) => ns === 0)) return;
    for (let at = node; at >= ROOT; at = tree.parentOf(at)) {
      const recent = sums.recent.get(at);
      if (recent === undefined) sums.recent.set(at, this.#rowBuckets.slice());
      else for (let i = 0; i < bucketCount; i++) recent[i] = (recent[i] ?? 0) + (this.#rowBuckets[i] ?? 0);
    }
  }

  /** Where a row counts; undefined when it does not, or stands at a node that is newer than the pass. */
  #nodeOf(row: number, nodes: number): NodeId | undefined {
    const { weights } = this.#source;
    const { threads } = this.bounds;
    if (threads.size > 0 && !threads.has(weights.thread.at(row))) return undefined;
    const node = this.#source.nodeOf(weights.stack.at(row));
    return node === undefined || node >= nodes ? undefined : node;
  }

  #emptySums(nodes: number): Sums {
    const { tree } = this.#source;
    return {
      generation: tree.generation,
      version: nodes === 0 ? -1 : tree.version,
      nowBucket: tree.nowBucket,
      own: new Weights(nodes),
      compared: this.bounds.compared === undefined ? undefined : new Weights(nodes),
      threads: { totalNs: 0, totalSamples: 0, weightNs: [], samples: [] },
      recent: new Map(),
    };
  }
}

function addThread(sums: ThreadWeights, thread: number, weightNs: number, samples: number): void {
  sums.totalNs += weightNs;
  sums.totalSamples += samples;
  sums.weightNs[thread] = (sums.weightNs[thread] ?? 0) + weightNs;
  sums.samples[thread] = (sums.samples[thread] ?? 0) + samples;
}
