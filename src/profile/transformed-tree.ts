/**
 * A call tree seen through a stack of transforms. Its shape grows with the source and never changes; its weights are
 * summed over the source in slices, so it says what the last whole pass found. Recent histories follow in later slices.
 */
import { addUpInSlices } from './add-up.ts';
import {
  type ColumnTree,
  type Compared,
  type NodeId,
  type NodeWeights,
  type ReadHistory,
  ROOT,
} from './call-tree.ts';
import type { FunctionPlaces } from './function-places.ts';
import type { Functions, ProfileFunction } from './functions.ts';
import { bucketCount, shareDelta } from './history.ts';
import { NodeSums } from './node-sums.ts';
import type { NodeShape } from './path-tree.ts';
import { runPieces } from './pieces.ts';
import { nowhere, type Transform } from './transform.ts';
import { TransformStages } from './transform-stages.ts';
import { TransformedHistory } from './transformed-history.ts';

const nodesPerLook = 2048;

/** One pass: own time of the source's nodes to where it goes, then each node into its parent. */
interface Sums {
  readonly source: ColumnTree;
  readonly version: number;
  /** All of the source, left out or not. */
  sourceNs: number;
  readonly own: NodeSums;
  /** Of what the source is compared with. */
  readonly compared: NodeSums | undefined;
}

interface Pass {
  readonly sums: Sums;
  readonly sourceNodes: number;
  /** Next node of the source; then, going down, next node of this tree to be added to its parent. */
  at: NodeId;
  node: NodeId;
}

export class TransformedTree implements ColumnTree {
  version = 0;
  readonly generation: number;
  #source: ColumnTree;
  readonly #functions: Functions;
  readonly #stages: TransformStages;
  #sums: Sums;
  /** Room for the nodes there are at the beginning. */
  readonly #room: Generator<void>;
  #beginning: Generator<void, Pass> | undefined;
  #pass: Pass | undefined;
  readonly #history: TransformedHistory;
  readonly #rowBuckets = new Float64Array(bucketCount);
  readonly #rootBuckets = new Float64Array(bucketCount);

  /** @param transforms at least one, the first to be applied first */
  constructor(source: ColumnTree, transforms: readonly Transform[], functions: Functions) {
    this.#source = source;
    this.generation = source.generation;
    this.#functions = functions;
    this.#stages = new TransformStages(transforms, source.functionOf(ROOT).id, functions);
    this.#room = this.#stages.makeRoom(source.nodeCount);
    this.#sums = noSums(source);
    this.#history = new TransformedHistory(source, this.#stages);
  }

  get source(): ColumnTree {
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
    const { sourceNs, own } = this.#sums;
    return sourceNs > 0 ? (own.totalNs[ROOT] ?? 0) / sourceNs : 1;
  }

  get nodeCount(): number {
    return this.#sums.own.length;
  }

  get shape(): NodeShape {
    return this.#stages.tree.shape;
  }

  get places(): FunctionPlaces {
    return this.#stages.tree.places;
  }

  get weights(): NodeWeights {
    return this.#sums.own;
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
    return this.#sums.own.totalNs[node] ?? 0;
  }

  selfNs(node: NodeId): number {
    return this.#sums.own.selfNs[node] ?? 0;
  }

  samplesOf(node: NodeId): number {
    return this.#sums.own.samples[node] ?? 0;
  }

  selfSamplesOf(node: NodeId): number {
    return this.#sums.own.selfSamples[node] ?? 0;
  }

  functionOf(node: NodeId): ProfileFunction {
    return node === ROOT
      ? this.#source.functionOf(ROOT)
      : this.#functions.at(this.#stages.tree.functionIdOf(node));
  }

  history(node: NodeId, out: Float64Array): boolean {
    return this.#history.read(node, out);
  }

  keepHistories(): ReadHistory {
    return this.#history.keep();
  }

  get isHistoryCurrent(): boolean {
    return this.isOutdated || this.#history.isCurrent;
  }

