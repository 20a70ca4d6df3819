/**
 * Folded stacks of a profile for formats that write stacks: named and marked as on screen, root first. In columns, since
 * there may be as many rows as samples. Pure.
 */
import type { Thread } from '../profile/batch.ts';
import { type CallTree, type NodeId, ROOT } from '../profile/call-tree.ts';
import { Column, float64, uint32 } from '../profile/column.ts';
import type { ProfileFunction } from '../profile/functions.ts';
import type { Profile } from '../profile/profile.ts';

/** Stacks by the node that they end at, each once, with the weight of their own there. */
export interface StackRows {
  readonly nodes: Uint32Array;
  /** Whole ns: formats keep integers. */
  readonly weightsNs: Float64Array;
  /** 0 for time that no sample carries. */
  readonly samples: Float64Array;
}

export interface ThreadStacks extends StackRows {
  readonly thread: Thread;
  readonly weightNs: number;
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
export function stacks({ tree }: Profile): StackRows {
  const rows = new RowColumns();
  const whole = wholeSteps();
  for (let node = ROOT; node < tree.nodeCount; node++) {
    const weightNs = whole(tree.selfNs(node));
    if (weightNs > 0) rows.push(node, weightNs, ownSamples(tree, node));
  }
  return rows.read();
}

function ownSamples(tree: CallTree, node: NodeId): number {
  const below = tree.childrenOf(node).reduce((sum, child) => sum + tree.samplesOf(child), 0);
  return tree.samplesOf(node) - below;
}

/**
 * The same by thread, heaviest thread first; the time that no sample carries comes last.
 * @param spans only what these engine spans saw, without the time that no sample carries: it is no single span's
 */
export function stacksByThread(profile: Profile, spans?: ReadonlySet<number>): ThreadStacks[] {
  const byThread = new Map<Thread, RowColumns>();
  for (const { thread, node, weightNs, samples, span: from } of profile.placedStacks()) {
    if (spans?.has(from) === false) continue;
    const rows = byThread.get(thread) ?? new RowColumns();
    byThread.set(thread, rows);
    rows.push(node, weightNs, samples);
  }
  for (const { node, weightNs } of spans === undefined ? profile.unsampled() : []) {
    const rows = byThread.get(processThread) ?? new RowColumns();
    byThread.set(processThread, rows);
    rows.push(node, weightNs, 0);
  }
  const whole = wholeSteps();
  const rowOfNode = new Int32Array(profile.tree.nodeCount).fill(-1);
  const threads = Array.from(byThread, ([thread, rows]): ThreadStacks => {
    const read = rows.merged(rowOfNode).read();
    for (const [i, weightNs] of read.weightsNs.entries()) read.weightsNs[i] = whole(weightNs);
    return { ...read, thread, weightNs: read.weightsNs.reduce((sum, weightNs) => sum + weightNs, 0) };
  });
  const isProcess = ({ thread }: ThreadStacks): number => Number(thread === processThread);
  return threads.sort((a, b) => isProcess(a) - isProcess(b) || b.weightNs - a.weightNs);
}

class RowColumns {
  readonly #nodes = new Column(uint32);
  readonly #weightsNs = new Column(float64);
  readonly #samples = new Column(float64);

  push(node: NodeId, weightNs: number, samples: number): number {
    this.#weightsNs.push(weightNs);
    this.#samples.push(samples);
    return this.#nodes.push(node);
  }

  /** Folding puts several stacks of capture at one node: their rows become one. `rowOfNode` is -1, before and after. */
  merged(rowOfNode: Int32Array): RowColumns {
    const merged = new RowColumns();
    for (let i = 0; i < this.#nodes.length; i++) {
      const node = this.#nodes.at(i);
      const row = rowOfNode[node] as number;
      if (row < 0) rowOfNode[node] = merged.push(node, this.#weightsNs.at(i), this.#samples.at(i));
      else {
        merged.#weightsNs.add(row, this.#weightsNs.at(i));
        merged.#samples.add(row, this.#samples.at(i));
      }
    }
    for (let i = 0; i < merged.#nodes.length; i++) rowOfNode[merged.#nodes.at(i)] = -1;
    return merged;
  }

  read(): StackRows {
    return {
      nodes: this.#nodes.values.subarray(0, this.#nodes.length),
      weightsNs: this.#weightsNs.values.subarray(0, this.#weightsNs.length),
      samples: this.#samples.values.subarray(0, this.#samples.length),
    };
  }
}

/** Rounds weights one after another so that at each point their sum is the rounded sum of the exact ones. */
export function wholeSteps(): (weightNs: number) => number {
  let exact = 0;
  let written = 0;
  return (weightNs) => {
    exact += weightNs;
    const step = Math.round(exact) - written;
    written += step;
    return step;
  };
}
