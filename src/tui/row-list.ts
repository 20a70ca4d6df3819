/**
 * Which nodes are rows, in which order, and which of them are in the window. Order is not reshuffled under a moving
 * cursor, and the selected row keeps its line on the screen when rows above it change.
 */
import type { CallTree, NodeId } from '../profile/call-tree.ts';
import { baselineOf, selfDifference, totalDifference } from '../profile/difference.ts';
import { baseOf, type UiState } from './state.ts';

/** Re-sorting at most this often, and not while keys are being pressed. */
export const resortMs = 1000;

interface SortedChildren {
  /** How many children the tree had when these were sorted. */
  readonly seen: number;
  readonly nodes: readonly NodeId[];
}

/** What the list of rows depends on; while none of it changes, the rows stay. */
interface Basis {
  readonly tree: CallTree;
  readonly generation: number;
  readonly nodeCount: number;
  readonly epoch: number;
  readonly open: ReadonlySet<NodeId>;
  readonly base: NodeId;
}

export class RowList {
  rows: readonly NodeId[] = [];
  /** Index of the first row in the window. */
  top = 0;
  #height = 1;
  #basis: Basis | undefined;
  /** Since the last sort: of rows that are closed or gone nothing stays. */
  readonly #sorted = new Map<NodeId, SortedChildren>();
  #epoch = 0;
  #order = '';
  #sortedAt = Number.NEGATIVE_INFINITY;
  #sortedVersion = -1;

  /** Of how many nodes the children are kept in order. */
  get sortedNodes(): number {
    return this.#sorted.size;
  }

  get height(): number {
    return this.#height;
  }

  indexOf(node: NodeId): number {
    return this.rows.indexOf(node);
  }

