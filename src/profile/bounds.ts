/** What a bounded tree is asked for, and what it is summed from. */
import type { ColumnTree, Compared, NodeId } from './call-tree.ts';
import type { RowSelection } from './row-selection.ts';
import type { StackWeights } from './stack-weights.ts';
import type { Seconds } from './time-span.ts';

export interface BoundedTreeSource {
  readonly tree: ColumnTree & { readonly nowBucket: number };
  readonly weights: StackWeights;
  /** The node of a stack, or undefined while it is not placed. */
  nodeOf(stack: number): NodeId | undefined;
}

/** What counts. */
export interface Bounds {
  /** Thread indexes; empty for all of them. */
  readonly threads: ReadonlySet<number>;
  /** What is shown as the name of the root. */
  readonly label: string;
  /** Asked for at the beginning of each pass. */
  rows(): RowSelection;
  /** A part of the run that stands still: histories are those of its own time, not of the last 30 s. */
  readonly window?: Seconds | undefined;
  /** What it is compared with, on the same nodes. */
  readonly compared?: {
    readonly kind: Compared['kind'];
    rows(): RowSelection;
    seconds(): Compared['seconds'];
  };
}
