/**
 * The threads as a flat tree: below the root one node per thread, by thread index + 1. Read from the living profile,
 * or from a copy of what it said at one instant.
 */
import type { BoundedTree } from './bounded-tree.ts';
import { type CallTree, type NodeId, ROOT } from './call-tree.ts';
import type { ProfileFunction } from './functions.ts';
import { bucketCount, shareDelta } from './history.ts';
import type { Profile } from './profile.ts';

/** What the list is made of; `thread` -1 is all of them. */
export interface ThreadFigures {
  /** Thread indexes below this may have weight. */
  readonly length: number;
  readonly version: number;
  readonly generation: number;
  readonly nowBucket: number;
  /** A part of the run that stands still: how long it is, and histories are those of its time. */
  readonly windowSeconds?: number | undefined;
  weightNs(thread: number): number;
  samples(thread: number): number;
  history(thread: number, out: Float64Array): void;
}

export function livingFigures(profile: Profile): ThreadFigures {
  const { tree, threadTotals, nowBucket } = profile;
  return {
    length: threadTotals.length,
    version: tree.version,
    generation: tree.generation,
    nowBucket,
    weightNs: (thread) => (thread < 0 ? tree.totalNs(ROOT) : threadTotals.weightNs(thread)),
    samples: (thread) => (thread < 0 ? tree.samplesOf(ROOT) : threadTotals.samples(thread)),
    history: (thread, out) =>
      thread < 0 ? tree.history(ROOT, out) : threadTotals.history(thread, nowBucket, out),
  };
}

/**
 * Of a part of the run. What ends now has the recent histories of the whole run, what stands still those of its own time.
 * @param nowSecond the newest second of the run
 */
export function boundedFigures(tree: BoundedTree, living: ThreadFigures, nowSecond: number): ThreadFigures {
  const all = tree.threadWeights;
  const { window } = tree.bounds;
  const ofWindow = (thread: number, out: Float64Array) =>
    out.set((thread < 0 ? all.totalRecent : all.recent[thread]) ?? new Float64Array(bucketCount));
  return {
    ...living,
    version: tree.version,
    windowSeconds: window && Math.max(1, Math.min(window.to, nowSecond + 1) - window.from),
    history: window === undefined ? living.history : ofWindow,
    weightNs: (thread) => (thread < 0 ? all.totalNs : (all.weightNs[thread] ?? 0)),
    samples: (thread) => (thread < 0 ? all.totalSamples : (all.samples[thread] ?? 0)),
  };
}

export function frozenFigures(living: ThreadFigures): ThreadFigures {
  const rows = Array.from({ length: living.length + 1 }, (_, row) => {
    const recent = new Float64Array(bucketCount);
    living.history(row - 1, recent);
    return { weightNs: living.weightNs(row - 1), samples: living.samples(row - 1), recent };
  });
  const { length, version, generation, nowBucket, windowSeconds } = living;
  return {
    length,
    version,
    generation,
    nowBucket,
    windowSeconds,
    weightNs: (thread) => rows[thread + 1]?.weightNs ?? 0,
    samples: (thread) => rows[thread + 1]?.samples ?? 0,
    history: (thread, out) => out.set(rows[thread + 1]?.recent ?? new Float64Array(bucketCount)),
  };
}

export class ThreadList implements CallTree {
  readonly #figures: () => ThreadFigures;
  readonly #functionOf: (thread: number) => ProfileFunction;
  #nodes: NodeId[] = [];
  readonly #rowBuckets = new Float64Array(bucketCount);
  readonly #rootBuckets = new Float64Array(bucketCount);

  /** @param functionOf what a thread is called; -1 asks for the root's name */
  constructor(figures: () => ThreadFigures, functionOf: (thread: number) => ProfileFunction) {
    this.#figures = figures;
    this.#functionOf = functionOf;
  }

  get version(): number {
    return this.#figures().version;
  }

  get generation(): number {
    return this.#figures().generation;
  }

  get nodeCount(): number {
    return this.#figures().length + 1;
  }

  parentOf(node: NodeId): NodeId {
    return node === ROOT ? -1 : ROOT;
  }

  childrenOf(node: NodeId): readonly NodeId[] {
    if (node !== ROOT) return [];
    const { length } = this.#figures();
    if (this.#nodes.length !== length) this.#nodes = Array.from({ length }, (_, thread) => thread + 1);
    return this.#nodes;
  }

  depthOf(node: NodeId): number {
    return node === ROOT ? 0 : 1;
  }

  totalNs(node: NodeId): number {
    return this.#figures().weightNs(node - 1);
  }

  selfNs(node: NodeId): number {
    return node === ROOT ? 0 : this.totalNs(node);
  }

  samplesOf(node: NodeId): number {
    return this.#figures().samples(node - 1);
  }

  selfSamplesOf(node: NodeId): number {
    return node === ROOT ? 0 : this.samplesOf(node);
  }

  functionOf(node: NodeId): ProfileFunction {
    return this.#functionOf(node - 1);
  }

  history(node: NodeId, out: Float64Array): void {
    this.#figures().history(node - 1, out);
  }

  shareDelta(node: NodeId): number | undefined {
    this.history(node, this.#rowBuckets);
    this.history(ROOT, this.#rootBuckets);
    return shareDelta(this.#rowBuckets, this.#rootBuckets);
  }
}
