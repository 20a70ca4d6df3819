/**
 * Functions over all their places in a call tree: which nodes are theirs, and what they weigh together. Brought up to
 * date in slices, so that a large tree never holds up a key; what it says is the state of the last whole pass.
 */
import type { CallTree, Compared, NodeId } from './call-tree.ts';
import { Column, float64, int32, uint8, uint32 } from './column.ts';
import type { ProfileFunction } from './functions.ts';

/** How many nodes are looked at between two looks at the clock. */
const nodesPerLook = 512;

/** Sums by function id. */
class Sums {
  readonly selfNs = new Column(float64);
  readonly totalNs = new Column(float64);
  readonly selfSamples = new Column(float64);
  readonly samples = new Column(float64);
  /** Of what the tree is compared with. */
  readonly comparedSelfNs = new Column(float64);
  readonly comparedTotalNs = new Column(float64);
}

const outside = 0;
const inside = 1;
/** Inside, and no node above it is of the same function: totals of such nodes add up without counting twice. */
const outermost = 2;

export class FunctionIndex {
  readonly tree: CallTree;
  readonly base: NodeId;
  readonly generation: number;
  /** Version of the tree at the beginning of the last whole pass; -1 before the first. */
  version = -1;
  /** Functions seen below the base, in order of first sight. */
  readonly functions: ProfileFunction[] = [];
  /** Nodes of one function are a chain: the newest one (+ 1) by function id, then the one before by node. */
  readonly #newestPlusOne = new Column(int32);
  readonly #before = new Column(int32);
  /** By node: asking the tree for the function would be most of the work of a pass. */
  readonly #functionId = new Column(uint32);
  readonly #place = new Column(uint8);
  /** The path from the base to the node seen last, and how often each function stands on it. */
  readonly #path: NodeId[] = [];
  readonly #onPath = new Column(int32);
  /** Empty between two walks; a new array for each would be most of what is collected. */
  readonly #missing: NodeId[] = [];
  #sums = new Sums();
  #pass:
    | {
        readonly version: number;
        readonly sums: Sums;
        readonly compared: Compared | undefined;
        at: NodeId;
        readonly end: NodeId;
      }
    | undefined;

  /** @param base only its subtree is looked at */
  constructor(tree: CallTree, base: NodeId) {
    this.tree = tree;
    this.base = base;
    this.generation = tree.generation;
  }

  get isCurrent(): boolean {
    return this.#pass === undefined && this.version === this.tree.version;
  }

  selfNs(functionId: number): number {
    return this.#sums.selfNs.values[functionId] ?? 0;
  }

  /** Time with the function anywhere on the stack; recursion counts once. */
  totalNs(functionId: number): number {
    return this.#sums.totalNs.values[functionId] ?? 0;
  }

  selfSamples(functionId: number): number {
    return this.#sums.selfSamples.values[functionId] ?? 0;
  }

  samples(functionId: number): number {
    return this.#sums.samples.values[functionId] ?? 0;
  }

  /** What the tree is compared with, by function. */
  comparedTotalNs(functionId: number): number {
    return this.#sums.comparedTotalNs.values[functionId] ?? 0;
  }

  comparedSelfNs(functionId: number): number {
    return this.#sums.comparedSelfNs.values[functionId] ?? 0;
  }

