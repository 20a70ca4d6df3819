/**
 * The transformed tree that is shown and the one that is being worked out: the first stays on the screen, whole, until
 * the second is done. Knows where every shown node came from, so that cursors find it again in the next tree.
 */
import type { CallTree, NodeId } from '../profile/call-tree.ts';
import type { Functions } from '../profile/functions.ts';
import type { Transform } from '../profile/transform.ts';
import { TransformedTree } from '../profile/transformed-tree.ts';

export type SuccessorOf = (node: NodeId) => NodeId;

export const unmoved: SuccessorOf = (node) => node;

export class TransformedSource {
  #shown: TransformedTree | undefined;
  #next: TransformedTree | undefined;
  #wanted: readonly Transform[] = [];
  /** The node of the tree below that each shown node was made of, once those have been made anew. */
  #moved: Int32Array | undefined;

  get shown(): TransformedTree | undefined {
    return this.#shown;
  }

  get isActive(): boolean {
    return this.#shown !== undefined || this.#next !== undefined;
  }

  get isTransforming(): boolean {
    return this.#next !== undefined;
  }

  want(transforms: readonly Transform[], base: CallTree, functions: Functions): SuccessorOf | undefined {
    this.#wanted = transforms;
    this.#next = transforms.length === 0 ? undefined : new TransformedTree(base, transforms, functions);
    if (this.#next !== undefined || this.#shown === undefined) return undefined;
    const originOf = this.#originOf;
    this.#shown = undefined;
    this.#moved = undefined;
    return originOf;
  }

  step(isOver: () => boolean): boolean {
    return (this.#next ?? this.#shown)?.step(isOver) ?? true;
  }

  show(): SuccessorOf | undefined {
    const next = this.#next;
    if (next === undefined || !next.isSummed || next.isOutdated) return undefined;
    const originOf = this.#originOf;
    this.#shown = next;
    this.#next = undefined;
    this.#moved = undefined;
    return (node) => next.placeOf(originOf(node));
  }

  /** Other weights of the same nodes below. */
  rebase(base: CallTree): void {
    this.#next?.rebase(base);
    if (this.#shown?.generation === base.generation) this.#shown.rebase(base);
  }

  /** The nodes below were made anew. */
  move(step: SuccessorOf, base: CallTree, functions: Functions): void {
    const shown = this.#shown;
    if (shown !== undefined) {
      const origins =
        this.#moved ?? Int32Array.from({ length: shown.nodeCount }, (_, node) => shown.originOf(node));
      this.#moved = origins.map(step);
    }
    this.#next = new TransformedTree(base, this.#wanted, functions);
  }

  get #originOf(): SuccessorOf {
    const shown = this.#shown;
    const moved = this.#moved;
    if (shown === undefined) return unmoved;
    return (node) => moved?.[node] ?? shown.originOf(node);
  }
}
