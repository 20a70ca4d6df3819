/** Sums of nodes into their parents, in slices. Pure. */
import type { NodeId } from './call-tree.ts';

/**
 * Goes down in id: children have larger ids than their parent, so a node is whole when it is its turn.
 * @param at its `node` is the next one, and stays so between the slices
 * @param end left out, as it is by `add`, which adds the nodes from `first` down to `end` to their parents
 * @returns whether all of them are
 */
export function addUpInSlices(
  at: { node: NodeId },
  end: NodeId,
  nodesPerLook: number,
  add: (first: NodeId, end: NodeId) => void,
  isOver: () => boolean,
): boolean {
  while (at.node > end) {
    const next = Math.max(end, at.node - nodesPerLook);
    add(at.node, next);
    at.node = next;
    if (at.node > end && isOver()) return false;
  }
  return true;
}
