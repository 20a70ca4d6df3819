/**
 * The call tree with the weight of some threads only. Its nodes are those of the whole tree, so whatever names a node
 * means the same in both. Summed from the measured rows in slices; it says what the last whole pass found.
 */
import type { CallTree, NodeId } from './call-tree.ts';
import { ROOT } from './call-tree.ts';
import type { ProfileFunction } from './functions.ts';
import { bucketCount, shareDelta } from './history.ts';
import type { StackWeights } from './stack-weights.ts';

const rowsPerLook = 512;

export interface ThreadTreeSource {
  readonly tree: CallTree & { readonly nowBucket: number };
  readonly weights: StackWeights;
  /** The node of a stack, or undefined while it is not placed. */
  nodeOf(stack: number): NodeId | undefined;
}

/** One pass: rows into their nodes, then each node into its parent. */
interface Sums {
  readonly generation: number;
  readonly version: number;
  readonly nowBucket: number;
  readonly selfNs: Float64Array;
  readonly selfSamples: Float64Array;
  readonly totalNs: Float64Array;
  readonly samples: Float64Array;
  /** Recent history by node, only of nodes that have any: ending with `nowBucket`. */
  readonly recent: Map<NodeId, Float64Array>;
}

export class ThreadTree implements CallTree {
  version = 0;
  readonly threads: ReadonlySet<number>;
  readonly #source: ThreadTreeSource;
  readonly label: string;
  #sums: Sums;
  #pass: { readonly sums: Sums; row: number; readonly rows: number; node: NodeId } | undefined;
  readonly #rowBuckets = new Float64Array(bucketCount);
  readonly #rootBuckets = new Float64Array(bucketCount);

  /** @param threads thread indexes; @param label the name of the root */
  constructor(source: ThreadTreeSource, threads: ReadonlySet<number>, label: string) {
    this.#source = source;
    this.threads = threads;
    this.label = label;
    this.#sums = emptySums(source.tree, 0);
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
    return this.#current.totalNs[node] ?? 0;
  }

  selfNs(node: NodeId): number {
    return this.#current.selfNs[node] ?? 0;
  }

  samplesOf(node: NodeId): number {
    return this.#current.samples[node] ?? 0;
  }

  selfSamplesOf(node: NodeId): number {
    return this.#current.selfSamples[node] ?? 0;
  }

  functionOf(node: NodeId): ProfileFunction {
    const func = this.#source.tree.functionOf(node);
    return node === ROOT ? { ...func, name: this.label } : func;
  }

  history(node: NodeId, out: Float64Array): void {
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
    const { tree, weights } = this.#source;
    if (this.#pass?.sums.generation !== tree.generation) this.#pass = undefined;
    this.#pass ??= {
      sums: emptySums(tree, tree.nodeCount),
      row: 0,
      rows: weights.length,
      node: tree.nodeCount - 1,
    };
    const pass = this.#pass;
    while (pass.row < pass.rows) {
      const end = Math.min(pass.rows, pass.row + rowsPerLook);
      for (; pass.row < end; pass.row++) this.#addRow(pass.row, pass.sums);
      if (isOver()) return false;
    }
    while (pass.node >= ROOT) {
      const end = Math.max(-1, pass.node - rowsPerLook);
      for (; pass.node > end; pass.node--) this.#addToParent(pass.node, pass.sums);
      if (pass.node >= ROOT && isOver()) return false;
    }
    this.#sums = pass.sums;
    this.#pass = undefined;
    this.version++;
    return true;
  }

  /** Sums of nodes that were made anew since mean nothing. */
  get #current(): Sums {
    return this.#sums.generation === this.#source.tree.generation
      ? this.#sums
      : emptySums(this.#source.tree, 0);
  }

  #addRow(row: number, sums: Sums): void {
    const { weights, tree } = this.#source;
    if (!this.threads.has(weights.thread.at(row))) return;
    const node = this.#source.nodeOf(weights.stack.at(row));
    if (node === undefined || node >= sums.selfNs.length) return;
    sums.selfNs[node] = (sums.selfNs[node] ?? 0) + weights.weightNs.at(row);
    sums.selfSamples[node] = (sums.selfSamples[node] ?? 0) + weights.samples.at(row);
    weights.recent.read(row, sums.nowBucket, this.#rowBuckets);
    if (this.#rowBuckets.every((ns) => ns === 0)) return;
    for (let at = node; at >= ROOT; at = tree.parentOf(at)) {
      const recent = sums.recent.get(at);
      if (recent === undefined) sums.recent.set(at, this.#rowBuckets.slice());
      else for (let i = 0; i < bucketCount; i++) recent[i] = (recent[i] ?? 0) + (this.#rowBuckets[i] ?? 0);
    }
  }

  /** Children have larger ids than their parent, so going down in id a node is whole when it is its turn. */
  #addToParent(node: NodeId, sums: Sums): void {
    const totalNs = (sums.totalNs[node] ?? 0) + (sums.selfNs[node] ?? 0);
    const samples = (sums.samples[node] ?? 0) + (sums.selfSamples[node] ?? 0);
    sums.totalNs[node] = totalNs;
    sums.samples[node] = samples;
    const parent = this.#source.tree.parentOf(node);
    if (parent < 0) return;
    sums.totalNs[parent] = (sums.totalNs[parent] ?? 0) + totalNs;
    sums.samples[parent] = (sums.samples[parent] ?? 0) + samples;
  }
}

function emptySums(tree: ThreadTreeSource['tree'], nodes: number): Sums {
  return {
    generation: tree.generation,
    version: nodes === 0 ? -1 : tree.version,
    nowBucket: tree.nowBucket,
    selfNs: new Float64Array(nodes),
    selfSamples: new Float64Array(nodes),
    totalNs: new Float64Array(nodes),
    samples: new Float64Array(nodes),
    recent: new Map(),
  };
}