  /** Nodes of a function below the base, newest first. */
  *nodesOf(functionId: number): Generator<NodeId> {
    for (let at = (this.#newestPlusOne.values[functionId] ?? 0) - 1; at >= 0; at = this.#before.at(at))
      yield at;
  }

  /** Whether no other node of the same function stands above this one. */
  isOutermost(node: NodeId): boolean {
    return this.#place.at(node) === outermost;
  }

  /**
   * Works on a pass over the tree, and begins one when the tree has changed since the last.
   * @param isOver asked every few hundred nodes: whether this slice has used up its time
   * @returns whether the index is as new as the tree was at the beginning of the pass
   */
  step(isOver: () => boolean): boolean {
    if (this.isCurrent) return true;
    const { version, compared, nodeCount } = this.tree;
    this.#pass ??= { version, sums: new Sums(), compared, at: 0, end: nodeCount };
    const pass = this.#pass;
    while (pass.at < pass.end) {
      const end = Math.min(pass.end, pass.at + nodesPerLook);
      for (; pass.at < end; pass.at++) this.#addNode(pass.at, pass.sums, pass.compared);
      if (pass.at < pass.end && isOver()) return false;
    }
    this.#sums = pass.sums;
    this.version = pass.version;
    this.#pass = undefined;
    return true;
  }

  /** Learns of new nodes ahead of the next pass, which is then short. @returns whether there is nothing left */
  learn(isOver: () => boolean): boolean {
    while (this.#place.length < this.tree.nodeCount && this.generation === this.tree.generation) {
      const end = Math.min(this.tree.nodeCount, this.#place.length + nodesPerLook);
      while (this.#place.length < end) this.#learn(this.#place.length);
      if (isOver()) return false;
    }
    return true;
  }

  #addNode(node: NodeId, sums: Sums, compared: Compared | undefined): void {
    if (node >= this.#place.length) this.#learn(node);
    const place = this.#place.at(node);
    if (place === outside) return;
    const { tree } = this;
    const id = this.#functionId.at(node);
    const selfNs = tree.selfNs(node);
    if (selfNs !== 0) {
      add(sums.selfNs, id, selfNs);
      add(sums.selfSamples, id, tree.selfSamplesOf(node));
    }
    if (compared !== undefined) {
      add(sums.comparedSelfNs, id, compared.selfNs(node));
      if (place === outermost) add(sums.comparedTotalNs, id, compared.totalNs(node));
    }
    if (place !== outermost) return;
    add(sums.totalNs, id, tree.totalNs(node));
    add(sums.samples, id, tree.samplesOf(node));
  }

  /** Nodes come in the order of their ids, a parent before its children; a place never changes. */
  #learn(node: NodeId): void {
    const { tree } = this;
    const parent = tree.parentOf(node);
    const isInside = node === this.base || (parent >= 0 && this.#place.at(parent) !== outside);
    const { id } = tree.functionOf(node);
    this.#functionId.push(id);
    if (!isInside) {
      this.#place.push(outside);
      this.#before.push(-1);
      return;
    }
    // A stack seen for the first time is a chain of new nodes: mostly the path ends at the parent already.
    if (this.#path.at(-1) !== parent) this.#walkTo(parent);
    this.#onPath.reserve(id + 1);
    this.#newestPlusOne.reserve(id + 1);
    this.#place.push(this.#onPath.at(id) === 0 ? outermost : inside);
    this.#path.push(node);
    this.#onPath.add(id, 1);
    const newest = this.#newestPlusOne.at(id) - 1;
    if (newest < 0) this.functions.push(tree.functionOf(node));
    this.#before.push(newest);
    this.#newestPlusOne.values[id] = node + 1;
  }

  /** Makes the path end at `node`: neighbours in id mostly are neighbours in the tree, so few steps are walked. */
  #walkTo(node: NodeId): void {
    const { tree } = this;
    const baseDepth = tree.depthOf(this.base);
    const missing = this.#missing;
    let at = node;
    while (at >= 0 && tree.depthOf(at) >= baseDepth && this.#path[tree.depthOf(at) - baseDepth] !== at) {
      missing.push(at);
      at = tree.parentOf(at);
    }
    const kept = at < 0 ? 0 : Math.max(0, tree.depthOf(at) - baseDepth + 1);
    while (this.#path.length > kept) {
      this.#onPath.add(this.#functionId.at(this.#path.pop() as NodeId), -1);
    }
    for (let next = missing.pop(); next !== undefined; next = missing.pop()) {
      this.#path.push(next);
      this.#onPath.add(this.#functionId.at(next), 1);
    }
  }
}

function add(sums: Column<Float64Array>, functionId: number, amount: number): void {
  sums.reserve(functionId + 1);
  sums.add(functionId, amount);
}
