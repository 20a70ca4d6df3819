/**
 * The call tree upside down: functions by their self time, below each its callers. Only what is opened is worked out, and
 * callers that no row has shown for a while are forgotten, once they are most of what is kept.
 * A node is a path of functions, so it stays itself when the tree under it is made anew, filtered or frozen.
 */
import type { CallTree, Compared, NodeId } from './call-tree.ts';
import { ROOT } from './call-tree.ts';
import type { FunctionIndex } from './function-index.ts';
import type { ProfileFunction } from './functions.ts';
import { bucketCount, shareDelta } from './history.ts';
import { HistoryCache } from './history-cache.ts';

interface CallerNode {
  parent: NodeId;
  readonly depth: number;
  function: ProfileFunction;
  totalNs: number;
  samples: number;
  /** Of what the call tree is compared with. */
  comparedNs: number;
  children: NodeId[];
  /** Where the time was spent, and the frame of this node above it, in pairs; undefined when not worked out. */
  places: NodeId[] | undefined;
  isExpanded: boolean;
  isAsked: boolean;
}

/** Where nodes are after some were forgotten: those that were, where their nearest caller below is that was kept. */
export type Moves = (node: NodeId) => NodeId;

/** So few are kept though nobody shows them. */
const fewNodes = 1024;

export class BottomUpTree implements CallTree {
  version = 0;
  generation = 0;
  #index: FunctionIndex;
  #nodes: CallerNode[] = [];
  #byKey = new Map<number, NodeId>();
  /** Nodes whose callers are to be counted again, the outer ones first. */
  #stale: NodeId[] = [];
  readonly #recent = new HistoryCache();
  readonly #buckets = new Float64Array(bucketCount);
  readonly #rootBuckets = new Float64Array(bucketCount);

  constructor(index: FunctionIndex) {
    this.#index = index;
    this.#nodes.push(newNode(-1, 0, rootOf(index)));
  }

  get nodeCount(): number {
    return this.#nodes.length;
  }

  parentOf(node: NodeId): NodeId {
    return this.#at(node).parent;
  }

  depthOf(node: NodeId): number {
    return this.#at(node).depth;
  }

  totalNs(node: NodeId): number {
    return this.#at(node).totalNs;
  }

  /** Callers only pass on what the function at the top spent. */
  selfNs(node: NodeId): number {
    return this.depthOf(node) === 1 ? this.totalNs(node) : 0;
  }

  samplesOf(node: NodeId): number {
    return this.#at(node).samples;
  }

  selfSamplesOf(node: NodeId): number {
    return this.depthOf(node) === 1 ? this.samplesOf(node) : 0;
  }

