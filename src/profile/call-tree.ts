/**
 * The top-down call tree: nodes in columns, a parent before its children. Weights go up to the root as they come,
 * so reading a row never walks a subtree.
 */
import { Column, float64, int32, uint32 } from './column.ts';
import type { Functions, ProfileFunction } from './functions.ts';
import { bucketCount, History, shareDelta } from './history.ts';

export type NodeId = number;
export const ROOT: NodeId = 0;

const noChildren: readonly NodeId[] = [];

/** Other weights of the same nodes: of an earlier time. */
export interface Compared {
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

export class GrowingTree implements CallTree {
  version = 0;
  generation = 0;
  /** The newest bucket of the session's clock. */
  nowBucket = 0;
  readonly #functions: Functions;
  readonly #parent = new Column(int32);
  readonly #function = new Column(uint32);
  readonly #depth = new Column(uint32);
  readonly #self = new Column(float64);
  readonly #total = new Column(float64);
  readonly #samples = new Column(float64);
  readonly #selfSamples = new Column(float64);
  readonly #history = new History();
  readonly #children: (NodeId[] | undefined)[] = [];
  readonly #childByKey = new Map<number, NodeId>();
  readonly #rowBuckets = new Float64Array(bucketCount);
  readonly #rootBuckets = new Float64Array(bucketCount);

  constructor(functions: Functions) {
    this.#functions = functions;
    this.#addNode(-1, functions.intern('all threads', '', 'root'));
  }

  get nodeCount(): number {
    return this.#parent.length;
  }

  parentOf(node: NodeId): NodeId {
    return this.#parent.at(node);
  }

  childrenOf(node: NodeId): readonly NodeId[] {
    return this.#children[node] ?? noChildren;
  }

  depthOf(node: NodeId): number {
    return this.#depth.at(node);
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
    return this.#functions.at(this.#function.at(node));
  }

  history(node: NodeId, out: Float64Array): void {
    this.#history.read(node, this.nowBucket, out);
  }

  shareDelta(node: NodeId): number | undefined {
    this.#history.read(node, this.nowBucket, this.#rowBuckets);
    this.#history.read(ROOT, this.nowBucket, this.#rootBuckets);
    return shareDelta(this.#rowBuckets, this.#rootBuckets);
  }

  /** The child of `parent` for a function, made on first use. */
  child(parent: NodeId, functionId: number): NodeId {
    // Both ids stay far below 2^26, so the key is an exact integer.
    const key = parent * 2 ** 26 + functionId;
    const known = this.#childByKey.get(key);
    if (known !== undefined) return known;
    const node = this.#addNode(parent, functionId);
    this.#childByKey.set(key, node);
    const siblings = this.#children[parent];
    if (siblings) siblings.push(node);
    else this.#children[parent] = [node];
    return node;
  }

  /** Adds self weight to a node and total weight to it and all nodes above it. */
  addWeight(node: NodeId, weightNs: number, samples: number): void {
    this.#self.add(node, weightNs);
    this.#selfSamples.add(node, samples);
    for (let at = node; at >= 0; at = this.#parent.at(at)) {
      this.#total.add(at, weightNs);
      this.#samples.add(at, samples);
    }
    this.version++;
  }

  /** Adds weight to a bucket of the recent history of a node and of all nodes above it. */
  addRecent(node: NodeId, bucket: number, weightNs: number): void {
    for (let at = node; at >= 0; at = this.#parent.at(at)) this.#history.add(at, bucket, weightNs);
  }

  /** Adds a whole recent history, as `addRecent` for each of its buckets. */
  addRecentFrom(node: NodeId, source: History, row: number): void {
    for (let at = node; at >= 0; at = this.#parent.at(at)) this.#history.addFrom(at, source, row);
  }

  /** Adds weight and recent history to a node alone: `sumUp` brings them to the nodes above, once for all. */
  addOwn(node: NodeId, weightNs: number, samples: number, source: History, row: number): void {
    this.#self.add(node, weightNs);
    this.#selfSamples.add(node, samples);
    this.#total.add(node, weightNs);
    this.#samples.add(node, samples);
    this.#history.addFrom(node, source, row);
  }

  /** Adds the total of every node to its parent's; after `addOwn` on a tree that had no weight. */
  sumUp(): void {
    // A parent stands before its children.
    for (let node = this.nodeCount - 1; node > ROOT; node--) {
      const parent = this.#parent.at(node);
      this.#total.add(parent, this.#total.at(node));
      this.#samples.add(parent, this.#samples.at(node));
      this.#history.addFrom(parent, this.#history, node);
    }
    this.version++;
  }

  /** Forgets all nodes but the root; the generation grows. */
  clear(): void {
    for (const column of [
      this.#parent,
      this.#function,
      this.#depth,
      this.#self,
      this.#total,
      this.#samples,
      this.#selfSamples,
    ]) {
      column.length = 0;
    }
    this.#history.clear();
    this.#children.length = 0;
    this.#childByKey.clear();
    this.generation++;
    this.version++;
    this.#addNode(-1, this.#functions.intern('all threads', '', 'root'));
  }

  #addNode(parent: NodeId, functionId: number): NodeId {
    const node = this.#parent.push(parent);
    this.#function.push(functionId);
    this.#depth.push(parent < 0 ? 0 : this.#depth.at(parent) + 1);
    this.#self.push(0);
    this.#total.push(0);
    this.#samples.push(0);
    this.#selfSamples.push(0);
    this.#history.addRow();
    this.version++;
    return node;
  }
}
