/**
 * The top-down call tree: nodes in columns, a parent before its children. Weights go up to the root as they come,
 * so reading a row never walks a subtree.
 */
import { Column, float64 } from './column.ts';
import type { FunctionPlaces } from './function-places.ts';
import type { Functions, ProfileFunction } from './functions.ts';
import { bucketCount, History, shareDelta } from './history.ts';
import { type NodeShape, PathTree } from './path-tree.ts';

export type NodeId = number;
export const ROOT: NodeId = 0;

/** Other weights of the same nodes: of an earlier time. Ask the tree again in each slice of work. */
export interface Compared {
  /** A marked baseline: what is shown is the difference; or the window before the one shown: only the change is. */
  readonly kind: 'baseline' | 'window before';
  /** How long each was measured. */
  readonly seconds: { readonly now: number; readonly before: number };
  totalNs(node: NodeId): number;
  selfNs(node: NodeId): number;
}

/** What a reader of the tree may do with it. */
export interface CallTree {
  /** Grows with every change of weight, name or shape. */
  readonly version: number;
  /** Grows when nodes were made anew: node ids of an older generation mean nothing (see Profile.successorOf). */
  readonly generation: number;
  readonly nodeCount: number;
  /** -1 for ROOT. */
  parentOf(node: NodeId): NodeId;
  /** In order of first sight. */
  childrenOf(node: NodeId): readonly NodeId[];
  /** Whether a child has any weight: where telling so is cheaper than making the children. */
  hasChildren?(node: NodeId): boolean;
  depthOf(node: NodeId): number;
  totalNs(node: NodeId): number;
  selfNs(node: NodeId): number;
  /** Samples at this node and below. */
  samplesOf(node: NodeId): number;
  /** Samples at this node itself. */
  selfSamplesOf(node: NodeId): number;
  functionOf(node: NodeId): ProfileFunction;
  /** Fills `out` (12 long) with ns of total in the last 12 buckets of 2.5 s, oldest first. */
  history(node: NodeId, out: Float64Array): void;
  /** Share of all in the last 10 s minus share in the 10 s before, -1..1; undefined while it cannot be told. */
  shareDelta(node: NodeId): number | undefined;
  /** What the weights are to be compared with; undefined when they stand for themselves. */
  readonly compared?: Compared | undefined;
}

/** Weights by node. May be shorter than the shape: what lies beyond has none. */
export interface NodeWeights {
  readonly selfNs: Float64Array;
  readonly selfSamples: Float64Array;
  readonly totalNs: Float64Array;
  readonly samples: Float64Array;
}

/** Fills `out` (12 long) as `CallTree.history` does; returns whether there is any weight. */
export type ReadHistory = (node: NodeId, out: Float64Array) => boolean;

/** A tree whose nodes lie in columns: what passes over hundreds of thousands of them read. */
export interface ColumnTree extends CallTree {
  /** A parent before its children; both may be longer than `nodeCount`. Ask again in each slice of work. */
  readonly shape: NodeShape;
  /** Of these nodes, and it may be of newer ones. */
  readonly places: FunctionPlaces;
  /** As long as nothing is worked out: ask again in each slice of work. */
  readonly weights: NodeWeights;
  history(node: NodeId, out: Float64Array): boolean;
  /** Recent histories as they are now, whatever comes later. */
  keepHistories(): ReadHistory;
}

export class GrowingTree implements ColumnTree {
  version = 0;
  generation = 0;
  /** The newest bucket of the session's clock. */
  nowBucket = 0;
  readonly #functions: Functions;
  #paths: PathTree;
  #self = new Column(float64);
  #total = new Column(float64);
  #samples = new Column(float64);
  #selfSamples = new Column(float64);
  #history = new History();
  readonly #rowBuckets = new Float64Array(bucketCount);
  readonly #rootBuckets = new Float64Array(bucketCount);

  constructor(functions: Functions) {
    this.#functions = functions;
    this.#paths = new PathTree(functions.intern('all threads', '', 'root'), 1024);
    this.#addRow();
  }

