/**
 * The flame view between two frames of the screen: the last layout, the order of siblings and how far it is scrolled.
 * Laid out anew for new data, another root or another size, never for a move of the cursor inside what is shown.
 */
import type { CallTree, NodeId } from '../profile/call-tree.ts';
import { type FlameFrame, type FlameLayout, type FlameSpace, flameLayout } from './flame-layout.ts';
import { resortMs } from './row-list.ts';

/** What a layout depends on; while none of it changes, the layout stays. */
interface Basis {
  readonly tree: CallTree;
  readonly generation: number;
  readonly version: number;
  readonly root: NodeId;
  readonly width: number;
  readonly height: number;
}

const nothing: FlameLayout = { root: 0, rows: [], frames: new Map(), narrow: 0 };

export class FlameView {
  layout: FlameLayout = nothing;
  #basis: Basis | undefined;
  #space: FlameSpace = { width: 1, height: 1 };
  /** Place of each node among its siblings at the last sort; a node that came later stands behind them. */
  #places = new Map<NodeId, number>();
  #sortedAtMs = Number.NEGATIVE_INFINITY;

  get space(): FlameSpace {
    return this.#space;
  }

  /**
   * Brings the layout up to date.
   * @param base what is zoomed into; @param selected it is scrolled into view
   * @param nowMs any steady clock; @param lastKeyMs the same clock at the last key
   * @returns the frame to select: the selected one, or the nearest above it that is wide enough to be shown
   */
  prepare(
    tree: CallTree,
    base: NodeId,
    selected: NodeId,
    space: FlameSpace,
    nowMs: number,
    lastKeyMs: number,
  ): NodeId {
    this.#space = space;
    const root = this.#scrolledRoot(tree, base, selected);
    const { generation, version } = tree;
    const basis: Basis = { tree, generation, version, root, width: space.width, height: space.height };
    if (this.#basis === undefined || !isSame(this.#basis, basis)) {
      this.#forgetPlaces(basis, nowMs, lastKeyMs);
      this.layout = flameLayout(tree, root, space, (a, b) => this.#compare(tree, a, b));
      this.#rememberPlaces();
      this.#basis = basis;
    }
    for (let at = selected; at >= 0; at = tree.parentOf(at)) if (this.layout.frames.has(at)) return at;
    return this.layout.root;
  }

  /** The frame of its own at a cell of a row, row 0 being the root's. */
  frameAt(depth: number, x: number): FlameFrame | undefined {
    return this.layout.rows[depth]?.find((frame) => frame.x0 <= x && x < frame.x1);
  }

  /** The widest frame on top of `node`, undefined when none is shown. */
  widestChild(tree: CallTree, node: NodeId): NodeId | undefined {
    const frame = this.layout.frames.get(node);
    if (frame === undefined) return undefined;
    let widest: FlameFrame | undefined;
    for (const other of this.layout.rows[frame.depth + 1] ?? []) {
      if (other.gathered > 0 || tree.parentOf(other.node) !== node) continue;
      if (widest === undefined || tree.totalNs(other.node) > tree.totalNs(widest.node)) widest = other;
    }
    return widest?.node;
  }

  /** The nearest frame to the left or right on the same row. */
  beside(node: NodeId, step: 1 | -1): NodeId | undefined {
    const frame = this.layout.frames.get(node);
    if (frame === undefined) return undefined;
    const row = (this.layout.rows[frame.depth] ?? []).filter((other) => other.gathered === 0);
    return row[row.indexOf(frame) + step]?.node;
  }

  /**
   * The root stays while the selection is inside the rows of the screen. A deeper one is scrolled to: the root is then
   * the frame half a screen above it, drawn in full width, as if it were zoomed.
   */
  #scrolledRoot(tree: CallTree, base: NodeId, selected: NodeId): NodeId {
    const { height } = this.#space;
    const last =
      this.#basis?.tree === tree && this.#basis.generation === tree.generation ? this.#basis : undefined;
    const depth = tree.depthOf(selected);
    const isIn = (root: NodeId) => {
      const rootDepth = tree.depthOf(root);
      return (
        depth >= rootDepth && depth < rootDepth + height && ancestorAt(tree, selected, rootDepth) === root
      );
    };
    if (isIn(base) || depth <= tree.depthOf(base)) return base;
    if (last !== undefined && isIn(last.root) && ancestorAt(tree, last.root, tree.depthOf(base)) === base) {
      return last.root;
    }
    if (ancestorAt(tree, selected, tree.depthOf(base)) !== base) return base;
    return ancestorAt(tree, selected, Math.max(tree.depthOf(base), depth - Math.floor(height / 2)));
  }

  /** Sorted again at most once a second, and not under a moving cursor. */
  #forgetPlaces(basis: Basis, nowMs: number, lastKeyMs: number): void {
    const isOther = this.#basis?.tree !== basis.tree || this.#basis.generation !== basis.generation;
    const isDue = nowMs - this.#sortedAtMs >= resortMs && nowMs - lastKeyMs >= resortMs;
    if (!isOther && !isDue) return;
    this.#places.clear();
    this.#sortedAtMs = nowMs;
  }

  #compare(tree: CallTree, a: NodeId, b: NodeId): number {
    const [placeA, placeB] = [this.#places.get(a), this.#places.get(b)];
    if (placeA !== undefined && placeB !== undefined) return placeA - placeB;
    if (placeA !== undefined || placeB !== undefined) return placeA !== undefined ? -1 : 1;
    return tree.totalNs(b) - tree.totalNs(a) || a - b;
  }

  #rememberPlaces(): void {
    for (const row of this.layout.rows) {
      for (const frame of row) if (frame.gathered === 0) this.#places.set(frame.node, frame.x0);
    }
  }
}

function ancestorAt(tree: CallTree, node: NodeId, depth: number): NodeId {
  let at = node;
  while (at >= 0 && tree.depthOf(at) > depth) at = tree.parentOf(at);
  return at;
}

function isSame(a: Basis, b: Basis): boolean {
  return (
    a.tree === b.tree &&
    a.generation === b.generation &&
    a.version === b.version &&
    a.root === b.root &&
    a.width === b.width &&
    a.height === b.height
  );
}
