/**
 * The call tree with the weight of some threads, or of some time, only. Its nodes are those of the whole tree, so whatever
 * names a node means the same in both. Summed from the measured rows in slices; it says what the last whole pass found.
 */
import { addUpInSlices } from './add-up.ts';
import { BoundedHistory, twelfthsOf } from './bounded-history.ts';
import type { BoundedTreeSource, Bounds } from './bounds.ts';
import type { ColumnTree, Compared, NodeId, NodeWeights, ReadHistory } from './call-tree.ts';
import { ROOT } from './call-tree.ts';
import type { FunctionPlaces } from './function-places.ts';
import type { ProfileFunction } from './functions.ts';
import { bucketCount, shareDelta } from './history.ts';
import { NodeSums } from './node-sums.ts';
import type { NodeShape } from './path-tree.ts';
import { runPieces } from './pieces.ts';
import type { RowSelection } from './row-selection.ts';

const nodesPerLook = 2048;

/** What each thread spent in that time, whether it is one of those that count or not. */
interface ThreadWeights {
  totalNs: number;
  totalSamples: number;
  readonly weightNs: number[];
  readonly samples: number[];
  /** Of a window that stands still: its twelfths, by thread and of all. */
  readonly recent: Float64Array[];
  readonly totalRecent: Float64Array;
}

interface Sums {
  readonly generation: number;
  readonly version: number;
  readonly own: NodeSums;
  readonly compared: NodeSums | undefined;
  readonly threads: ThreadWeights;
  /** By measured row: what of it is in the time that counts, of whatever thread. */
  readonly rowNs: Float64Array;
}

interface Pass {
  readonly sums: Sums;
  /** Still to be added. */
  readonly selections: { readonly rows: RowSelection; readonly to: NodeSums }[];
  /** Then, going down, the next node to be added to its parent. */
  node: NodeId;
}

export class BoundedTree implements ColumnTree {
  version = 0;
  readonly bounds: Bounds;
  readonly #source: BoundedTreeSource;
  #sums: Sums;
  /** What is said of nodes that nothing is known of. */
  readonly #noSums: Sums;
  #beginning: { readonly generation: number; readonly pass: Generator<void, Pass> } | undefined;
  #pass: Pass | undefined;
  /** Its own; undefined when those of the whole tree are shown. */
  readonly #history: BoundedHistory | undefined;
  readonly #rowBuckets = new Float64Array(bucketCount);
  readonly #rootBuckets = new Float64Array(bucketCount);

  constructor(source: BoundedTreeSource, bounds: Bounds) {
    this.#source = source;
    this.bounds = bounds;
    const hasOwnHistory = bounds.threads.size > 0 || bounds.window !== undefined;
    this.#history = hasOwnHistory ? new BoundedHistory(source, bounds) : undefined;
    this.#noSums = this.#emptySums();
    this.#sums = this.#noSums;
  }

  get generation(): number {
    return this.#source.tree.generation;
  }

  get nodeCount(): number {
    return this.#source.tree.nodeCount;
  }

  get isCurrent(): boolean {
    const { version, generation } = this.#source.tree;
    return this.#pass === undefined && this.#sums.version === version && this.#sums.generation === generation;
  }

  /** Nothing is known of the nodes there are now. */
  get isOutdated(): boolean {
    return this.#sums.generation !== this.#source.tree.generation || this.#sums.version < 0;
  }

  get compared(): Compared | undefined {
    const { compared } = this.bounds;
    return compared && this.#current.compared?.asCompared(compared.kind, compared.seconds());
  }

  get shape(): NodeShape {
    return this.#source.tree.shape;
  }

  get places(): FunctionPlaces {
    return this.#source.tree.places;
  }

  get weights(): NodeWeights {
    return this.#current.own;
  }

  /** What of each measured row is in the time that counts, of whatever thread. */
  get rowNs(): Float64Array {
    return this.#current.rowNs;
  }

  get threadWeights(): Readonly<ThreadWeights> {
    return this.#current.threads;
  }

  parentOf(node: NodeId): NodeId {
    return this.#source.tree.parentOf(node);
  }

  childrenOf(node: NodeId): readonly NodeId[] {
    return this.#source.tree.childrenOf(node);
  }

  depthOf(node: NodeId): number {
    return this.#source.tree.depthOf(node);
  }

  totalNs(node: NodeId): number {
    return this.#current.own.totalNs[node] ?? 0;
  }

  selfNs(node: NodeId): number {
    return this.#current.own.selfNs[node] ?? 0;
  }

  samplesOf(node: NodeId): number {
    return this.#current.own.samples[node] ?? 0;
  }

  selfSamplesOf(node: NodeId): number {
    return this.#current.own.selfSamples[node] ?? 0;
  }

  functionOf(node: NodeId): ProfileFunction {
    const func = this.#source.tree.functionOf(node);
    return node === ROOT ? { ...func, name: this.bounds.label } : func;
  }

  /** Of the threads that count: of a window that stands still its own time, else the last 30 s. */
  history(node: NodeId, out: Float64Array): boolean {
    return this.#history === undefined ? this.#source.tree.history(node, out) : this.#history.read(node, out);
  }

  keepHistories(): ReadHistory {
    return this.#history === undefined ? this.#source.tree.keepHistories() : this.#history.keep();
  }

  get isHistoryCurrent(): boolean {
    return this.#history?.isCurrent !== false;
  }

