/** How a weight differs from what it is compared with, as a share and as time in a second. Pure. */
import { type CallTree, type Compared, type NodeId, ROOT } from './call-tree.ts';

export interface Difference {
  /** Share now minus share before, -1..1. */
  readonly share: number;
  /** Time in each second now minus time in each second before. */
  readonly nsPerSecond: number;
}

export function totalDifference(tree: CallTree, compared: Compared, node: NodeId): Difference {
  return difference(tree, compared, tree.totalNs(node), compared.totalNs(node));
}

export function selfDifference(tree: CallTree, compared: Compared, node: NodeId): Difference {
  return difference(tree, compared, tree.selfNs(node), compared.selfNs(node));
}

function difference(tree: CallTree, compared: Compared, nowNs: number, beforeNs: number): Difference {
  const shareOf = (ns: number, allNs: number) => (allNs > 0 ? ns / allNs : 0);
  const { now, before } = compared.seconds;
  return {
    share: shareOf(nowNs, tree.totalNs(ROOT)) - shareOf(beforeNs, compared.totalNs(ROOT)),
    nsPerSecond: nowNs / now - beforeNs / before,
  };
}
