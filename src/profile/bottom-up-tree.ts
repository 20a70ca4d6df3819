/**
 * The call tree upside down: functions by their self time, below each its callers. Only what is opened is worked out.
 * A node is a path of functions, so it stays itself when the tree under it is made anew, filtered or frozen.
 */
import type { CallTree, Compared, NodeId } from './call-tree.ts';
import { ROOT } from './call-tree.ts';
import type { FunctionIndex } from './function-index.ts';
import type { ProfileFunction } from './functions.ts';
import { bucketCount, shareDelta } from './history.ts';
import { HistoryCache } from './history-cache.ts';

interface CallerNode {
  readonly parent: NodeId;
  readonly depth: number;
  function: ProfileFunction;
  totalNs: number;
  samples: number;
  /** Of what the call tree is compared with. */
  comparedNs: number;
  readonly children: NodeId[];
  /** Where the time was spent, and the frame of this node above it, in pairs; undefined when not worked out. */
  places: NodeId[] | undefined;
  isExpanded: boolean;
  isAsked: boolean;
}

export class BottomUpTree implements CallTree {
  version = 0;
  generation = 0;
  #index: FunctionIndex;
  #nodes: CallerNode[] = [];
  readonly #byKey = new Map<number, NodeId>();
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
    const { seconds } = this.#index.tree.compared ?? {};
    if (seconds === undefined) return undefined;
    return {
      seconds,
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

  history(node: NodeId, out: Float64Array): void {
    if (node === ROOT) this.#index.tree.history(this.#index.base, out);
    else out.set(this.#recent.read(node, (sum) => this.#addHistories(node, sum)));
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

  /** The node of a function at the top, if it spent any time itself. */
  topOf(functionId: number): NodeId | undefined {
    const node = this.#byKey.get(keyOf(ROOT, functionId));
    return node !== undefined && this.totalNs(node) > 0 ? node : undefined;
  }

  /**
   * Takes the sums of a whole pass of the index; callers that are open or on the screen follow in `step`.
   * @param index the one there was, or one over another tree
   */
  refresh(index: FunctionIndex, isOpen: (node: NodeId) => boolean): void {
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
    for (let node = 1; node < this.#nodes.length; node++) {
      const at = this.#at(node);
      at.places = undefined;
      if (at.isExpanded && (at.isAsked || isOpen(node))) this.#stale.push(node);
      at.isExpanded = false;
      at.isAsked = false;
    }
    this.version++;
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
    const add = (origin: NodeId, frame: NodeId): void => {
      const caller = frame === base ? -1 : tree.parentOf(frame);
      if (caller <= ROOT) return;
      const child = this.#at(this.#child(node, tree.functionOf(caller)));
      child.totalNs += tree.selfNs(origin);
      child.samples += tree.selfSamplesOf(origin);
      child.comparedNs += compared?.selfNs(origin) ?? 0;
      child.places ??= [];
      child.places.push(origin, caller);
    };
    if (at.depth === 1) for (const origin of this.originsOf(node)) add(origin, origin);
    else {
      const places = this.#placesOf(node);
      for (let i = 0; i < places.length; i += 2) add(places[i] as NodeId, places[i + 1] as NodeId);
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
    tree.history(origin, own);
    if (own.every((ns) => ns === 0)) return 1;
    for (let i = 0; i < bucketCount; i++) out[i] = (out[i] ?? 0) + (own[i] ?? 0);
    const callees = tree.childrenOf(origin);
    for (const callee of callees) {
      tree.history(callee, own);
      for (let i = 0; i < bucketCount; i++) out[i] = (out[i] ?? 0) - (own[i] ?? 0);
    }
    return 1 + callees.length;
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
