/**
 * Functions over all their places in a call tree: which nodes are theirs, and what they weigh together. Brought up to
 * date in slices, so that a large tree never holds up a key; what it says is the state of the last whole pass.
 */
import { type ColumnTree, type NodeId, type NodeWeights, ROOT } from './call-tree.ts';
import { Column, float64, uint8 } from './column.ts';
import type { FunctionPlaces } from './function-places.ts';
import type { ProfileFunction } from './functions.ts';

/** How many nodes are looked at between two looks at the clock. */
const nodesPerLook = 2048;

/** Sums by function id. */
class Sums {
  readonly selfNs = new Column(float64);
  readonly totalNs = new Column(float64);
  readonly selfSamples = new Column(float64);
  readonly samples = new Column(float64);
  /** Of what the tree is compared with. */
  readonly comparedSelfNs = new Column(float64);
  readonly comparedTotalNs = new Column(float64);

  /** Makes room for functions with smaller ids. */
  reserve(functions: number): void {
    for (const column of [this.selfNs, this.totalNs, this.selfSamples, this.samples])
      column.reserve(functions);
    this.comparedSelfNs.reserve(functions);
    this.comparedTotalNs.reserve(functions);
  }
}

export class FunctionIndex {
  readonly tree: ColumnTree;
  readonly base: NodeId;
  readonly generation: number;
  /** Version of the tree at the beginning of the last whole pass; -1 before the first. */
  version = -1;
  /** Functions seen below the base, in order of first sight. */
  readonly functions: ProfileFunction[] = [];
  readonly #isSeen = new Column(uint8);
  readonly #places: FunctionPlaces;
  /** By node whether it is the base or below it; not needed where that is the root. */
  readonly #isInside = new Column(uint8, 0);
  #sums = new Sums();
  #pass:
    | {
        readonly version: number;
        readonly sums: Sums;
        at: NodeId;
        readonly end: NodeId;
      }
    | undefined;

  /** @param base only its subtree is looked at */
  constructor(tree: ColumnTree, base: NodeId) {
    this.tree = tree;
    this.base = base;
    this.generation = tree.generation;
    this.#places = tree.places;
    if (base !== ROOT) this.#isInside.reserve(Math.ceil(tree.nodeCount * 1.1) + 64);
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
    const { nodeCount } = this.tree;
    for (const node of this.#places.nodesOf(functionId)) {
      if (node < nodeCount && this.#isBelowBase(node)) yield node;
    }
  }

  /** Whether no other node of the same function stands above this one, up to the base. */
  isOutermost(node: NodeId): boolean {
    return (this.#places.sameAbovePlusOne[node] as number) <= this.base;
  }

  /**
   * Works on a pass over the tree, and begins one when the tree has changed since the last.
   * @param isOver asked every few thousand nodes: whether this slice has used up its time
   * @returns whether the index is as new as the tree was at the beginning of the pass
   */
  step(isOver: () => boolean): boolean {
    if (this.isCurrent) return true;
    const { version, nodeCount } = this.tree;
    this.#pass ??= { version, sums: new Sums(), at: 0, end: nodeCount };
    const pass = this.#pass;
    if (this.#places.length < pass.end && !this.#places.learn(isOver)) return false;
    while (pass.at < pass.end) {
      const end = Math.min(pass.end, pass.at + nodesPerLook);
      this.#enter(end);
      this.#addNodes(pass.at, end, pass.sums);
      pass.at = end;
      if (pass.at < pass.end && isOver()) return false;
    }
    this.#sums = pass.sums;
    this.version = pass.version;
    this.#pass = undefined;
    return true;
  }

  /** Learns of new nodes ahead of the next pass, which is then short. @returns whether there is nothing left */
  learn(isOver: () => boolean): boolean {
    return this.generation !== this.tree.generation || this.#places.learn(isOver);
  }

  #isBelowBase(node: NodeId): boolean {
    return this.base === ROOT || this.#isInside.values[node] === 1;
  }

  /** Marks the nodes up to `end` that are below the base: a parent stands before its children. */
  #enter(end: NodeId): void {
    const { base } = this;
    if (base === ROOT || this.#isInside.length >= end) return;
    const { parent } = this.tree.shape;
    const first = this.#isInside.length;
    const isInside = this.#isInside.extend(end);
    for (let node = first; node < end; node++) {
      const above = parent[node] as number;
      isInside[node] = node === base || (above >= base && isInside[above] === 1) ? 1 : 0;
    }
  }

  #addNodes(from: NodeId, end: NodeId, sums: Sums): void {
    const { shape, compared } = this.tree;
    const { functionId } = shape;
    for (let node = from; node < end; node++) {
      const id = functionId[node] as number;
      if (this.#isSeen.values[id] === 1 || !this.#isBelowBase(node)) continue;
      this.#isSeen.extend(id + 1)[id] = 1;
      this.functions.push(this.tree.functionOf(node));
    }
    sums.reserve(this.#isSeen.length);
    this.#addWeights(from, end, functionId, sums);
    if (compared === undefined) return;
    for (let node = from; node < end; node++) {
      if (!this.#isBelowBase(node)) continue;
      const id = functionId[node] as number;
      sums.comparedSelfNs.add(id, compared.selfNs(node));
      if (this.isOutermost(node)) sums.comparedTotalNs.add(id, compared.totalNs(node));
    }
  }

  #addWeights(from: NodeId, end: NodeId, functionId: Uint32Array, sums: Sums): void {
    const { weights } = this.tree;
    const known = Math.min(end, weights.selfNs.length);
    const isInside = this.base === ROOT ? undefined : this.#isInside.values;
    addWeights(from, known, { functionId, isInside, base: this.base, places: this.#places }, weights, sums);
  }
}

interface Looked {
  readonly functionId: Uint32Array;
  readonly isInside: Uint8Array | undefined;
  readonly base: NodeId;
  readonly places: FunctionPlaces;
}

function addWeights(
  from: NodeId,
  end: NodeId,
  { functionId, isInside, base, places }: Looked,
  weights: NodeWeights,
  sums: Sums,
): void {
  const { selfNs, selfSamples, totalNs, samples } = weights;
  const { sameAbovePlusOne } = places;
  const own = { ns: sums.selfNs.values, samples: sums.selfSamples.values };
  const all = { ns: sums.totalNs.values, samples: sums.samples.values };
  for (let node = from; node < end; node++) {
    if (isInside !== undefined && isInside[node] !== 1) continue;
    const id = functionId[node] as number;
    own.ns[id] = (own.ns[id] as number) + (selfNs[node] as number);
    own.samples[id] = (own.samples[id] as number) + (selfSamples[node] as number);
    if ((sameAbovePlusOne[node] as number) > base) continue;
    all.ns[id] = (all.ns[id] as number) + (totalNs[node] as number);
    all.samples[id] = (all.samples[id] as number) + (samples[node] as number);
  }
}
