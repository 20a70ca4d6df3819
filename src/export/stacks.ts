/** Folded stacks of a profile for formats that write stacks: named and marked as on screen, root first. Pure. */
import { type CallTree, type NodeId, ROOT } from '../profile/call-tree.ts';
import type { ProfileFunction } from '../profile/functions.ts';
import type { Profile } from '../profile/profile.ts';

export interface FoldedStack {
  /** `name-tid`, only when stacks are kept apart by thread. */
  readonly thread: string | undefined;
  /** Root first, without the root node itself. */
  readonly functions: readonly ProfileFunction[];
  readonly weightNs: number;
}

function pathOf(tree: CallTree, node: NodeId): ProfileFunction[] {
  const path: ProfileFunction[] = [];
  for (let at = node; at > ROOT; at = tree.parentOf(at)) path.push(tree.functionOf(at));
  return path.reverse();
}

/** One stack per node that has weight of its own. */
export function foldedStacks(profile: Profile): FoldedStack[] {
  const { tree } = profile;
  const stacks: FoldedStack[] = [];
  for (let node = ROOT + 1; node < tree.nodeCount; node++) {
    const weightNs = tree.selfNs(node);
    if (weightNs > 0) stacks.push({ thread: undefined, functions: pathOf(tree, node), weightNs });
  }
  return stacks;
}

/** One stack per thread and node; time that no sample carries belongs to the process, not to a thread. */
export function foldedStacksByThread(profile: Profile): FoldedStack[] {
  const { tree } = profile;
  const weights = new Map<string, Map<NodeId, number>>();
  for (const { thread, node, weightNs } of profile.placedStacks()) {
    const key = `${thread.name}-${thread.tid}`;
    const nodes = weights.get(key) ?? new Map<NodeId, number>();
    nodes.set(node, (nodes.get(node) ?? 0) + weightNs);
    weights.set(key, nodes);
  }
  const stacks: FoldedStack[] = [];
  for (const [thread, nodes] of weights) {
    for (const [node, weightNs] of nodes) stacks.push({ thread, functions: pathOf(tree, node), weightNs });
  }
  return [
    ...stacks,
    ...profile.unsampled().map(({ node, weightNs }) => unsampledStack(tree, node, weightNs)),
  ];
}

function unsampledStack(tree: CallTree, node: NodeId, weightNs: number): FoldedStack {
  return { thread: '[process]', functions: pathOf(tree, node), weightNs };
}
