/** The functions as a flat tree: below the root one node per function, wherever on the stacks it stands. */
import { type CallTree, type Compared, type NodeId, ROOT } from './call-tree.ts';
import type { FunctionIndex } from './function-index.ts';
import type { ProfileFunction } from './functions.ts';
import { bucketCount, shareDelta } from './history.ts';
import { HistoryCache } from './history-cache.ts';

export class FunctionList implements CallTree {
  version = 0;
  generation = 0;
  #index: FunctionIndex;
  readonly #functions: ProfileFunction[] = [];
  readonly #nodes: NodeId[] = [];
  readonly #nodeOf = new Map<number, NodeId>();
  readonly #recent = new HistoryCache();
  readonly #buckets = new Float64Array(bucketCount);
  readonly #rowBuckets = new Float64Array(bucketCount);
  readonly #rootBuckets = new Float64Array(bucketCount);

  constructor(index: FunctionIndex) {
    this.#index = index;
  }

  /** Takes the sums of a whole pass of the index; nodes stay those of their functions. */
  refresh(index: FunctionIndex): void {
    if (index !== this.#index) this.generation++;
    this.#index = index;
    for (const func of index.functions) {
      if (func.kind === 'root') continue;
      const known = this.#nodeOf.get(func.id);
      // Another profile may have given the number to another function.
      if (known !== undefined) this.#functions[known - 1] = func;
      else {
        this.#functions.push(func);
        this.#nodes.push(this.#functions.length);
        this.#nodeOf.set(func.id, this.#functions.length);
      }
    }
    this.#recent.refresh();
    this.version++;
  }

  /** The node of a function that has any weight. */
  nodeOf(functionId: number): NodeId | undefined {
    const node = this.#nodeOf.get(functionId);
    return node !== undefined && this.totalNs(node) > 0 ? node : undefined;
  }

  get compared(): Compared | undefined {
    const index = this.#index;
    const { compared } = index.tree;
    if (compared === undefined) return undefined;
    return {
      kind: compared.kind,
      seconds: compared.seconds,
      totalNs: (node) =>
        node === ROOT ? compared.totalNs(index.base) : index.comparedTotalNs(this.functionOf(node).id),
      selfNs: (node) => (node === ROOT ? 0 : index.comparedSelfNs(this.functionOf(node).id)),
    };
  }

  get nodeCount(): number {
    return this.#functions.length + 1;
  }

  parentOf(node: NodeId): NodeId {
    return node === ROOT ? -1 : ROOT;
  }

  childrenOf(node: NodeId): readonly NodeId[] {
    return node === ROOT ? this.#nodes : [];
  }

  depthOf(node: NodeId): number {
    return node === ROOT ? 0 : 1;
  }

  totalNs(node: NodeId): number {
    const { tree, base } = this.#index;
    return node === ROOT ? tree.totalNs(base) : this.#index.totalNs(this.functionOf(node).id);
  }

  selfNs(node: NodeId): number {
    return node === ROOT ? 0 : this.#index.selfNs(this.functionOf(node).id);
  }

  samplesOf(node: NodeId): number {
    const { tree, base } = this.#index;
    return node === ROOT ? tree.samplesOf(base) : this.#index.samples(this.functionOf(node).id);
  }

  selfSamplesOf(node: NodeId): number {
    return node === ROOT ? 0 : this.#index.selfSamples(this.functionOf(node).id);
  }

  /** The root is named like what it bounds. */
  functionOf(node: NodeId): ProfileFunction {
    const { tree, base } = this.#index;
    return node === ROOT
      ? { ...tree.functionOf(base), kind: 'root' }
      : (this.#functions[node - 1] as ProfileFunction);
  }

  history(node: NodeId, out: Float64Array): void {
    const { tree, base } = this.#index;
    if (node === ROOT) tree.history(base, out);
    else out.set(this.#recent.read(node, (sum) => this.#addHistories(node, sum)));
  }

  /** The histories below are others than they were. */
  refreshHistories(): void {
    this.#recent.refresh();
  }

  /** As many histories as one frame may read can be read again. */
  beginFrame(): void {
    this.#recent.beginFrame();
  }

  shareDelta(node: NodeId): number | undefined {
    this.history(node, this.#rowBuckets);
    this.history(ROOT, this.#rootBuckets);
    return shareDelta(this.#rowBuckets, this.#rootBuckets);
  }

  #addHistories(node: NodeId, sum: Float64Array): number {
    const { tree, generation } = this.#index;
    if (generation !== tree.generation) return 0;
    let places = 0;
    for (const place of this.#index.nodesOf(this.functionOf(node).id)) {
      places++;
      if (!this.#index.isOutermost(place)) continue;
      tree.history(place, this.#buckets);
      for (let i = 0; i < bucketCount; i++) sum[i] = (sum[i] ?? 0) + (this.#buckets[i] ?? 0);
    }
    return places;
  }
}
