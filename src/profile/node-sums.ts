/** Weights by node that a pass over other weights adds up: own time first, then each node into its parent. */
import { arrayPool } from './array-pool.ts';
import type { Compared, NodeId, NodeWeights } from './call-tree.ts';

const none = new Float64Array(0);

export class NodeSums implements NodeWeights {
  readonly selfNs: Float64Array;
  readonly selfSamples: Float64Array;
  readonly totalNs: Float64Array;
  readonly samples: Float64Array;
  readonly #hasSamples: boolean;

  /** @param hasSamples whether samples are counted, too */
  constructor(nodes: number, hasSamples = true) {
    this.#hasSamples = hasSamples;
    this.selfNs = arrayPool.float64(nodes);
    this.totalNs = arrayPool.float64(nodes);
    this.selfSamples = hasSamples ? arrayPool.float64(nodes) : none;
    this.samples = hasSamples ? arrayPool.float64(nodes) : none;
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
