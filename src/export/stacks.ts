/** Folded stacks of a profile for formats that write stacks: named and marked as on screen, root first. Pure. */
import type { Thread } from '../profile/batch.ts';
import { type CallTree, type NodeId, ROOT } from '../profile/call-tree.ts';
import type { ProfileFunction } from '../profile/functions.ts';
import type { Profile } from '../profile/profile.ts';

/** The stack that ends at a node, with the weight of one thread there. */
export interface StackRow {
  readonly node: NodeId;
  /** Whole ns: formats keep integers. */
  readonly weightNs: number;
  /** 0 for time that no sample carries. */
  readonly samples: number;
}

export interface ThreadStacks {
  readonly thread: Thread;
  readonly weightNs: number;
  /** A node stands here once. */
  readonly rows: readonly StackRow[];
}

/** Time that no sample carries belongs to the process, not to a thread. */
export const processThread: Thread = { tid: 0, name: '[process]' };

/** As one word: `name-tid`. */
export function threadLabel(thread: Thread): string {
  return thread === processThread ? thread.name : `${thread.name}-${thread.tid}`;
}

/** The functions of a stack, root first, without the root node; time of the root itself stands under its own name. */
export function pathOf(tree: CallTree, node: NodeId): ProfileFunction[] {
  if (node === ROOT) return [tree.functionOf(ROOT)];
  const path: ProfileFunction[] = [];
  for (let at = node; at > ROOT; at = tree.parentOf(at)) path.push(tree.functionOf(at));
  return path.reverse();
}

/** Every node that has weight of its own, all threads together. */
export function stacks(profile: Profile): StackRow[] {
  const { tree } = profile;
  const rows: StackRow[] = [];
  const whole = wholeSteps();
  for (let node = ROOT; node < tree.nodeCount; node++) {
    const weightNs = whole(tree.selfNs(node));
    if (weightNs > 0) rows.push({ node, weightNs, samples: ownSamples(tree, node) });
  }
  return rows;
}

function ownSamples(tree: CallTree, node: NodeId): number {
  const below = tree.childrenOf(node).reduce((sum, child) => sum + tree.samplesOf(child), 0);
  return tree.samplesOf(node) - below;
}

/** The same by thread, heaviest thread first; the time that no sample carries comes last. */
export function stacksByThread(profile: Profile): ThreadStacks[] {
  const byThread = new Map<Thread, Map<NodeId, { weightNs: number; samples: number }>>();
  for (const { thread, node, weightNs, samples } of profile.placedStacks()) {
    const rows = byThread.get(thread) ?? new Map<NodeId, { weightNs: number; samples: number }>();
    byThread.set(thread, rows);
    const row = rows.get(node) ?? { weightNs: 0, samples: 0 };
    rows.set(node, row);
    row.weightNs += weightNs;
    row.samples += samples;
  }
  const unsampled = profile.unsampled();
  if (unsampled.length > 0) {
    const rows = unsampled.map(({ node, weightNs }) => [node, { weightNs, samples: 0 }] as const);
    byThread.set(processThread, new Map(rows));
  }
  const whole = wholeSteps();
  const threads = Array.from(byThread, ([thread, rows]): ThreadStacks => {
    const wholeRows = Array.from(rows, ([node, row]) => ({ ...row, node, weightNs: whole(row.weightNs) }));
    return { thread, weightNs: wholeRows.reduce((sum, row) => sum + row.weightNs, 0), rows: wholeRows };
  });
  const isProcess = ({ thread }: ThreadStacks): number => Number(thread === processThread);
  return threads.sort((a, b) => isProcess(a) - isProcess(b) || b.weightNs - a.weightNs);
}

/** Rounds weights one after another so that at each point their sum is the rounded sum of the exact ones. */
function wholeSteps(): (weightNs: number) => number {
  let exact = 0;
  let written = 0;
  return (weightNs) => {
    exact += weightNs;
    const step = Math.round(exact) - written;
    written += step;
    return step;
  };
}
