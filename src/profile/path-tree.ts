/**
 * A tree of paths of functions: only its shape, in columns, a parent before its children. Made for millions of nodes,
 * so a child is found by a hash of its own over flat arrays: a Map of such keys costs several times as much.
 */
import type { NodeId } from './call-tree.ts';
import { Column, int32, uint32 } from './column.ts';

const none: readonly NodeId[] = [];

export class PathTree {
  readonly #parent = new Column(int32);
  readonly #function = new Column(uint32);
  readonly #depth = new Column(uint32);
  readonly #children: (NodeId[] | undefined)[] = [];
  /** Node by hash of parent and function, 0 where free; at most half full. */
  #slots = new Int32Array(2048);

  /** @param rootFunction the function id of the root */
  constructor(rootFunction: number) {
    this.#parent.push(-1);
    this.#function.push(rootFunction);
    this.#depth.push(0);
  }

  get length(): number {
    return this.#parent.length;
  }

  parentOf(node: NodeId): NodeId {
    return this.#parent.at(node);
  }

  functionIdOf(node: NodeId): number {
    return this.#function.at(node);
  }

  depthOf(node: NodeId): number {
    return this.#depth.at(node);
  }

  /** In order of first sight. */
  childrenOf(node: NodeId): readonly NodeId[] {
    return this.#children[node] ?? none;
  }

  /** The child of `parent` for a function, made on first use. */
  child(parent: NodeId, functionId: number): NodeId {
    const slot = this.#slotOf(parent, functionId);
    const known = this.#slots[slot] as number;
    if (known !== 0) return known;
    const node = this.#parent.push(parent);
    this.#function.push(functionId);
    this.#depth.push(this.#depth.at(parent) + 1);
    this.#slots[slot] = node;
    const siblings = this.#children[parent];
    if (siblings) siblings.push(node);
    else this.#children[parent] = [node];
    if (node * 2 > this.#slots.length) this.#grow();
    return node;
  }

  #slotOf(parent: NodeId, functionId: number): number {
    const last = this.#slots.length - 1;
    // Two odd constants spread neighbours; the high bits are the well mixed ones.
    const mixed = Math.imul(parent, 0x9e3779b1) ^ Math.imul(functionId + 1, 0x85ebca6b);
    let slot = (mixed ^ (mixed >>> 15)) & last;
    for (let node = this.#slots[slot]; node !== 0; node = this.#slots[slot]) {
      if (this.#parent.at(node as number) === parent && this.#function.at(node as number) === functionId)
        break;
      slot = (slot + 1) & last;
    }
    return slot;
  }

  #grow(): void {
    this.#slots = new Int32Array(this.#slots.length * 2);
    for (let node = 1; node < this.length; node++) {
      this.#slots[this.#slotOf(this.#parent.at(node), this.#function.at(node))] = node;
    }
  }
}
