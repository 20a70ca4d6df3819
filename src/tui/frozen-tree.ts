/**
 * A call tree as it was at one instant: what a paused view shows while the living tree goes on. Weights are copied, which
 * costs a few milliseconds per hundred thousand nodes, once; the nodes are those of the living tree, without newer ones.
 */
import { arrayPool } from '../profile/array-pool.ts';
import { type ColumnTree, type Compared, ROOT } from '../profile/call-tree.ts';
import type { Functions } from '../profile/functions.ts';
import { bucketCount, shareDelta } from '../profile/history.ts';
import { ChildLists } from '../profile/path-tree.ts';

export interface FrozenTree extends ColumnTree {
  /** Gives its memory to other trees: nobody reads this one any more. */
  release(): void;
}

export function freezeTree(tree: ColumnTree, functions: Functions): FrozenTree {
  const { version, generation, compared, nodeCount: size, shape, places } = tree;
  const { selfNs, selfSamples, totalNs, samples } = tree.weights;
  const weights = {
    selfNs: copyOf(selfNs, size),
    selfSamples: copyOf(selfSamples, size),
    totalNs: copyOf(totalNs, size),
    samples: copyOf(samples, size),
  };
  const root = tree.functionOf(ROOT);
  const lists = new ChildLists(size);
  const history = tree.keepHistories();
  const row = new Float64Array(bucketCount);
  const all = new Float64Array(bucketCount);
  return {
    version,
    compared: compared && copyCompared(compared, size),
    generation,
    nodeCount: size,
    shape,
    places,
    weights,
    parentOf: (node) => shape.parent[node] ?? -1,
    depthOf: (node) => shape.depth[node] ?? 0,
    totalNs: (node) => weights.totalNs[node] ?? 0,
    selfNs: (node) => weights.selfNs[node] ?? 0,
    samplesOf: (node) => weights.samples[node] ?? 0,
    selfSamplesOf: (node) => weights.selfSamples[node] ?? 0,
    functionOf: (node) => (node === ROOT ? root : functions.at(shape.functionId[node] ?? 0)),
    childrenOf: (node) => lists.of(node, shape),
    shareDelta(node) {
      history(node, row);
      history(ROOT, all);
      return shareDelta(row, all);
    },
    history,
    keepHistories: () => history,
    release: () => arrayPool.giveBack(...Object.values(weights)),
  };
}

function copyOf(column: Float64Array, length: number): Float64Array {
  const copy = arrayPool.unset.float64(length);
  copy.set(column.subarray(0, length));
  return copy;
}

function copyCompared(compared: Compared, nodes: number): Compared {
  const [totalNs, selfNs] = [new Float64Array(nodes), new Float64Array(nodes)];
  for (let node = ROOT; node < nodes; node++) {
    totalNs[node] = compared.totalNs(node);
    selfNs[node] = compared.selfNs(node);
  }
  const { kind, seconds } = compared;
  return { kind, seconds, totalNs: (node) => totalNs[node] ?? 0, selfNs: (node) => selfNs[node] ?? 0 };
}
