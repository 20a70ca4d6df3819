/**
 * A tree of paths of functions: only its shape, in columns, a parent before its children. Made for millions of nodes:
 * no object per node, and nothing that has to be made anew as a whole when it grows.
 */
import { arrayPool } from './array-pool.ts';
import type { NodeId } from './call-tree.ts';
import { ChildIndex } from './child-index.ts';
import { FunctionPlaces } from './function-places.ts';
import { runWhole } from './pieces.ts';

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

/** What is kept by node. */
interface Room extends NodeShape {
  /** How a child is found. */
  readonly lookup: Uint8Array;
}

const columns = ['parent', 'functionId', 'depth', 'newestChild', 'olderSibling', 'lookup'] as const;

export class PathTree {
  #length = 0;
  /** All of one length, with room for more nodes. */
  #shape: Room;
  readonly #index = new ChildIndex();
  readonly #lists = new ChildLists();
  #places: FunctionPlaces | undefined;

  /** @param rootFunction the function id of the root; @param capacity how many nodes there may be at first */
  constructor(rootFunction: number, capacity: number) {
    this.#shape = newRoom(Math.max(1, capacity));
    this.#add(-1, rootFunction, 0);
    this.share(0);
  }

  /** Gives its memory to other trees: nobody reads this one any more. */
  release(): void {
    releaseRoom(this.#shape);
    this.#places?.release();
    this.#places = undefined;
    this.#shape = newRoom(0);
    this.#length = 0;
  }

  get length(): number {
    return this.#length;
  }

  /** Makes room for so many nodes in all, in pieces: fresh memory costs a fault for each of its pages. */
  *reserve(nodes: number): Generator<void> {
    if (nodes <= this.#shape.parent.length) return;
    const room = yield* makeRoom(nodes);
    if (nodes > this.#shape.parent.length) this.#moveTo(room);
    else releaseRoom(room);
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
    const { lookup } = this.#shape;
    if (lookup[node] === alwaysNew) lookup[node] = lookedAt;
  }

  /** The child of `parent` for a function, made on first use; of a node that is not shared a new one. */
  child(parent: NodeId, functionId: number): NodeId {
    const lookup = this.#shape.lookup[parent];
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
    newestChild.fill(nobody, first, end);
    shape.lookup.fill(alwaysNew, first, end);
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
    const { newestChild, olderSibling, lookup } = this.#shape;
    lookup[parent] = indexed;
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
    shape.newestChild[node] = nobody;
    shape.olderSibling[node] = nobody;
    shape.lookup[node] = alwaysNew;
    return node;
  }

  #grow(capacity: number): void {
    this.#moveTo(newRoom(capacity));
  }

  #moveTo(room: Room): void {
    const before = this.#shape;
    const length = this.#length;
    for (const key of columns) room[key].set(before[key].subarray(0, length));
    this.#shape = room;
    arrayPool.giveBack(before.lookup);
  }
}

/** Unset: a node's values are written when it is added. */
function* makeRoom(capacity: number): Generator<void, Room> {
  const { int32, uint32, uint8 } = arrayPool.unset;
  const parent = int32(capacity);
  yield;
  const functionId = uint32(capacity);
  yield;
  const depth = uint32(capacity);
  yield;
  const newestChild = int32(capacity);
  yield;
  const olderSibling = int32(capacity);
  yield;
  return { parent, functionId, depth, newestChild, olderSibling, lookup: uint8(capacity) };
}

function newRoom(capacity: number): Room {
  return runWhole(makeRoom(capacity));
}

function releaseRoom({ parent, functionId, depth, newestChild, olderSibling, lookup }: Room): void {
  arrayPool.giveBack(parent, functionId, depth, newestChild, olderSibling, lookup);
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
