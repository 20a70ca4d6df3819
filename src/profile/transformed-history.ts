/**
 * Recent histories of a transformed tree. What a node of the source spent itself is its history without those of its
 * children, so each node adds its own where its time goes and takes it from where its parent's goes. Only nodes with
 * any recent time are looked at; worked out in slices.
 */
import type { CallTree, NodeId } from './call-tree.ts';
import { ROOT } from './call-tree.ts';
import { bucketCount } from './history.ts';
import { nowhere } from './transform.ts';
import type { TransformStages } from './transform-stages.ts';

const nodesPerLook = 256;

type Recent = Map<NodeId, Float64Array>;

interface Pass {
  readonly recent: Recent;
  /** Nodes of the source still to be looked at; every one above them had recent time. */
  readonly waiting: NodeId[];
  /** Then, going down, the next node of the transformed tree to be added to its parent. */
  node: NodeId;
}

export class TransformedHistory {
  #source: CallTree;
  readonly #stages: TransformStages;
  #recent: Recent = new Map();
  #pass: Pass | undefined;
  readonly #buckets = new Float64Array(bucketCount);

  constructor(source: CallTree, stages: TransformStages) {
    this.#source = source;
    this.#stages = stages;
  }

  /** What is known is to be worked out again. */
  refresh(): void {
    this.#pass = { recent: new Map(), waiting: [ROOT], node: this.#stages.tree.length - 1 };
  }

  /** Another tree with the same nodes. */
  rebase(source: CallTree): void {
    this.#source = source;
    this.#pass = undefined;
  }

  read(node: NodeId, out: Float64Array): void {
    const known = this.#recent.get(node);
    // Differences of large sums leave less than a nanosecond where there is nothing.
    for (let i = 0; i < bucketCount; i++)
      out[i] = known !== undefined && (known[i] ?? 0) >= 1 ? (known[i] ?? 0) : 0;
  }

  /** @returns whether there is nothing left to do */
  step(isOver: () => boolean): boolean {
    const pass = this.#pass;
    if (pass === undefined) return true;
    let looked = 0;
    for (let node = pass.waiting.pop(); node !== undefined; node = pass.waiting.pop()) {
      if (this.#addOwn(node, pass.recent)) {
        for (const child of this.#source.childrenOf(node)) pass.waiting.push(child);
      }
      if (++looked % nodesPerLook === 0 && isOver()) return false;
    }
    return this.#addToParents(pass, isOver);
  }

  /** @returns whether the node has any recent time, so that those below it may have some */
  #addOwn(node: NodeId, recent: Recent): boolean {
    this.#source.history(node, this.#buckets);
    if (this.#buckets.every((ns) => ns === 0)) return false;
    const place = this.#stages.ownEndOf(node);
    const above = node === ROOT ? nowhere : this.#stages.ownEndOf(this.#source.parentOf(node));
    if (place === above) return true;
    if (place !== nowhere) add(recent, place, this.#buckets, 1);
    if (above !== nowhere) add(recent, above, this.#buckets, -1);
    return true;
  }

  /** Going down in id a node is whole when it is its turn. */
  #addToParents(pass: Pass, isOver: () => boolean): boolean {
    const { tree } = this.#stages;
    const { recent } = pass;
    while (pass.node > ROOT) {
      const end = Math.max(ROOT, pass.node - nodesPerLook);
      for (; pass.node > end; pass.node--) {
        const buckets = recent.get(pass.node);
        if (buckets !== undefined) add(recent, tree.parentOf(pass.node), buckets, 1);
      }
      if (pass.node > ROOT && isOver()) return false;
    }
    this.#recent = recent;
    this.#pass = undefined;
    return true;
  }
}

function add(recent: Recent, node: NodeId, buckets: Float64Array, sign: 1 | -1): void {
  let sum = recent.get(node);
  if (sum === undefined) {
    sum = new Float64Array(bucketCount);
    recent.set(node, sum);
  }
  for (let i = 0; i < bucketCount; i++) sum[i] = (sum[i] ?? 0) + sign * (buckets[i] ?? 0);
}
