/**
 * The transformed tree that is shown and the one that is being worked out: the first stays on the screen, whole, until
 * the second is done. Knows where every shown node came from, so that cursors find it again in the next tree.
 */
import type { ColumnTree, NodeId } from '../profile/call-tree.ts';
import type { Functions } from '../profile/functions.ts';
import type { Transform } from '../profile/transform.ts';
import { TransformedTree } from '../profile/transformed-tree.ts';
import { DroppedTrees } from './dropped-trees.ts';

export type SuccessorOf = (node: NodeId) => NodeId;

interface Shown {
  readonly tree: TransformedTree;
  readonly transforms: readonly Transform[];
}

export const unmoved: SuccessorOf = (node) => node;

export class TransformedSource {
  #shown: TransformedTree | undefined;
  #next: TransformedTree | undefined;
  #wanted: readonly Transform[] = [];
  /** The one shown before, and its transforms: undoing comes back to it. */
  #previous: Shown | undefined;
  #shownTransforms: readonly Transform[] = [];
  /** Tells the node of the tree below that a shown node was made of, once those have been made anew. */
  #moved: SuccessorOf | undefined;

  readonly #dropped = new DroppedTrees<TransformedTree>();

  get shown(): TransformedTree | undefined {
    return this.#shown;
  }

  get isActive(): boolean {
    return this.#shown !== undefined || this.#next !== undefined;
  }

  get isTransforming(): boolean {
    return this.#next !== undefined;
  }

  want(transforms: readonly Transform[], base: ColumnTree, functions: Functions): SuccessorOf | undefined {
    this.#wanted = transforms;
    const given = this.#next;
    this.#next = transforms.length === 0 ? undefined : this.#treeOf(transforms, base, functions);
    this.#drop(given);
    if (this.#next !== undefined || this.#shown === undefined) return undefined;
    const originOf = this.#originOf;
    const before = [this.#shown, this.#previous?.tree];
    this.#shown = undefined;
    this.#previous = undefined;
    this.#moved = undefined;
    for (const tree of before) this.#drop(tree);
    return originOf;
  }

  step(isOver: () => boolean): boolean {
    return (this.#next ?? this.#shown)?.step(isOver) ?? true;
  }

  show(): SuccessorOf | undefined {
    const next = this.#next;
    if (next === undefined || !next.isSummed || next.isOutdated) return undefined;
    const originOf = this.#originOf;
    const before = this.#previous?.tree;
    this.#previous = this.#shown && { tree: this.#shown, transforms: this.#shownTransforms };
    this.#shown = next;
    this.#shownTransforms = this.#wanted;
    this.#next = undefined;
    this.#moved = undefined;
    this.#drop(before);
    return (node) => next.placeOf(originOf(node));
  }

  /** The tree shown before, when it is of these transforms and nodes, else a new one. */
  #treeOf(transforms: readonly Transform[], base: ColumnTree, functions: Functions): TransformedTree {
    const { tree, transforms: known = [] } = this.#previous ?? {};
    const isSame = known.length === transforms.length && known.every((each, at) => each === transforms[at]);
    if (tree === undefined || !isSame || tree.generation !== base.generation)
      return new TransformedTree(base, transforms, functions);
    tree.rebase(base);
    return tree;
  }

  /** Other weights of the same nodes below. */
  rebase(base: ColumnTree): void {
    this.#next?.rebase(base);
    if (this.#shown?.generation === base.generation) this.#shown.rebase(base);
  }

  /** The nodes below were made anew. */
  move(step: SuccessorOf, base: ColumnTree, functions: Functions): void {
    if (this.#shown !== undefined) {
      const originOf = this.#originOf;
      // Asked only of the few nodes that are open, chosen or zoomed into.
      this.#moved = (node) => step(originOf(node));
    }
    const given = this.#next;
    this.#next = new TransformedTree(base, this.#wanted, functions);
    this.#drop(given);
  }

  /** Whether a transformed tree is made of this one. */
  reads(tree: ColumnTree): boolean {
    return this.#shown?.source === tree || this.#next?.source === tree;
  }

  /** Gives the memory of trees that are shown no more to others. @param isRead whether somebody still reads one */
  releaseDropped(isRead: (tree: ColumnTree) => boolean): void {
    this.#dropped.release(isRead);
  }

  #drop(tree: TransformedTree | undefined): void {
    const isUsed = tree === this.#shown || tree === this.#next || tree === this.#previous?.tree;
    if (!isUsed) this.#dropped.add(tree);
  }

  get #originOf(): SuccessorOf {
    const shown = this.#shown;
    if (shown === undefined) return unmoved;
    return this.#moved ?? ((node) => shown.originOf(node));
  }
}
