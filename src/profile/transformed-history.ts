/**
 * Recent histories of a transformed tree. What a node of the source spent itself is its history without those of its
 * children, so each node adds its own where its time goes and takes it from where its parent's goes. Worked out in
 * slices.
 */
import { addUpInSlices } from './add-up.ts';
import type { ColumnTree, NodeId, ReadHistory } from './call-tree.ts';
import { ROOT } from './call-tree.ts';
import { bucketCount } from './history.ts';
import { RecentSums } from './recent-sums.ts';
import { nowhere } from './transform.ts';
import type { TransformStages } from './transform-stages.ts';

const nodesPerLook = 512;

interface Pass {
  /** Undefined before the first step. */
  recent: RecentSums | undefined;
  readonly nodes: number;
  /** Next node of the source, of so many. */
  at: NodeId;
  readonly sourceNodes: number;
  /** Then, going down, the next node of the transformed tree to be added to its parent. */
  node: NodeId;
}

export class TransformedHistory {
  #source: ColumnTree;
  readonly #stages: TransformStages;
  #recent = new RecentSums(0);
  /** Somebody goes on reading `#recent` when others have taken its place. */
  #isKept = false;
  #pass: Pass | undefined;
  readonly #buckets = new Float64Array(bucketCount);

  constructor(source: ColumnTree, stages: TransformStages) {
    this.#source = source;
    this.#stages = stages;
  }

  /** What is known is to be worked out again. */
  refresh(): void {
    this.#giveUp();
    const { tree, taken } = this.#stages;
    const nodes = tree.length;
    this.#pass = { recent: undefined, nodes, at: ROOT, sourceNodes: taken, node: nodes - 1 };
  }

  /** Another tree with the same nodes. */
  rebase(source: ColumnTree): void {
    this.#source = source;
    this.#giveUp();
  }

  /** Gives its memory to other sums: nobody asks it any more. */
  release(): void {
    this.#giveUp();
    this.#replace(new RecentSums(0));
  }

  get isCurrent(): boolean {
    return this.#pass === undefined;
  }

  read(node: NodeId, out: Float64Array): boolean {
    return this.#recent.read(node, out);
  }

  /** A way to read them as they are now: a later pass makes sums of its own. */
  keep(): ReadHistory {
    const kept = this.#recent;
    this.#isKept = true;
    return (node, out) => kept.read(node, out);
  }

  /** @returns whether there is nothing left to do */
  step(isOver: () => boolean): boolean {
    const pass = this.#pass;
    if (pass === undefined) return true;
    pass.recent ??= new RecentSums(pass.nodes);
    const { recent } = pass;
    while (pass.at < pass.sourceNodes) {
      const end = Math.min(pass.sourceNodes, pass.at + nodesPerLook);
      for (; pass.at < end; pass.at++) this.#addOwn(pass.at, recent);
      if (isOver()) return false;
    }
    return this.#addToParents(pass, recent, isOver);
  }

  #addOwn(node: NodeId, recent: RecentSums): void {
    if (!this.#source.history(node, this.#buckets)) return;
    const place = this.#stages.ownEndOf(node);
    const above = node === ROOT ? nowhere : this.#stages.ownEndOf(this.#source.parentOf(node));
    if (place === above) return;
    if (place !== nowhere) recent.add(place, this.#buckets);
    if (above !== nowhere) recent.add(above, this.#buckets, -1);
  }

  /** Going down in id a node is whole when it is its turn. */
  #addToParents(pass: Pass, recent: RecentSums, isOver: () => boolean): boolean {
    const { parent } = this.#stages.tree.shape;
    const add = (first: NodeId, end: NodeId) => recent.addUp(parent, first, end);
    if (!addUpInSlices(pass, ROOT, nodesPerLook, add, isOver)) return false;
    this.#replace(recent);
    this.#pass = undefined;
    return true;
  }

  #replace(recent: RecentSums): void {
    if (!this.#isKept) this.#recent.release();
    this.#recent = recent;
    this.#isKept = false;
  }

  #giveUp(): void {
    this.#pass?.recent?.release();
    this.#pass = undefined;
  }
}
