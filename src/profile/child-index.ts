/**
 * Finds a child by its function where a node has many: one table for a whole tree, by open addressing, in place of a map
 * for each such node.
 */
import type { NodeId } from './call-tree.ts';

const free = 0;

/** Parent and function by node: what is looked for. */
export interface ChildKeys {
  readonly parent: Int32Array;
  readonly functionId: Uint32Array;
}

export class ChildIndex {
  /** Nodes; the root is nobody's child. At most half of it is taken. */
  #slots = new Int32Array(64);
  #taken = 0;

  /** @returns undefined when there is no such child in the index */
  find(parent: NodeId, functionId: number, keys: ChildKeys): NodeId | undefined {
    const last = this.#slots.length - 1;
    for (let at = hash(parent, functionId) & last; ; at = (at + 1) & last) {
      const node = this.#slots[at] as number;
      if (node === free) return undefined;
      if (keys.functionId[node] === functionId && keys.parent[node] === parent) return node;
    }
  }

  /** @param node one that is not in the index yet */
  add(node: NodeId, keys: ChildKeys): void {
    if (++this.#taken * 2 > this.#slots.length) this.#grow(keys);
    this.#put(node, keys);
  }

  #put(node: NodeId, { parent, functionId }: ChildKeys): void {
    const last = this.#slots.length - 1;
    let at = hash(parent[node] as number, functionId[node] as number) & last;
    while (this.#slots[at] !== free) at = (at + 1) & last;
    this.#slots[at] = node;
  }

  #grow(keys: ChildKeys): void {
    const before = this.#slots;
    this.#slots = new Int32Array(before.length * 4);
    for (const node of before) if (node !== free) this.#put(node, keys);
  }
}

/** Multiplies by odd constants and mixes the high bits in: ids of neighbours are near each other. */
function hash(parent: number, functionId: number): number {
  const mixed = Math.imul(parent, 0x9e3779b1) ^ Math.imul(functionId, 0x85ebca6b);
  return (mixed ^ (mixed >>> 15)) >>> 0;
}
