/**
 * A call tree seen through a stack of transforms. Its shape grows with the source and never changes; its weights are
 * summed over the source in slices, so it says what the last whole pass found. Recent histories follow in later slices.
 */
import { type CallTree, type Compared, type NodeId, ROOT } from './call-tree.ts';
import { Column, int32 } from './column.ts';
import type { Functions, ProfileFunction } from './functions.ts';
import { bucketCount, shareDelta } from './history.ts';
import { nowhere, type Transform } from './transform.ts';
import { TransformStages } from './transform-stages.ts';
import { TransformedHistory } from './transformed-history.ts';

const nodesPerLook = 256;

/** One pass: own time of the source's nodes to where it goes, then each node into its parent. */
interface Sums {
  readonly source: CallTree;
  readonly version: number;
  /** All of the source, left out or not. */
  sourceNs: number;
  readonly selfNs: Float64Array;
  readonly selfSamples: Float64Array;
  readonly totalNs: Float64Array;
  readonly samples: Float64Array;
  /** Self and total of what the source is compared with. */
  readonly compared: { readonly selfNs: Float64Array; readonly totalNs: Float64Array } | undefined;
}

interface Pass {
  readonly sums: Sums;
  readonly sourceNodes: number;
  readonly compared: Compared | undefined;
  /** Next node of the source; then, going down, next node of this tree to be added to its parent. */
  at: NodeId;
  node: NodeId;
}

export class TransformedTree implements CallTree {
  version = 0;
  readonly generation: number;
  #source: CallTree;
  readonly #functions: Functions;
  readonly #stages: TransformStages;
  /** The node of the source that a node was first seen for. */
  readonly #origin: Column<Int32Array>;
  #sums: Sums;
  #pass: Pass | undefined;
  #history: TransformedHistory;
  readonly #rowBuckets = new Float64Array(bucketCount);
  readonly #rootBuckets = new Float64Array(bucketCount);

  /** @param transforms at least one, the first to be applied first */
  constructor(source: CallTree, transforms: readonly Transform[], functions: Functions) {
    this.#source = source;
    this.generation = source.generation;
    this.#functions = functions;
    this.#stages = new TransformStages(transforms, source.functionOf(ROOT).id, functions, source.nodeCount);
    this.#origin = new Column(int32, source.nodeCount + 64);
    this.#sums = emptySums(source, -1, 0);
    this.#history = new TransformedHistory(source, this.#stages);
  }

  get source(): CallTree {
    return this.#source;
  }

  get isCurrent(): boolean {
    return this.#pass === undefined && this.isSummed && this.#sums.version === this.#source.version;
  }

  /** Whether any pass over this source has been made. */
  get isSummed(): boolean {
    return this.#sums.source === this.#source && this.#sums.version >= 0;
  }

  /** The nodes of the source were made anew: nothing more can be learned of them. */
  get isOutdated(): boolean {
    return this.#source.generation !== this.generation;
  }

  /** The share of the source's time that the transforms leave, at the last pass; 0..1. */
  get keptShare(): number {
    const { sourceNs, totalNs } = this.#sums;
    return sourceNs > 0 ? (totalNs[ROOT] ?? 0) / sourceNs : 1;
  }

  get nodeCount(): number {
    return this.#sums.selfNs.length;
  }

  parentOf(node: NodeId): NodeId {
    return this.#stages.tree.parentOf(node);
  }

  childrenOf(node: NodeId): readonly NodeId[] {
    return this.#stages.tree.childrenOf(node);
  }

  depthOf(node: NodeId): number {
    return this.#stages.tree.depthOf(node);
  }

  totalNs(node: NodeId): number {
    return this.#sums.totalNs[node] ?? 0;
  }

  selfNs(node: NodeId): number {
    return this.#sums.selfNs[node] ?? 0;
  }

  samplesOf(node: NodeId): number {
    return this.#sums.samples[node] ?? 0;
  }

  selfSamplesOf(node: NodeId): number {
    return this.#sums.selfSamples[node] ?? 0;
  }

  functionOf(node: NodeId): ProfileFunction {
    return node === ROOT
      ? this.#source.functionOf(ROOT)
      : this.#functions.at(this.#stages.tree.functionIdOf(node));
  }

  history(node: NodeId, out: Float64Array): void {
    this.#history.read(node, out);
  }

