/**
 * Questions to a recorded tree, in the words of the tests: who is under whom, and with how much weight.
 */
import type { RecordedNode } from './cli.ts';

/** Every node with the path that leads to it (root first, the node itself last). */
export function* paths(
  root: RecordedNode,
): Generator<{ readonly node: RecordedNode; readonly path: readonly RecordedNode[] }> {
  // Iterative: a recorded stack may be thousands of frames deep.
  const todo: { node: RecordedNode; path: readonly RecordedNode[] }[] = [{ node: root, path: [root] }];
  for (let next = todo.pop(); next !== undefined; next = todo.pop()) {
    yield next;
    for (const child of next.node.children) todo.push({ node: child, path: [...next.path, child] });
  }
}

export function nodesNamed(root: RecordedNode, name: string): RecordedNode[] {
  return [...paths(root)].filter(({ node }) => node.name === name).map(({ node }) => node);
}

/** Weight of the stacks that hold a function, each counted once however often it is in them. */
export function inclusiveNs(root: RecordedNode, name: string): number {
  return sumOf(root, ({ path, node }) => {
    const isOutermost = node.name === name && !path.slice(0, -1).some((each) => each.name === name);
    return isOutermost ? node.totalNs : 0;
  });
}

/** Share (0..1) of the tree under a function. */
export function inclusiveShare(root: RecordedNode, name: string): number {
  return inclusiveNs(root, name) / root.totalNs;
}

export function selfShare(root: RecordedNode, name: string): number {
  return sumOf(root, ({ node }) => (node.name === name ? node.selfNs : 0)) / root.totalNs;
}

/** Weight of the callee where it was called by exactly this caller. */
export function calledNs(root: RecordedNode, caller: string, callee: string): number {
  return sumOf(root, ({ node, path }) =>
    node.name === callee && path.at(-2)?.name === caller ? node.totalNs : 0,
  );
}

/** Share of what was seen in the kernel: named, folded into the marked node, or accounted as not sampled. */
export function kernelShare(root: RecordedNode): number {
  const isKernel = ({ kind, name }: RecordedNode) => kind === 'kernel' || name.startsWith('[kernel');
  return sumOf(root, ({ node }) => (isKernel(node) ? node.selfNs : 0)) / root.totalNs;
}

/** Names from the root's child to the node, joined: `main › serve › read`; the heaviest first. */
export function chainTo(root: RecordedNode, name: string): string[] {
  const found = [...paths(root)]
    .filter(({ node }) => node.name === name)
    .sort((a, b) => b.node.totalNs - a.node.totalNs);
  return found.map(({ path }) =>
    path
      .slice(1)
      .map((node) => node.name)
      .join(' › '),
  );
}

type Visited = { readonly node: RecordedNode; readonly path: readonly RecordedNode[] };

function sumOf(root: RecordedNode, weigh: (visited: Visited) => number): number {
  let sum = 0;
  for (const visited of paths(root)) sum += weigh(visited);
  return sum;
}
