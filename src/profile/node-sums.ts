/** Weights by node that a pass over other weights adds up: own time first, then each node into its parent. */
import { arrayPool, clearInPieces } from './array-pool.ts';
import type { Compared, NodeId, NodeWeights } from './call-tree.ts';

const none = new Float64Array(0);

export class NodeSums implements NodeWeights {
  readonly selfNs: Float64Array;
  readonly selfSamples: Float64Array;
  readonly totalNs: Float64Array;
  readonly samples: Float64Array;
  readonly #hasSamples: boolean;

  private constructor({ selfNs, totalNs, selfSamples, samples }: NodeWeights, hasSamples: boolean) {
    this.selfNs = selfNs;
    this.totalNs = totalNs;
    this.selfSamples = selfSamples;
    this.samples = samples;
    this.#hasSamples = hasSamples;
  }

  /** Of no node. */
  static none(hasSamples = true): NodeSums {
    return new NodeSums({ selfNs: none, totalNs: none, selfSamples: none, samples: none }, hasSamples);
  }

  /**
   * All 0, made in pieces: so much memory at once would hold a key up.
   * @param hasSamples whether samples are counted, too
   */
  static *make(nodes: number, hasSamples = true): Generator<void, NodeSums> {
    const selfNs = yield* newColumn(nodes);
    const totalNs = yield* newColumn(nodes);
    const selfSamples = hasSamples ? yield* newColumn(nodes) : none;
    const samples = hasSamples ? yield* newColumn(nodes) : none;
    return new NodeSums({ selfNs, totalNs, selfSamples, samples }, hasSamples);
  }

  /** Gives its memory to the next sums: nobody reads these any more. */
  release(): void {
    arrayPool.giveBack(this.selfNs, this.totalNs);
    if (this.#hasSamples) arrayPool.giveBack(this.selfSamples, this.samples);
  }

  get length(): number {
    return this.selfNs.length;
  }

  addOwn(node: NodeId, weightNs: number, samples: number): void {
    this.selfNs[node] = (this.selfNs[node] as number) + weightNs;
    if (this.#hasSamples) this.selfSamples[node] = (this.selfSamples[node] as number) + samples;
  }

  /**
   * Adds what nodes spent themselves to their totals, and their totals to those of their parents: from `first` down to
   * `end`, which is left out. Children have larger ids than their parent, so going down a node is whole when it is its
   * turn.
   */
  addUp(parent: Int32Array, first: NodeId, end: NodeId): void {
    if (this.#hasSamples) addSamplesUp(this, parent, first, end);
    else addColumnUp(this.selfNs, this.totalNs, parent, first, end);
  }

  /** These sums as what others are compared with. */
  asCompared(kind: Compared['kind'], seconds: Compared['seconds']): Compared {
    return {
      kind,
      seconds,
      selfNs: (node) => this.selfNs[node] ?? 0,
      totalNs: (node) => this.totalNs[node] ?? 0,
    };
  }
}

function* newColumn(nodes: number): Generator<void, Float64Array> {
  const column = arrayPool.unset.float64(nodes);
  yield* clearInPieces(column);
  return column;
}

/** Time and samples in one go: each node is looked at once. */
function addSamplesUp(
  { selfNs, totalNs, selfSamples, samples }: NodeWeights,
  parent: Int32Array,
  first: NodeId,
  end: NodeId,
): void {
  for (let node = first; node > end; node--) {
    const ns = (totalNs[node] as number) + (selfNs[node] as number);
    const count = (samples[node] as number) + (selfSamples[node] as number);
    if (ns === 0 && count === 0) continue;
    totalNs[node] = ns;
    samples[node] = count;
    const above = parent[node] as number;
    if (above < 0) continue;
    totalNs[above] = (totalNs[above] as number) + ns;
    samples[above] = (samples[above] as number) + count;
  }
}

function addColumnUp(
  own: Float64Array,
  total: Float64Array,
  parent: Int32Array,
  first: NodeId,
  end: NodeId,
): void {
  for (let node = first; node > end; node--) {
    const sum = (total[node] as number) + (own[node] as number);
    if (sum === 0) continue;
    total[node] = sum;
    const above = parent[node] as number;
    if (above >= 0) total[above] = (total[above] as number) + sum;
  }
}
