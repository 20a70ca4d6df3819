/**
 * Looking for names in the call tree: what matches, how much time is under it, and where the next match is.
 * Matches are found in closed parts too; their ancestors are known, so a walk enters only what leads to one.
 */
import { type CallTree, type NodeId, ROOT } from '../profile/call-tree.ts';
import { matcherOf, type NameQuery } from '../profile/name-query.ts';

export interface FindResult {
  readonly nodes: ReadonlySet<NodeId>;
  /** Nodes that have a match below them. */
  readonly above: ReadonlySet<NodeId>;
  readonly functions: number;
  /** Share of all time under a match, 0..1; a match inside another one counts once. */
  readonly share: number;
}

const nothing: FindResult = { nodes: new Set(), above: new Set(), functions: 0, share: 0 };

/** Walks the whole tree once; a parent has a smaller id than its children (profile/call-tree.ts). */
export function findAll(tree: CallTree, query: NameQuery): FindResult {
  if (query.text === '') return nothing;
  const matches = matcherOf(query);
  const byFunction = new Map<number, boolean>();
  const nodes = new Set<NodeId>();
  const above = new Set<NodeId>();
  const within = new Uint8Array(tree.nodeCount);
  let weightNs = 0;
  for (let node = ROOT; node < within.length; node++) {
    const func = tree.functionOf(node);
    let isMatch = byFunction.get(func.id);
    if (isMatch === undefined) {
      isMatch = func.kind !== 'root' && matches(func);
      byFunction.set(func.id, isMatch);
    }
    const isInside = node !== ROOT && within[tree.parentOf(node)] === 1;
    within[node] = isMatch || isInside ? 1 : 0;
    if (!isMatch) continue;
    nodes.add(node);
    if (!isInside) weightNs += tree.totalNs(node);
    for (let at = tree.parentOf(node); at >= 0 && !above.has(at); at = tree.parentOf(at)) above.add(at);
  }
  const functions = [...byFunction.values()].filter(Boolean).length;
  const allNs = tree.totalNs(ROOT);
  return { nodes, above, functions, share: allNs > 0 ? weightNs / allNs : 0 };
}

/**
 * Matches below `base` in the order of the screen, closed parts too.
 * @param childrenOf children in the order of the screen
 */
export function matchesInOrder(
  result: FindResult,
  base: NodeId,
  childrenOf: (node: NodeId) => readonly NodeId[],
): NodeId[] {
  const found: NodeId[] = [];
  const stack = [base];
  for (let node = stack.pop(); node !== undefined; node = stack.pop()) {
    if (result.nodes.has(node)) found.push(node);
    if (!result.above.has(node)) continue;
    const children = childrenOf(node);
    for (let i = children.length - 1; i >= 0; i--) {
      const child = children[i] as NodeId;
      if (result.nodes.has(child) || result.above.has(child)) stack.push(child);
    }
  }
  return found;
}
