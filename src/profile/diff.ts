/**
 * Two profiles as one tree: each stack of names once, with its weight in both. Modules are no part of the key, since other
 * tools' files have none. Pure.
 */
import { type CallTree, type NodeId, ROOT } from './call-tree.ts';
import type { ProfileFunction } from './functions.ts';

export interface Weights {
  readonly totalNs: number;
  readonly selfNs: number;
}

export interface DiffNode {
  /** As the first of the two trees that has it names it. */
  readonly function: ProfileFunction;
  readonly depth: number;
  /** In the first profile and in the second. */
  readonly weights: readonly [Weights, Weights];
  readonly children: readonly DiffNode[];
}

const nothing: Weights = { totalNs: 0, selfNs: 0 };

/** @returns the root of both */
export function diffTrees(first: CallTree, second: CallTree): DiffNode {
  const root = newNode(first, ROOT, 0);
  const byName = new Map<MutableNode, Map<string, MutableNode>>();
  for (const [side, tree] of [first, second].entries()) {
    const nodes: MutableNode[] = [root];
    // A parent stands before its children.
    for (let node = ROOT; node < tree.nodeCount; node++) {
      const here =
        node === ROOT ? root : childOf(nodes[tree.parentOf(node)] as MutableNode, tree, node, byName);
      nodes[node] = here;
      // Two modules may have functions of one name.
      const before = here.weights[side as 0 | 1];
      here.weights[side as 0 | 1] = {
        totalNs: before.totalNs + tree.totalNs(node),
        selfNs: before.selfNs + tree.selfNs(node),
      };
    }
  }
  return root;
}

interface MutableNode extends DiffNode {
  readonly weights: [Weights, Weights];
  readonly children: MutableNode[];
}

function newNode(tree: CallTree, node: NodeId, depth: number): MutableNode {
  return { function: tree.functionOf(node), depth, weights: [nothing, nothing], children: [] };
}

function childOf(
  parent: MutableNode,
  tree: CallTree,
  node: NodeId,
  byName: Map<MutableNode, Map<string, MutableNode>>,
): MutableNode {
  const siblings = byName.get(parent) ?? new Map<string, MutableNode>();
  byName.set(parent, siblings);
  const { name } = tree.functionOf(node);
  const known = siblings.get(name);
  if (known !== undefined) return known;
  const made = newNode(tree, node, parent.depth + 1);
  siblings.set(name, made);
  parent.children.push(made);
  return made;
}

export interface FunctionDiff {
  readonly function: ProfileFunction;
  readonly selfNs: readonly [number, number];
}

/** Time of its own of each function, by name, wherever it was called. */
export function diffFunctions(root: DiffNode): readonly FunctionDiff[] {
  const byName = new Map<string, { function: ProfileFunction; selfNs: [number, number] }>();
  const todo: DiffNode[] = [root];
  for (let node = todo.pop(); node !== undefined; node = todo.pop()) {
    const row = byName.get(node.function.name) ?? { function: node.function, selfNs: [0, 0] };
    byName.set(node.function.name, row);
    for (const side of [0, 1] as const) row.selfNs[side] += node.weights[side].selfNs;
    todo.push(...node.children);
  }
  return [...byName.values()];
}
