/**
 * A tree of paths of functions: only its shape, in columns, a parent before its children. Made for millions of nodes:
 * no object per node, and nothing that has to be made anew as a whole when it grows.
 */
import { arrayPool } from './array-pool.ts';
import type { NodeId } from './call-tree.ts';
import { ChildIndex } from './child-index.ts';
import { FunctionPlaces } from './function-places.ts';

const none: readonly NodeId[] = [];
const nobody = 0;
/** Among so few children one is found by looking at each; among more by the index. */
const mostLookedAt = 8;

/** Only one path leads to the node: a child that is asked for cannot be there yet. */
const alwaysNew = 0;
const lookedAt = 1;
const indexed = 2;

/** Lists of children that are remembered. */
const mostLists = 4096;

/** The shape of a tree by node. An array is replaced when it grows: ask again after anything that adds nodes. */
export interface NodeShape {
  /** -1 for the root. */
  readonly parent: Int32Array;
  readonly functionId: Uint32Array;
  readonly depth: Uint32Array;
  /** 0 when there is none: the root is nobody's child. */
  readonly newestChild: Int32Array;
  /** The child of the same parent that came before; 0 when there is none. */
  readonly olderSibling: Int32Array;
}

export class PathTree {
  #length = 0;
  /** All of one length, with room for more nodes. */
  #shape: NodeShape;
  /** How a child is found, by node. */
  #lookup: Uint8Array;
  readonly #index = new ChildIndex();
  readonly #lists = new ChildLists();
  #places: FunctionPlaces | undefined;

  /** @param rootFunction the function id of the root; @param capacity how many nodes there may be at first */
  constructor(rootFunction: number, capacity: number) {
    this.#shape = newShape(Math.max(1, capacity));
    this.#lookup = arrayPool.uint8(Math.max(1, capacity));
    this.#add(-1, rootFunction, 0);
    this.share(0);
  }