  get compared(): Compared | undefined {
    const { compared } = this.#index.tree;
    if (compared === undefined) return undefined;
    return {
      kind: compared.kind,
      seconds: compared.seconds,
      totalNs: (node) => this.#at(node).comparedNs,
      selfNs: (node) => (this.depthOf(node) === 1 ? this.#at(node).comparedNs : 0),
    };
  }

  functionOf(node: NodeId): ProfileFunction {
    return node === ROOT ? rootOf(this.#index) : this.#at(node).function;
  }

  /** Works out the callers on first use: as many steps as the node has places. */
  childrenOf(node: NodeId): readonly NodeId[] {
    const at = this.#at(node);
    if (node !== ROOT && !at.isExpanded && !this.#isOutdated) this.#expand(node);
    at.isAsked = true;
    return at.children;
  }

  /** Looks for one caller: a row that is closed does not make those it has. */
  hasChildren(node: NodeId): boolean {
    const at = this.#at(node);
    if (node === ROOT || at.isExpanded || this.#isOutdated) {
      return at.children.some((child) => hasWeight(this.#at(child)));
    }
    const { base } = this.#index;
    for (const [, frame] of this.#placesWithFrames(node)) {
      if (frame !== base && this.#index.tree.parentOf(frame) > ROOT) return true;
    }
    return false;
  }

  history(node: NodeId, out: Float64Array): void {
    if (node === ROOT) this.#index.tree.history(this.#index.base, out);
    else out.set(this.#recent.read(node, (sum) => this.#addHistories(node, sum)));
  }

  /** The histories below are others than they were. */
  refreshHistories(): void {
    this.#recent.refresh();
  }

  /** As many histories as one frame may read can be read again. */
  beginFrame(): void {
    this.#recent.beginFrame();
  }

  shareDelta(node: NodeId): number | undefined {
    this.history(node, this.#buckets);
    this.history(ROOT, this.#rootBuckets);
    return shareDelta(this.#buckets, this.#rootBuckets);
  }

  /** The places in the call tree where the time of a node was spent. */
  *originsOf(node: NodeId): Generator<NodeId> {
    const { tree } = this.#index;
    if (this.#isOutdated) return;
    if (this.depthOf(node) === 1) {
      const { compared } = tree;
      for (const at of this.#index.nodesOf(this.functionOf(node).id)) {
        if (tree.selfNs(at) > 0 || (compared !== undefined && compared.selfNs(at) > 0)) yield at;
      }
      return;
    }
    const places = this.#placesOf(node);
    for (let i = 0; i < places.length; i += 2) yield places[i] as NodeId;
  }

  /** The same with the frame of the node above each. */
  *#placesWithFrames(node: NodeId): Generator<readonly [origin: NodeId, frame: NodeId]> {
    if (this.depthOf(node) === 1) for (const origin of this.originsOf(node)) yield [origin, origin];
    else {
      const places = this.#placesOf(node);
      for (let i = 0; i < places.length; i += 2) yield [places[i] as NodeId, places[i + 1] as NodeId];
    }
  }

  /** The node of a function at the top, if it spent any time itself. */
  topOf(functionId: number): NodeId | undefined {
    const node = this.#byKey.get(keyOf(ROOT, functionId));
    return node !== undefined && this.totalNs(node) > 0 ? node : undefined;
  }

  /**
   * Takes the sums of a whole pass of the index; callers that are open or on the screen follow in `step`.
   * @param index the one there was, or one over another tree; @param isOpen what must not be forgotten
   * @returns how nodes moved, undefined when they did not
   */
  refresh(index: FunctionIndex, isOpen: (node: NodeId) => boolean): Moves | undefined {
    const isOther = index !== this.#index;
    this.#index = index;
    if (isOther) this.generation++;
    this.#recent.refresh();
    this.#stale = [];
    const root = this.#at(ROOT);
    root.totalNs = index.tree.totalNs(index.base);
    root.samples = index.tree.samplesOf(index.base);
    root.comparedNs = index.tree.compared?.totalNs(index.base) ?? 0;
    for (const child of root.children) this.#forgetWeight(this.#at(child));
    for (const func of index.functions) {
      const selfNs = index.selfNs(func.id);
      const comparedNs = index.comparedSelfNs(func.id);
      if (selfNs <= 0 && comparedNs <= 0) continue;
      const child = this.#at(this.#child(ROOT, func));
      child.totalNs = selfNs;
      child.samples = index.selfSamples(func.id);
      child.comparedNs = comparedNs;
    }
    const isStale = new Uint8Array(this.#nodes.length);
    const isKept = new Uint8Array(this.#nodes.length);
    for (let node = this.#nodes.length - 1; node > ROOT; node--) {
      const at = this.#at(node);
      const isShown = at.isAsked || isOpen(node);
      if (at.isExpanded && isShown) isStale[node] = 1;
      if (isShown || (at.depth === 1 && hasWeight(at))) isKept[node] = 1;
      if (isKept[node] === 1) isKept[at.parent] = 1;
      at.places = undefined;
      at.isExpanded = false;
      at.isAsked = false;
    }
    // The rows below what is shown stay what they are.
    for (let node = 1; node < isKept.length; node++) if (isStale[this.parentOf(node)] === 1) isKept[node] = 1;
    const moves = this.#keepOnly(isKept);
    for (let node = 1; node < isStale.length; node++) {
      if (isStale[node] === 1) this.#stale.push(moves === undefined ? node : moves(node));
    }
    this.version++;
    return moves;
  }

  /** Forgets the other nodes, when they are most of all. Those that stay keep their order. */
  #keepOnly(isKept: Uint8Array): Moves | undefined {
    const before = this.#nodes;
    let kept = 1;
    for (let node = 1; node < before.length; node++) kept += isKept[node] as number;
    if (before.length - kept <= Math.max(kept, fewNodes)) return undefined;
    const places = new Int32Array(before.length);
    this.#nodes = [before[ROOT] as CallerNode];
    this.#byKey = new Map();
    for (const at of before) at.children = [];
    for (let node = 1; node < before.length; node++) {
      const at = before[node] as CallerNode;
      const parent = places[at.parent] as NodeId;
      // A parent stands before its children.
      places[node] = isKept[node] === 1 ? this.#nodes.length : parent;
      if (isKept[node] !== 1) continue;
      at.parent = parent;
      this.#nodes.push(at);
      this.#byKey.set(keyOf(parent, at.function.id), places[node] as NodeId);
      this.#at(parent).children.push(places[node] as NodeId);
    }
    this.#recent.clear();
    this.generation++;
    return (node) => places[node] ?? ROOT;
  }

  /** Counts callers again, node by node. @returns whether all of them are done */
  step(isOver: () => boolean): boolean {
    if (this.#stale.length === 0 || this.#isOutdated) return true;
    let at = 0;
    while (at < this.#stale.length) {
      const node = this.#stale[at++] as NodeId;
      if (!this.#at(node).isExpanded) this.#expand(node);
      if (isOver()) break;
    }
    this.#stale = this.#stale.slice(at);
    if (this.#stale.length === 0) this.version++;
    return this.#stale.length === 0;
  }

  /** Groups the places of a node by the function that called it; what nobody called ends here. */
  #expand(node: NodeId): void {
    const at = this.#at(node);
    at.isExpanded = true;
    for (const child of at.children.map((node) => this.#at(node))) {
      this.#forgetWeight(child);
      child.places = [];
    }
    const { tree, base } = this.#index;
    const { compared } = tree;
    for (const [origin, frame] of this.#placesWithFrames(node)) {
      const caller = frame === base ? -1 : tree.parentOf(frame);
      if (caller <= ROOT) continue;
      const child = this.#at(this.#child(node, tree.functionOf(caller)));
      child.totalNs += tree.selfNs(origin);
      child.samples += tree.selfSamplesOf(origin);
      child.comparedNs += compared?.selfNs(origin) ?? 0;
      child.places ??= [];
      child.places.push(origin, caller);
    }
  }

  #forgetWeight(at: CallerNode): void {
    at.totalNs = 0;
    at.samples = 0;
    at.comparedNs = 0;
  }

  /** Known once the node below has been expanded; that may have to be done first, down to the top function. */
  #placesOf(node: NodeId): readonly NodeId[] {
    const missing: NodeId[] = [];
    for (let at = node; this.depthOf(at) > 1 && this.#at(at).places === undefined; at = this.parentOf(at)) {
      missing.push(this.parentOf(at));
    }
    for (let at = missing.pop(); at !== undefined; at = missing.pop()) this.#expand(at);
    return this.#at(node).places ?? [];
  }

  #addHistories(node: NodeId, sum: Float64Array): number {
    let places = 0;
    for (const origin of this.originsOf(node)) places += this.#addOwnHistory(origin, sum);
    return places;
  }

  /** What a node of the call tree spent itself: its history without that of its callees. @returns histories read */
  #addOwnHistory(origin: NodeId, out: Float64Array): number {
    const { tree } = this.#index;
    const own = this.#buckets;
    if (!tree.history(origin, own)) return 1;
    addTo(out, own, 1);
    // No list of children is made: it would be one for each place.
    const { newestChild, olderSibling } = tree.shape;
    let read = 1;
    for (let at = newestChild[origin] as NodeId; at !== ROOT; at = olderSibling[at] as NodeId) {
      if (at < tree.nodeCount && tree.history(at, own)) addTo(out, own, -1);
      read++;
    }
    return read;
  }

  /** The nodes of the call tree were made anew: its places mean nothing until the next refresh. */
  get #isOutdated(): boolean {
    return this.#index.generation !== this.#index.tree.generation;
  }

  #child(parent: NodeId, func: ProfileFunction): NodeId {
    const key = keyOf(parent, func.id);
    const known = this.#byKey.get(key);
    if (known !== undefined) {
      // Another profile may have given the number to another function.
      this.#at(known).function = func;
      return known;
    }
    const node = this.#nodes.length;
    this.#nodes.push(newNode(parent, this.depthOf(parent) + 1, func));
    this.#byKey.set(key, node);
    this.#at(parent).children.push(node);
    return node;
  }

  #at(node: NodeId): CallerNode {
    return this.#nodes[node] as CallerNode;
  }
}

function addTo(sum: Float64Array, buckets: Float64Array, sign: 1 | -1): void {
  for (let i = 0; i < bucketCount; i++) sum[i] = (sum[i] as number) + sign * (buckets[i] as number);
}

function hasWeight({ totalNs, comparedNs }: CallerNode): boolean {
  return totalNs > 0 || comparedNs > 0;
}

/** Both ids stay far below 2^26, so the key is an exact integer. */
function keyOf(parent: NodeId, functionId: number): number {
  return parent * 2 ** 26 + functionId;
}

function newNode(parent: NodeId, depth: number, func: ProfileFunction): CallerNode {
  return {
    parent,
    depth,
    function: func,
    totalNs: 0,
    samples: 0,
    comparedNs: 0,
    children: [],
    places: undefined,
    isExpanded: false,
    isAsked: false,
  };
}

/** All there is: the root of the call tree, or what is zoomed into. */
function rootOf({ tree, base }: FunctionIndex): ProfileFunction {
  return { ...tree.functionOf(base), kind: 'root' };
}
