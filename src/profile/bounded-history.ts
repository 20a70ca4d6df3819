/**
 * Histories of a bounded tree: those of its threads in the last 30 s, or those of a window that stands still. Worked out
 * in slices after the weights, which do not wait for them.
 */
import { addUpInSlices } from './add-up.ts';
import type { BoundedTreeSource, Bounds } from './bounds.ts';
import type { NodeId, ReadHistory } from './call-tree.ts';
import { ROOT } from './call-tree.ts';
import { bucketCount } from './history.ts';
import { RecentSums } from './recent-sums.ts';
import type { RowSelection } from './row-selection.ts';
import type { Seconds } from './time-span.ts';

const nodesPerLook = 512;
const rowsPerLook = 512;

/** Where a row counts, among so many nodes; undefined when it does not. */
type NodeOf = (row: number, nodes: number) => NodeId | undefined;

interface Known {
  readonly generation: number;
  /** Histories end with this bucket. */
  readonly nowBucket: number;
  readonly recent: RecentSums;
}

interface Pass {
  readonly generation: number;
  readonly nowBucket: number;
  /** Undefined before the first step. */
  recent: RecentSums | undefined;
  readonly nodes: number;
  /** Of a window: the rows of its time. */
  readonly selection: RowSelection | undefined;
  isSelected: boolean;
  /** Of threads: next row, of so many. */
  row: number;
  readonly rows: number;
  /** Then, going down, the next node to be added to its parent. */
  node: NodeId;
}

const nothing = new RecentSums(0);
const nothingKnown: Known = { generation: -1, nowBucket: 0, recent: nothing };

export class BoundedHistory {
  readonly #source: BoundedTreeSource;
  readonly #bounds: Bounds;
  #known: Known = nothingKnown;
  /** Somebody goes on reading what is known when other sums have taken its place. */
  #isKept = false;
  #pass: Pass | undefined;
  readonly #buckets = new Float64Array(bucketCount);

  constructor(source: BoundedTreeSource, bounds: Bounds) {
    this.#source = source;
    this.#bounds = bounds;
  }

  /** What is known is to be worked out again, of so many nodes. */
  refresh(nodes: number): void {
    this.#giveUp();
    const { tree, weights } = this.#source;
    const { window } = this.#bounds;
    this.#pass = {
      generation: tree.generation,
      nowBucket: tree.nowBucket,
      recent: undefined,
      nodes,
      selection: window === undefined ? undefined : this.#bounds.rows(),
      isSelected: false,
      row: 0,
      rows: window === undefined ? weights.length : 0,
      node: nodes - 1,
    };
  }

  get isCurrent(): boolean {
    return this.#pass === undefined;
  }

  read(node: NodeId, out: Float64Array): boolean {
    return readLater(this.#current, node, this.#age, out);
  }

  /** A way to read them as they are now: a later pass makes sums of its own. */
  keep(): ReadHistory {
    const [recent, age] = [this.#current, this.#age];
    this.#isKept = true;
    return (node, out) => readLater(recent, node, age, out);
  }

  /** @returns whether there is nothing left to do */
  step(nodeOf: NodeOf, isOver: () => boolean): boolean {
    const pass = this.#pass;
    if (pass === undefined) return true;
    if (pass.generation !== this.#source.tree.generation) {
      this.#giveUp();
      return true;
    }
    pass.recent ??= new RecentSums(pass.nodes);
    const { recent } = pass;
    if (!this.#addWindow(pass, recent, nodeOf, isOver)) return false;
    if (!this.#addThreads(pass, recent, nodeOf, isOver)) return false;
    const { parent } = this.#source.tree.shape;
    const add = (first: NodeId, end: NodeId) => recent.addUp(parent, first, end);
    if (!addUpInSlices(pass, ROOT, nodesPerLook, add, isOver)) return false;
    this.#replace({ generation: pass.generation, nowBucket: pass.nowBucket, recent });
    this.#pass = undefined;
    return true;
  }

  /** Gives its memory to other sums: nobody asks it any more. */
  release(): void {
    this.#giveUp();
    this.#replace(nothingKnown);
  }

  #replace(known: Known): void {
    if (!this.#isKept) this.#known.recent.release();
    this.#known = known;
    this.#isKept = false;
  }

  #giveUp(): void {
    this.#pass?.recent?.release();
    this.#pass = undefined;
  }

  /** Histories of nodes that were made anew since mean nothing. */
  get #current(): RecentSums {
    return this.#known.generation === this.#source.tree.generation ? this.#known.recent : nothing;
  }

  #addWindow(pass: Pass, recent: RecentSums, nodeOf: NodeOf, isOver: () => boolean): boolean {
    const { selection, nodes } = pass;
    const { window } = this.#bounds;
    if (window === undefined || selection === undefined) return true;
    while (!pass.isSelected) {
      pass.isSelected = selection.step((row, weightNs, _samples, second) => {
        const node = second === undefined ? undefined : nodeOf(row, nodes);
        if (node !== undefined) addToWindow(recent, node, window, second as number, weightNs);
      });
      if (isOver()) return false;
    }
    return true;
  }

  #addThreads(pass: Pass, recent: RecentSums, nodeOf: NodeOf, isOver: () => boolean): boolean {
    const { weights } = this.#source;
    while (pass.row < pass.rows) {
      const end = Math.min(pass.rows, pass.row + rowsPerLook);
      for (; pass.row < end; pass.row++) {
        const node = nodeOf(pass.row, pass.nodes);
        if (node !== undefined && weights.recent.read(pass.row, pass.nowBucket, this.#buckets))
          recent.add(node, this.#buckets);
      }
      if (isOver()) return false;
    }
    return true;
  }

  /** How many buckets ago its histories ended; those of a window stand still. */
  get #age(): number {
    return this.#bounds.window === undefined ? this.#source.tree.nowBucket - this.#known.nowBucket : 0;
  }
}

/** Which twelfths of a window a second is in; a second of a short window is more than one. */
export function twelfthsOf(
  window: Seconds,
  second: number,
): { readonly first: number; readonly end: number } {
  const [at, length] = [second - window.from, window.to - window.from];
  const first = Math.min(bucketCount - 1, Math.max(0, Math.floor((at * bucketCount) / length)));
  const end = Math.max(first + 1, Math.min(bucketCount, Math.floor(((at + 1) * bucketCount) / length)));
  return { first, end };
}

function addToWindow(recent: RecentSums, node: NodeId, window: Seconds, second: number, ns: number): void {
  const { first, end } = twelfthsOf(window, second);
  for (let bucket = first; bucket < end; bucket++) recent.addAt(node, bucket, ns);
}

/** A history that ended so many buckets ago, as it looks now. */
function readLater(recent: RecentSums, node: NodeId, age: number, out: Float64Array): boolean {
  const hasWeight = recent.read(node, out);
  if (age === 0 || !hasWeight) return hasWeight;
  out.copyWithin(0, age);
  out.fill(0, Math.max(0, bucketCount - age));
  return out.some((ns) => ns > 0);
}