  shareDelta(node: NodeId): number | undefined {
    this.history(node, this.#rowBuckets);
    this.history(ROOT, this.#rootBuckets);
    return shareDelta(this.#rowBuckets, this.#rootBuckets);
  }

  get compared(): Compared | undefined {
    const { compared } = this.#sums;
    const source = this.#sums.source.compared;
    return source && compared?.asCompared(source.kind, source.seconds);
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
    return node < this.nodeCount ? this.#stages.originOf(node) : ROOT;
  }

  /** Reads another tree with the same nodes from now on: the weights of some threads, or of one instant. */
  rebase(source: ColumnTree): void {
    this.#source = source;
    this.#giveUp();
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

  /** Gives its memory to other trees: nobody reads this one any more. */
  release(): void {
    this.#giveUp();
    releaseSums(this.#sums);
    this.#sums = noSums(this.#source);
    this.#stages.release();
    this.#history.release();
  }

  #giveUp(): void {
    if (this.#pass !== undefined) releaseSums(this.#pass.sums);
    this.#pass = undefined;
    this.#beginning = undefined;
  }

  /** New nodes first, then their weights; what comes in meanwhile waits for the next pass. */
  #sum(isOver: () => boolean): boolean {
    this.#pass ??= this.#begin(isOver);
    if (this.#pass === undefined || !this.#add(this.#pass, isOver)) return false;
    releaseSums(this.#sums);
    this.#sums = this.#pass.sums;
    this.#pass = undefined;
    this.version++;
    this.#history.refresh();
    return true;
  }

  /** @returns undefined while its sums are still to be made */
  #begin(isOver: () => boolean): Pass | undefined {
    if (this.#beginning === undefined) {
      if (!this.#learn(isOver)) return undefined;
      this.#beginning = newPass(this.#source, this.#stages);
    }
    const begun = runPieces(this.#beginning, isOver);
    if (!begun.isDone) return undefined;
    this.#beginning = undefined;
    return begun.made;
  }

  #learn(isOver: () => boolean): boolean {
    if (!runPieces(this.#room, isOver).isDone) return false;
    const { nodeCount, shape } = this.#source;
    while (this.#stages.taken < nodeCount) {
      this.#stages.take(shape, Math.min(nodeCount, this.#stages.taken + nodesPerLook));
      if (isOver()) return false;
    }
    return true;
  }

  #add(pass: Pass, isOver: () => boolean): boolean {
    while (pass.at < pass.sourceNodes) {
      const end = Math.min(pass.sourceNodes, pass.at + nodesPerLook);
      this.#addOwns(pass, end);
      pass.at = end;
      if (isOver()) return false;
    }
    const { parent } = this.#stages.tree.shape;
    const { own, compared } = pass.sums;
    const add = (first: NodeId, end: NodeId) => {
      own.addUp(parent, first, end);
      compared?.addUp(parent, first, end);
    };
    return addUpInSlices(pass, -1, nodesPerLook, add, isOver);
  }

  #addOwns({ at, sums }: Pass, end: NodeId): void {
    const { selfNs, selfSamples } = this.#source.weights;
    const before = this.#source.compared;
    const ends = this.#stages.ownEnds;
    const { own, compared } = sums;
    for (let node = at; node < end; node++) {
      const ns = selfNs[node] ?? 0;
      sums.sourceNs += ns;
      const place = ends[node] as number;
      if (place === nowhere) continue;
      if (compared !== undefined && before !== undefined) compared.addOwn(place, before.selfNs(node), 0);
      if (ns !== 0) own.addOwn(place, ns, selfSamples[node] ?? 0);
    }
  }
}

function releaseSums({ own, compared }: Sums): void {
  own.release();
  compared?.release();
}

function noSums(source: ColumnTree): Sums {
  const compared = source.compared === undefined ? undefined : NodeSums.none(false);
  return { source, version: -1, sourceNs: 0, own: NodeSums.none(), compared };
}

/** Over the nodes that have been taken by now; what comes while its sums are made waits for the next pass. */
function* newPass(source: ColumnTree, { tree, taken }: TransformStages): Generator<void, Pass> {
  const { version } = source;
  const nodes = tree.length;
  const isCompared = source.compared !== undefined;
  const own = yield* NodeSums.make(nodes);
  const compared = isCompared ? yield* NodeSums.make(nodes, false) : undefined;
  const sums = { source, version, sourceNs: 0, own, compared };
  return { sums, sourceNodes: taken, at: ROOT, node: nodes - 1 };
}