  /** Makes room for so many nodes, in pieces of some ms: columns that double as they grow would hold a key up. */
  *reserve(nodes: number): Generator<void> {
    yield* this.#paths.reserve(nodes);
    for (const column of [this.#self, this.#total, this.#samples, this.#selfSamples]) {
      yield;
      column.reserve(nodes);
    }
  }

  get nodeCount(): number {
    return this.#paths.length;
  }

  get shape(): NodeShape {
    return this.#paths.shape;
  }

  get places(): FunctionPlaces {
    return this.#paths.places;
  }

  get weights(): NodeWeights {
    return {
      selfNs: this.#self.values,
      selfSamples: this.#selfSamples.values,
      totalNs: this.#total.values,
      samples: this.#samples.values,
    };
  }

  parentOf(node: NodeId): NodeId {
    return this.#paths.parentOf(node);
  }

  childrenOf(node: NodeId): readonly NodeId[] {
    return this.#paths.childrenOf(node);
  }

  depthOf(node: NodeId): number {
    return this.#paths.depthOf(node);
  }

  totalNs(node: NodeId): number {
    return this.#total.at(node);
  }

  selfNs(node: NodeId): number {
    return this.#self.at(node);
  }

  samplesOf(node: NodeId): number {
    return this.#samples.at(node);
  }

  selfSamplesOf(node: NodeId): number {
    return this.#selfSamples.at(node);
  }

  functionOf(node: NodeId): ProfileFunction {
    return this.#functions.at(this.#paths.functionIdOf(node));
  }

  history(node: NodeId, out: Float64Array): boolean {
    return this.#history.read(node, this.nowBucket, out);
  }

  keepHistories(): ReadHistory {
    const kept = this.#history.copy();
    const { nowBucket } = this;
    return (node, out) => kept.read(node, nowBucket, out);
  }

  shareDelta(node: NodeId): number | undefined {
    this.history(node, this.#rowBuckets);
    this.history(ROOT, this.#rootBuckets);
    return shareDelta(this.#rowBuckets, this.#rootBuckets);
  }

  /** The child of `parent` for a function, made on first use. */
  child(parent: NodeId, functionId: number): NodeId {
    const known = this.#paths.length;
    const node = this.#paths.child(parent, functionId);
    if (node === known) {
      this.#paths.share(node);
      this.#addRow();
    }
    return node;
  }

  /** Adds self weight to a node and total weight to it and all nodes above it. */
  addWeight(node: NodeId, weightNs: number, samples: number): void {
    this.#self.add(node, weightNs);
    this.#selfSamples.add(node, samples);
    for (let at = node; at >= 0; at = this.#paths.parentOf(at)) {
      this.#total.add(at, weightNs);
      this.#samples.add(at, samples);
    }
    this.version++;
  }

  /** Adds weight to a bucket of the recent history of a node and of all nodes above it. */
  addRecent(node: NodeId, bucket: number, weightNs: number): void {
    for (let at = node; at >= 0; at = this.#paths.parentOf(at)) this.#history.add(at, bucket, weightNs);
  }

  /** Adds a whole recent history, as `addRecent` for each of its buckets. */
  addRecentFrom(node: NodeId, source: History, row: number): void {
    for (let at = node; at >= 0; at = this.#paths.parentOf(at)) this.#history.addFrom(at, source, row);
  }

  /** Adds weight and recent history to a node alone: `sumUp` brings them to the nodes above, once for all. */
  addOwn(node: NodeId, weightNs: number, samples: number, source: History, row: number): void {
    this.#self.add(node, weightNs);
    this.#selfSamples.add(node, samples);
    this.#total.add(node, weightNs);
    this.#samples.add(node, samples);
    this.#history.addFrom(node, source, row);
  }

  /**
   * Adds totals to those of the parents, after `addOwn` on a tree that had no weight: of the nodes from `first` down to
   * `end`, which is left out.
   */
  sumUp(first: NodeId, end: NodeId): void {
    // A parent stands before its children.
    for (let node = first; node > end; node--) {
      const parent = this.#paths.parentOf(node);
      this.#total.add(parent, this.#total.at(node));
      this.#samples.add(parent, this.#samples.at(node));
      this.#history.addFrom(parent, this.#history, node);
    }
    this.version++;
  }

  /** Takes the nodes of another tree, which is not to be used any more, in place of its own; the generation grows. */
  takeOver(other: GrowingTree): void {
    this.#paths = other.#paths;
    this.#self = other.#self;
    this.#total = other.#total;
    this.#samples = other.#samples;
    this.#selfSamples = other.#selfSamples;
    this.#history = other.#history;
    this.generation++;
    this.version++;
  }

  #addRow(): void {
    this.#self.push(0);
    this.#total.push(0);
    this.#samples.push(0);
    this.#selfSamples.push(0);
    this.#history.addRow();
    this.version++;
  }
}
