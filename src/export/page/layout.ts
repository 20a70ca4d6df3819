/** Where each node is drawn: an icicle, the root on top, as wide as its part of the node that is zoomed in on. No DOM. */
import type { FlameNode } from './flame-node.ts';

export interface Box {
  readonly node: FlameNode;
  readonly row: number;
  /** Pixels. */
  readonly left: number;
  readonly width: number;
}

/** Narrower ones cannot be told apart, let alone be hit. */
export const leastWidth = 2;

/**
 * @param zoom fills the whole width, as do its callers above it
 * @param current is laid out however narrow it is, so that the keyboard reaches everything
 */
export function layOut(zoom: FlameNode, current: FlameNode, width: number): Box[] {
  const boxes: Box[] = [];
  for (let above = zoom.parent; above !== undefined; above = above.parent) {
    boxes.push({ node: above, row: above.depth, left: 0, width });
  }
  const kept = new Set<FlameNode>();
  for (let at: FlameNode | undefined = current; at !== undefined; at = at.parent) kept.add(at);
  const todo: Box[] = [{ node: zoom, row: zoom.depth, left: 0, width }];
  for (let box = todo.pop(); box !== undefined; box = todo.pop()) {
    boxes.push(box);
    let { left } = box;
    for (const node of box.node.children()) {
      const part = (box.width * node.totalNs) / box.node.totalNs;
      const isKept = kept.has(node);
      // Heaviest first: whatever follows is narrower still, but the one that is kept may be among it.
      if (part < leastWidth && !isKept && !kept.has(box.node)) break;
      if (part >= leastWidth || isKept) {
        todo.push({ node, row: box.row + 1, left, width: Math.max(part, leastWidth) });
      }
      left += part;
    }
  }
  return boxes;
}