  /** Gives its memory to other trees: nobody reads this one any more. */
  release(): void {
    releaseShape(this.#shape);
    arrayPool.giveBack(this.#lookup);
    this.#places?.release();
    this.#places = undefined;
    this.#shape = newShape(0);
    this.#lookup = new Uint8Array(0);
    this.#length = 0;
  }

  get length(): number {
    return this.#length;
  }

  /** Makes room for so many nodes in all. */
  reserve(nodes: number): void {
    if (nodes > this.#shape.parent.length) this.#grow(nodes);
  }

  get shape(): NodeShape {
    return this.#shape;
  }

  /** Where each function stands; made when it is first asked for. */
  get places(): FunctionPlaces {
    this.#places ??= new FunctionPlaces(this);
    return this.#places;
  }

  parentOf(node: NodeId): NodeId {
    return this.#shape.parent[node] as number;
  }

  functionIdOf(node: NodeId): number {
    return this.#shape.functionId[node] as number;
  }

  depthOf(node: NodeId): number {
    return this.#shape.depth[node] as number;
  }

  /** In order of first sight. */
  childrenOf(node: NodeId): readonly NodeId[] {
    return this.#lists.of(node, this.#shape);
  }

  /** More than one path leads to this node: from now on its children are looked up. */
  share(node: NodeId): void {
    if (this.#lookup[node] === alwaysNew) this.#lookup[node] = lookedAt;
  }

  /** The child of `parent` for a function, made on first use; of a node that is not shared a new one. */
  child(parent: NodeId, functionId: number): NodeId {
    const lookup = this.#lookup[parent];
    if (lookup === alwaysNew) return this.#addChild(parent, functionId);
    if (lookup === indexed) return this.#childOfMany(parent, functionId);
    const { functionId: functions, newestChild, olderSibling } = this.#shape;
    let looked = 0;
    for (let at = newestChild[parent] as number; at !== nobody; at = olderSibling[at] as number) {
      if (functions[at] === functionId) return at;
      if (++looked > mostLookedAt) {
        this.#indexChildren(parent);
        return this.#childOfMany(parent, functionId);
      }
    }
    return this.#addChild(parent, functionId);
  }

  /** Takes the nodes up to `end` that a tree has and this one has not: every node keeps its id. */
  takeAsIs({ parent, functionId, depth }: NodeShape, end: number): void {
    const first = this.#length;
    if (end > this.#shape.parent.length) this.#grow(Math.max(end, first * 2));
    const shape = this.#shape;
    shape.parent.set(parent.subarray(first, end), first);
    shape.functionId.set(functionId.subarray(first, end), first);
    shape.depth.set(depth.subarray(first, end), first);
    const { newestChild, olderSibling } = shape;
    for (let node = first; node < end; node++) {
      const above = parent[node] as number;
      olderSibling[node] = newestChild[above] as number;
      newestChild[above] = node;
    }
    this.#length = Math.max(first, end);
  }

  #childOfMany(parent: NodeId, functionId: number): NodeId {
    const known = this.#index.find(parent, functionId, this.#shape);
    if (known !== undefined) return known;
    const node = this.#addChild(parent, functionId);
    this.#index.add(node, this.#shape);
    return node;
  }

  #indexChildren(parent: NodeId): void {
    this.#lookup[parent] = indexed;
    const { newestChild, olderSibling } = this.#shape;
    for (let at = newestChild[parent] as number; at !== nobody; at = olderSibling[at] as number) {
      this.#index.add(at, this.#shape);
    }
  }

  #addChild(parent: NodeId, functionId: number): NodeId {
    const node = this.#add(parent, functionId, (this.#shape.depth[parent] as number) + 1);
    const { newestChild, olderSibling } = this.#shape;
    olderSibling[node] = newestChild[parent] as number;
    newestChild[parent] = node;
    return node;
  }

  #add(parent: NodeId, functionId: number, depth: number): NodeId {
    const node = this.#length++;
    if (node === this.#shape.parent.length) this.#grow(node * 2);
    const shape = this.#shape;
    shape.parent[node] = parent;
    shape.functionId[node] = functionId;
    shape.depth[node] = depth;
    return node;
  }

  #grow(capacity: number): void {
    this.#shape = grownShape(this.#shape, capacity);
    const lookup = arrayPool.uint8(capacity);
    lookup.set(this.#lookup);
    arrayPool.giveBack(this.#lookup);
    this.#lookup = lookup;
  }
}

/** Fresh arrays read as 0: nobody. */
function newShape(capacity: number): NodeShape {
  return {
    parent: arrayPool.int32(capacity),
    functionId: arrayPool.uint32(capacity),
    depth: arrayPool.uint32(capacity),
    newestChild: arrayPool.int32(capacity),
    olderSibling: arrayPool.int32(capacity),
  };
}

function releaseShape({ parent, functionId, depth, newestChild, olderSibling }: NodeShape): void {
  arrayPool.giveBack(parent, functionId, depth, newestChild, olderSibling);
}

function grownShape(shape: NodeShape, capacity: number): NodeShape {
  const grown = newShape(capacity);
  grown.parent.set(shape.parent);
  grown.functionId.set(shape.functionId);
  grown.depth.set(shape.depth);
  grown.newestChild.set(shape.newestChild);
  grown.olderSibling.set(shape.olderSibling);
  return grown;
}

/** Children as lists, made when they are asked for, and again when there is a newer one. */
export class ChildLists {
  readonly #known = new Map<NodeId, { readonly newest: NodeId; readonly nodes: readonly NodeId[] }>();
  readonly #end: NodeId;

  /** @param end newer nodes are left out */
  constructor(end = Number.POSITIVE_INFINITY) {
    this.#end = end;
  }

  /** In order of first sight. */
  of(
    node: NodeId,
    { newestChild, olderSibling }: Pick<NodeShape, 'newestChild' | 'olderSibling'>,
  ): readonly NodeId[] {
    const newest = newestChild[node] ?? nobody;
    if (newest === nobody) return none;
    const known = this.#known.get(node);
    // What is left out changes nothing, however much of it there is.
    if (known !== undefined && (known.newest === newest || newest >= this.#end)) return known.nodes;
    const nodes: NodeId[] = [];
    for (let child = newest; child !== nobody; child = olderSibling[child] as number)
      if (child < this.#end) nodes.push(child);
    nodes.reverse();
    if (this.#known.size >= mostLists) this.#known.clear();
    this.#known.set(node, { newest, nodes });
    return nodes;
  }
}