  /**
   * Brings the rows up to date.
   * @param nowMs any steady clock; @param lastKeyMs the same clock at the last key
   */
  refresh(tree: CallTree, state: UiState, nowMs: number, lastKeyMs: number): void {
    this.#resortIfDue(tree, state, nowMs, lastKeyMs);
    const basis: Basis = {
      tree,
      generation: tree.generation,
      nodeCount: tree.nodeCount,
      epoch: this.#epoch,
      open: state.open,
      base: baseOf(state),
    };
    if (this.#basis !== undefined && isSame(this.#basis, basis)) return;
    if (this.#basis?.tree !== tree || this.#basis.generation !== tree.generation) this.#sorted.clear();
    this.#basis = basis;
    const before = this.indexOf(state.selected);
    this.rows = this.#flatten(tree, state);
    const after = this.indexOf(state.selected);
    if (before >= 0 && after >= 0) this.top += after - before;
    this.#clamp();
  }

  /** Sets the height of the window and moves it as little as needed to show the row. */
  show(node: NodeId, height: number): void {
    this.#height = Math.max(1, height);
    const index = this.indexOf(node);
    if (index >= 0) {
      if (index < this.top) this.top = index;
      if (index >= this.top + this.#height) this.top = index - this.#height + 1;
    }
    this.#clamp();
  }

  /** The rows are nodes under other numbers; they keep their lines. */
  move(successorOf: (node: NodeId) => NodeId): void {
    this.rows = this.rows.map(successorOf);
  }

  /** Moves the window; the caller moves the selection into it. */
  scroll(rows: number): void {
    this.top += rows;
    this.#clamp();
  }

  /** Children that have any weight, in the order of the screen. New ones stand at the end until the next sort. */
  childrenOf(tree: CallTree, state: UiState, node: NodeId): readonly NodeId[] {
    const children = tree.childrenOf(node);
    if (children.length === 0) return children;
    const known = this.#sorted.get(node);
    if (known?.seen === children.length) return known.nodes;
    const added = children.slice(known?.seen ?? 0);
    const compared = baselineOf(tree);
    const weighty = added.filter(
      (child) => tree.totalNs(child) > 0 || (compared !== undefined && compared.totalNs(child) > 0),
    );
    const nodes = known ? [...known.nodes, ...weighty] : sorted(weighty, tree, state);
    this.#sorted.set(node, { seen: children.length, nodes });
    return nodes;
  }

  #resortIfDue(tree: CallTree, state: UiState, nowMs: number, lastKeyMs: number): void {
    const order = `${state.sort} ${state.isReversed}`;
    const isDue =
      tree.version !== this.#sortedVersion &&
      nowMs - this.#sortedAt >= resortMs &&
      nowMs - lastKeyMs >= resortMs;
    if (order === this.#order && !isDue) return;
    this.#order = order;
    this.#epoch++;
    this.#sorted.clear();
    this.#sortedAt = nowMs;
    this.#sortedVersion = tree.version;
  }

  #flatten(tree: CallTree, state: UiState): NodeId[] {
    const base = baseOf(state);
    const rows: NodeId[] = [];
    const stack: NodeId[] = [base];
    for (let node = stack.pop(); node !== undefined; node = stack.pop()) {
      rows.push(node);
      if (node !== base && !state.open.has(node)) continue;
      const children = this.childrenOf(tree, state, node);
      for (let i = children.length - 1; i >= 0; i--) stack.push(children[i] as NodeId);
    }
    return rows;
  }

  #clamp(): void {
    this.top = Math.max(0, Math.min(this.top, this.rows.length - this.#height));
  }
}

function isSame(a: Basis, b: Basis): boolean {
  return (
    a.tree === b.tree &&
    a.generation === b.generation &&
    a.nodeCount === b.nodeCount &&
    a.epoch === b.epoch &&
    a.open === b.open &&
    a.base === b.base
  );
}

/** Largest first, or what changed most, names A to Z; ties by node id, so that equal rows never change places. */
function sorted(nodes: readonly NodeId[], tree: CallTree, state: UiState): NodeId[] {
  const direction = state.isReversed ? -1 : 1;
  if (state.sort !== 'name') return bySize(nodes, sizeOf(tree, state.sort), direction);
  const names = new Map(nodes.map((node) => [node, tree.functionOf(node).name]));
  const nameOf = (node: NodeId) => names.get(node) as string;
  return nodes.toSorted((a, b) => direction * compareText(nameOf(a), nameOf(b)) || a - b);
}

/**
 * One function may call ten thousand others: each size is read once, and numbers are sorted without a function that
 * compares them, several times as fast.
 * @param direction 1 for the largest first
 */
function bySize(nodes: readonly NodeId[], sizeOf: (node: NodeId) => number, direction: 1 | -1): NodeId[] {
  const ids = Int32Array.from(nodes).sort();
  const keys = new Float64Array(ids.length);
  for (let i = 0; i < ids.length; i++) keys[i] = -direction * sizeOf(ids[i] as NodeId);
  const inOrder = keys.toSorted();
  /** How many of each size have their place. */
  const placed = new Uint32Array(ids.length);
  const result = new Array<NodeId>(ids.length);
  for (let i = 0; i < ids.length; i++) {
    const first = firstOf(inOrder, keys[i] as number);
    const before = placed[first] as number;
    result[first + before] = ids[i] as NodeId;
    placed[first] = before + 1;
  }
  return result;
}

/** Where a value that is there first stands. */
function firstOf(inOrder: Float64Array, value: number): number {
  let [low, high] = [0, inOrder.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((inOrder[middle] as number) < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** What rows are sorted by: their weight or, where they are differences, how much has changed. */
function sizeOf(tree: CallTree, sort: 'total' | 'self'): (node: NodeId) => number {
  const compared = baselineOf(tree);
  if (compared !== undefined) {
    const difference = sort === 'total' ? totalDifference : selfDifference;
    return (node) => Math.abs(difference(tree, compared, node).share);
  }
  return sort === 'total' ? (node) => tree.totalNs(node) : (node) => tree.selfNs(node);
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
