/**
 * A tree of paths of functions: only its shape, in columns, a parent before its children. Made for millions of nodes:
 * a child is looked up only where more than one path may have led to its parent, for else it must be a new one.
 */
import { type NodeId, ROOT } from './call-tree.ts';
import { Column, int32, uint8, uint32 } from './column.ts';

const none: readonly NodeId[] = [];
const nobody = 0;

export class PathTree {
  readonly #parent: Column<Int32Array>;
  readonly #function: Column<Uint32Array>;
  readonly #depth: Column<Uint32Array>;
  /** The newest child of a node, and the child before it; ROOT is nobody's child. */
  readonly #newest: Column<Int32Array>;
  readonly #before: Column<Int32Array>;
  readonly #isShared: Column<Uint8Array>;
  /** Children by function, of shared nodes that were asked. */
  readonly #byFunction = new Map<NodeId, Map<number, NodeId>>();
  /** Children in order, of nodes that were asked: as many as there were then. */
  readonly #ordered = new Map<NodeId, { readonly newest: NodeId; readonly nodes: readonly NodeId[] }>();

  /** @param rootFunction the function id of the root; @param capacity how many nodes there may be */
  constructor(rootFunction: number, capacity: number) {
    this.#parent = new Column(int32, capacity);
    this.#function = new Column(uint32, capacity);
    this.#depth = new Column(uint32, capacity);
    this.#newest = new Column(int32, capacity);
    this.#before = new Column(int32, capacity);
    this.#isShared = new Column(uint8, capacity);
    this.#add(-1, rootFunction, 0);
    this.share(ROOT);
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
    const newest = this.#newest.at(node);
    if (newest === nobody) return none;
    const known = this.#ordered.get(node);
    if (known?.newest === newest) return known.nodes;
    const nodes: NodeId[] = [];
    for (let child = newest; child !== nobody; child = this.#before.at(child)) nodes.push(child);
    nodes.reverse();
    this.#ordered.set(node, { newest, nodes });
    return nodes;
  }

  /** More than one path leads to this node: from now on its children are looked up. */
  share(node: NodeId): void {
    this.#isShared.values[node] = 1;
  }

  /** The child of `parent` for a function, made on first use. */
  child(parent: NodeId, functionId: number): NodeId {
    if (this.#isShared.at(parent) === 0) return this.#addChild(parent, functionId);
    const byFunction = this.#indexOf(parent);
    const known = byFunction.get(functionId);
    if (known !== undefined) return known;
    const node = this.#addChild(parent, functionId);
    byFunction.set(functionId, node);
    return node;
  }

  #indexOf(parent: NodeId): Map<number, NodeId> {
    const known = this.#byFunction.get(parent);
    if (known !== undefined) return known;
    const index = new Map<number, NodeId>();
    for (let child = this.#newest.at(parent); child !== nobody; child = this.#before.at(child)) {
      index.set(this.#function.at(child), child);
    }
    this.#byFunction.set(parent, index);
    return index;
  }

  #addChild(parent: NodeId, functionId: number): NodeId {
    const node = this.#add(parent, functionId, this.#depth.at(parent) + 1);
    this.#before.values[node] = this.#newest.at(parent);
    this.#newest.values[parent] = node;
    return node;
  }

  #add(parent: NodeId, functionId: number, depth: number): NodeId {
    const node = this.#parent.push(parent);
    this.#function.push(functionId);
    this.#depth.push(depth);
    // Fresh column space reads as 0: nobody, and not shared.
    this.#newest.reserve(node + 1);
    this.#before.reserve(node + 1);
    this.#isShared.reserve(node + 1);
    return node;
  }
}