  shareDelta(node: NodeId): number | undefined {
    this.history(node, this.#rowBuckets);
    this.history(ROOT, this.#rootBuckets);
    return shareDelta(this.#rowBuckets, this.#rootBuckets);
  }

  /** Works on a pass, and begins one when the whole tree has changed. @returns whether it is as new as it was then */
  step(isOver: () => boolean): boolean {
    if (this.isCurrent) return true;
    this.#pass = this.#passOfNow(isOver);
    const pass = this.#pass;
    if (pass === undefined || !this.#addSelections(pass, isOver)) return false;
    const { parent } = this.#source.tree.shape;
    const { own, compared } = pass.sums;
    const add = (first: NodeId, end: NodeId) => {
      own.addUp(parent, first, end);
      compared?.addUp(parent, first, end);
    };
    if (!addUpInSlices(pass, -1, nodesPerLook, add, isOver)) return false;
    releaseSums(this.#sums);
    this.#sums = pass.sums;
    this.#pass = undefined;
    this.version++;
    this.#history?.refresh(pass.sums.own.length);
    return true;
  }

  /** Works on histories of its own: the weights do not wait for them. @returns whether there is nothing left to do */
  stepHistory(isOver: () => boolean): boolean {
    return this.#history?.step((row, nodes) => this.#nodeOf(row, nodes), isOver) ?? true;
  }

  /** Gives its memory to other trees: nobody reads this one any more. */
  release(): void {
    this.#giveUp();
    releaseSums(this.#sums);
    this.#sums = this.#noSums;
    this.#history?.release();
  }

  #giveUp(): void {
    if (this.#pass !== undefined) releaseSums(this.#pass.sums);
    this.#pass = undefined;
    this.#beginning = undefined;
  }

  /** Sums of nodes that were made anew since mean nothing. */
  get #current(): Sums {
    return this.#sums.generation === this.#source.tree.generation ? this.#sums : this.#noSums;
  }

  /** The pass under way over the nodes there are now; undefined while its sums are still to be made. */
  #passOfNow(isOver: () => boolean): Pass | undefined {
    const { generation } = this.#source.tree;
    const known = this.#pass?.sums ?? this.#beginning;
    if (known?.generation !== generation) this.#giveUp();
    if (this.#pass !== undefined) return this.#pass;
    this.#beginning ??= { generation, pass: this.#begin() };
    const begun = runPieces(this.#beginning.pass, isOver);
    if (!begun.isDone) return undefined;
    this.#beginning = undefined;
    return begun.made;
  }

  /** What comes while its sums are made waits for the next pass. */
  *#begin(): Generator<void, Pass> {
    const { tree, weights } = this.#source;
    const { version, nodeCount } = tree;
    const rowNs = new Float64Array(weights.length);
    const rows = this.bounds.rows();
    const comparedRows = this.bounds.compared?.rows();
    yield;
    const own = yield* NodeSums.make(nodeCount);
    const selections = [{ rows, to: own }];
    const compared = comparedRows && (yield* NodeSums.make(nodeCount, false));
    if (comparedRows && compared) selections.push({ rows: comparedRows, to: compared });
    const sums = { ...this.#emptySums(), version, own, compared, rowNs };
    return { sums, selections, node: nodeCount - 1 };
  }

  #addSelections(pass: Pass, isOver: () => boolean): boolean {
    for (let next = pass.selections[0]; next !== undefined; next = pass.selections[0]) {
      const { rows, to } = next;
      const isDone = rows.step((row, weightNs, samples, second) => {
        if (to === pass.sums.own) this.#addThread(pass.sums, row, weightNs, samples, second);
        const node = this.#nodeOf(row, to.length);
        if (node !== undefined) to.addOwn(node, weightNs, samples);
      });
      if (isDone) pass.selections.shift();
      if (isOver()) return false;
    }
    return true;
  }

  #addThread(
    { threads, rowNs }: Sums,
    row: number,
    weightNs: number,
    samples: number,
    second: number | undefined,
  ): void {
    const thread = this.#source.weights.thread.at(row);
    // Rows that are newer than the pass come with the next one.
    if (row < rowNs.length) rowNs[row] = (rowNs[row] as number) + weightNs;
    threads.totalNs += weightNs;
    threads.totalSamples += samples;
    threads.weightNs[thread] = (threads.weightNs[thread] ?? 0) + weightNs;
    threads.samples[thread] = (threads.samples[thread] ?? 0) + samples;
    const { window } = this.bounds;
    if (window === undefined || second === undefined) return;
    threads.recent[thread] ??= new Float64Array(bucketCount);
    const recent = threads.recent[thread];
    const { first, end } = twelfthsOf(window, second);
    for (let bucket = first; bucket < end; bucket++) {
      recent[bucket] = (recent[bucket] ?? 0) + weightNs;
      threads.totalRecent[bucket] = (threads.totalRecent[bucket] ?? 0) + weightNs;
    }
  }

  /** Where a row counts; undefined when it does not, or stands at a node that is newer than the pass. */
  #nodeOf(row: number, nodes: number): NodeId | undefined {
    const { weights } = this.#source;
    const { threads } = this.bounds;
    if (threads.size > 0 && !threads.has(weights.thread.at(row))) return undefined;
    const node = this.#source.nodeOf(weights.stack.at(row));
    return node === undefined || node >= nodes ? undefined : node;
  }

  #emptySums(): Sums {
    return {
      generation: this.#source.tree.generation,
      version: -1,
      own: NodeSums.none(),
      compared: this.bounds.compared === undefined ? undefined : NodeSums.none(false),
      threads: {
        totalNs: 0,
        totalSamples: 0,
        weightNs: [],
        samples: [],
        recent: [],
        totalRecent: new Float64Array(bucketCount),
      },
      rowNs: new Float64Array(0),
    };
  }
}

function releaseSums({ own, compared }: Sums): void {
  own.release();
  compared?.release();
}
