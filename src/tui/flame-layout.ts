/**
 * Where the frames of the flame view stand, in cells: d3-hierarchy lays out the part of the call tree that can be
 * seen. Frames narrower than a cell are gathered into one block per parent, so no width is ever lost. Pure.
 */
import { type HierarchyRectangularNode, hierarchy, partition } from 'd3-hierarchy';
import type { CallTree, NodeId } from '../profile/call-tree.ts';

/** More frames than this are never laid out: what is left over is gathered. */
const mostFrames = 5000;

export interface FlameFrame {
  /** The node; for gathered frames the parent of them all. */
  readonly node: NodeId;
  /** Rows below the root of the layout. */
  readonly depth: number;
  /** First cell, and the one after the last. */
  readonly x0: number;
  readonly x1: number;
  /** How many frames stand here together because each is narrower than a cell; 0 for a frame of its own. */
  readonly gathered: number;
}

export interface FlameLayout {
  readonly root: NodeId;
  /** By depth, from left to right. */
  readonly rows: readonly (readonly FlameFrame[])[];
  /** Frames of their own, by node. */
  readonly frames: ReadonlyMap<NodeId, FlameFrame>;
  /** Frames too narrow to be shown, without what lies below them. */
  readonly narrow: number;
}

export interface FlameSpace {
  readonly width: number;
  readonly height: number;
}

/** Order of two frames of one parent, left first. */
export type FrameOrder = (a: NodeId, b: NodeId) => number;

/** What d3 is given: a node, or the too narrow children of one. Value is what its laid out children do not cover. */
interface Block {
  readonly node: NodeId;
  readonly depth: number;
  readonly gathered: number;
  readonly gatheredNs: number;
}

/** Lays out the subtree of `root`. Walks only frames at least a cell wide, and their direct children. */
export function flameLayout(tree: CallTree, root: NodeId, space: FlameSpace, order: FrameOrder): FlameLayout {
  const cellNs = tree.totalNs(root) / Math.max(1, space.width);
  const ownNs = new Map<Block, number>();
  let [laid, narrow] = [1, 0];
  const childrenOf = (block: Block): Block[] => {
    if (block.gathered > 0) {
      ownNs.set(block, block.gatheredNs);
      return [];
    }
    const depth = block.depth + 1;
    const split =
      depth < space.height ? splitChildren(tree, block.node, cellNs, mostFrames - laid) : undefined;
    const wide = split?.wide.sort(order) ?? [];
    const children = wide.map((node): Block => ({ node, depth, gathered: 0, gatheredNs: 0 }));
    laid += wide.length;
    narrow += split?.gathered ?? 0;
    if (split !== undefined && split.gathered > 0) {
      const { gathered, gatheredNs } = split;
      children.push({ node: block.node, depth, gathered, gatheredNs });
    }
    const covered = wide.reduce((sum, node) => sum + tree.totalNs(node), split?.gatheredNs ?? 0);
    ownNs.set(block, Math.max(0, tree.totalNs(block.node) - covered));
    return children;
  };
  const top: Block = { node: root, depth: 0, gathered: 0, gatheredNs: 0 };
  const laidOut = hierarchy(top, childrenOf).sum((block) => ownNs.get(block) ?? 0);
  const placed = partition<Block>().size([space.width, 1])(laidOut);
  return collect(root, placed, space.width, narrow);
}

interface Split {
  readonly wide: NodeId[];
  readonly gathered: number;
  readonly gatheredNs: number;
}

function splitChildren(tree: CallTree, node: NodeId, cellNs: number, room: number): Split {
  const wide: NodeId[] = [];
  let [gathered, gatheredNs] = [0, 0];
  for (const child of tree.childrenOf(node)) {
    const totalNs = tree.totalNs(child);
    if (totalNs <= 0) continue;
    if (totalNs >= cellNs && wide.length < room) wide.push(child);
    else {
      gathered++;
      gatheredNs += totalNs;
    }
  }
  return { wide, gathered, gatheredNs };
}

/** Rounds edges to cells: neighbours share an edge, so they still do. A block too thin for a cell takes a free one. */
function collect(
  root: NodeId,
  placed: HierarchyRectangularNode<Block>,
  width: number,
  narrow: number,
): FlameLayout {
  const rows: FlameFrame[][] = [];
  const frames = new Map<NodeId, FlameFrame>();
  placed.eachBefore((at) => {
    const { node, depth, gathered } = at.data;
    const x0 = Math.round(at.x0);
    // With no weight at all there are no widths: the root is drawn all the same.
    const right = at.parent === null ? width : Math.round(at.x1);
    const end = at.parent === null ? width : Math.round(at.parent.x1);
    const x1 = gathered > 0 && right === x0 && x0 < end ? x0 + 1 : right;
    if (x1 <= x0) return;
    const frame: FlameFrame = { node, depth, x0, x1, gathered };
    let row = rows[depth];
    if (row === undefined) {
      row = [];
      rows[depth] = row;
    }
    row.push(frame);
    if (gathered === 0) frames.set(node, frame);
  });
  return { root, rows, frames, narrow };
}