  shareDelta(node: NodeId): number | undefined {
    this.history(node, this.#rowBuckets);
    this.history(ROOT, this.#rootBuckets);
    return shareDelta(this.#rowBuckets, this.#rootBuckets);
  }

  get compared(): Compared | undefined {
    const { compared } = this.#sums;
    const seconds = this.#sums.source.compared?.seconds;
    if (compared === undefined || seconds === undefined) return undefined;
    return {
      seconds,
      selfNs: (node) => compared.selfNs[node] ?? 0,
      totalNs: (node) => compared.totalNs[node] ?? 0,
    };
  }

  /** Where a node of the source is here, or its nearest ancestor that is. */
  placeOf(sourceNode: NodeId): NodeId {
    for (let at = sourceNode; at > ROOT; at = this.#source.parentOf(at)) {
      const end = this.#stages.endOf(at);
      if (end !== nowhere && end < this.nodeCount) return end;
    }
    return ROOT;
  }

  /** Where the own time of a node of the source is counted; undefined when it is left out. */
  ownPlaceOf(sourceNode: NodeId): NodeId | undefined {
    const end = this.#stages.ownEndOf(sourceNode);
    return end === nowhere ? undefined : end;
  }

  /** The node of the source that a node was first seen for. */
  originOf(node: NodeId): NodeId {
    return node < this.#origin.length ? this.#origin.at(node) : ROOT;
  }

  /** Reads another tree with the same nodes from now on: the weights of some threads, or of one instant. */
  rebase(source: CallTree): void {
    this.#source = source;
    this.#pass = undefined;
    this.#history.rebase(source);
  }

  /** Works on a pass, and begins one when the source has changed. @returns whether it is as new as that was then */
  step(isOver: () => boolean): boolean {
    return this.isOutdated || this.isCurrent || this.#sum(isOver);
  }

  /** Works on the recent histories: they cost more than the weights, so those do not wait for them. */
  stepHistory(isOver: () => boolean): boolean {
    return this.isOutdated || this.#history.step(isOver);
  }

  /** New nodes first, then their weights; what comes in meanwhile waits for the next pass. */
  #sum(isOver: () => boolean): boolean {
    if (this.#pass === undefined) {
      if (!this.#learn(isOver)) return false;
      const nodes = this.#stages.tree.length;
      const sums = emptySums(this.#source, this.#source.version, nodes);
      this.#pass = {
        sums,
        sourceNodes: this.#stages.taken,
        compared: this.#source.compared,
        at: ROOT,
        node: nodes - 1,
      };
    }
    if (!this.#add(this.#pass, isOver)) return false;
    this.#sums = this.#pass.sums;
    this.#pass = undefined;
    this.version++;
    this.#history.refresh();
    return true;
  }

  #learn(isOver: () => boolean): boolean {
    const source = this.#source;
    const stages = this.#stages;
    while (stages.taken < source.nodeCount) {
      const end = Math.min(source.nodeCount, stages.taken + nodesPerLook);
      for (let node = stages.taken; node < end; node++) {
        stages.take(source.parentOf(node), source.functionOf(node).id);
        while (this.#origin.length < stages.tree.length) this.#origin.push(node);
      }
      if (isOver()) return false;
    }
    return true;
  }

  #add(pass: Pass, isOver: () => boolean): boolean {
    while (pass.at < pass.sourceNodes) {
      const end = Math.min(pass.sourceNodes, pass.at + nodesPerLook);
      for (; pass.at < end; pass.at++) this.#addOwn(pass.at, pass);
      if (isOver()) return false;
    }
    while (pass.node >= ROOT) {
      const end = Math.max(-1, pass.node - nodesPerLook);
      for (; pass.node > end; pass.node--) this.#addToParent(pass.node, pass.sums);
      if (pass.node >= ROOT && isOver()) return false;
    }
    return true;
  }

  #addOwn(sourceNode: NodeId, pass: Pass): void {
    const { sums } = pass;
    const selfNs = this.#source.selfNs(sourceNode);
    sums.sourceNs += selfNs;
    const end = this.#stages.ownEndOf(sourceNode);
    if (end === nowhere) return;
    if (sums.compared !== undefined && pass.compared !== undefined) {
      add(sums.compared.selfNs, end, pass.compared.selfNs(sourceNode));
    }
    if (selfNs === 0) return;
    add(sums.selfNs, end, selfNs);
    add(sums.selfSamples, end, this.#source.selfSamplesOf(sourceNode));
  }

  /** Children have larger ids than their parent, so going down in id a node is whole when it is its turn. */
  #addToParent(node: NodeId, sums: Sums): void {
    const parent = this.#stages.tree.parentOf(node);
    addUp(sums.selfNs, sums.totalNs, node, parent);
    addUp(sums.selfSamples, sums.samples, node, parent);
    if (sums.compared !== undefined) addUp(sums.compared.selfNs, sums.compared.totalNs, node, parent);
  }
}

function emptySums(source: CallTree, version: number, nodes: number): Sums {
  return {
    source,
    version,
    sourceNs: 0,
    selfNs: new Float64Array(nodes),
    selfSamples: new Float64Array(nodes),
    totalNs: new Float64Array(nodes),
    samples: new Float64Array(nodes),
    compared:
      source.compared === undefined
        ? undefined
        : { selfNs: new Float64Array(nodes), totalNs: new Float64Array(nodes) },
  };
}

function add(sums: Float64Array, node: NodeId, amount: number): void {
  sums[node] = (sums[node] ?? 0) + amount;
}

/** What is own time joins the total, and the total that of the parent. */
function addUp(own: Float64Array, total: Float64Array, node: NodeId, parent: NodeId): void {
  add(total, node, own[node] ?? 0);
  if (parent >= 0) add(total, parent, total[node] ?? 0);
}
