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

/**
 * Change of a node's share against the time right before what is shown: the window before, of the whole run the last
 * 10 s against the 10 s before. Undefined while that time is not known for at least half of its length.
 */
export function shareChange(tree: CallTree, node: NodeId): number | undefined {
  const { compared } = tree;
  if (compared?.kind !== 'window before') return tree.shareDelta(node);
  const { now, before } = compared.seconds;
  const isKnown = before * 2 >= now && tree.totalNs(ROOT) > 0 && compared.totalNs(ROOT) > 0;
  return isKnown ? totalDifference(tree, compared, node).share : undefined;
}

/** The baseline that weights are shown as differences from; undefined when they stand for themselves. */
export function baselineOf({ compared }: CallTree): Compared | undefined {
  return compared?.kind === 'baseline' ? compared : undefined;
}

function difference(tree: CallTree, compared: Compared, nowNs: number, beforeNs: number): Difference {
  const { now, before } = compared.seconds;
  return {
    share: shareOf(nowNs, tree.totalNs(ROOT)) - shareOf(beforeNs, compared.totalNs(ROOT)),
    nsPerSecond: nowNs / now - beforeNs / before,
  };
}

function shareOf(ns: number, allNs: number): number {
  return allNs > 0 ? ns / allNs : 0;
}
