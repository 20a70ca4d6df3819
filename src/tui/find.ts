/**
 * Looking for names in a call tree: what matches, how much time is under it, and where the next match is. Whether a
 * row matches is known at once; the rest is worked out in slices. Ancestors of matches are known, so that closed parts
 * are searched too and a walk enters only what leads to a match.
 */
import { arrayPool } from '../profile/array-pool.ts';
import { type CallTree, type ColumnTree, type NodeId, ROOT } from '../profile/call-tree.ts';
import { FunctionFlags } from '../profile/function-flags.ts';
import { matcherOf, type NameQuery } from '../profile/name-query.ts';
import type { NodeShape } from '../profile/path-tree.ts';

const nodesPerLook = 1024;

const match = 1;
const above = 2;
/** At a match or below one. */
const within = 4;

type SearchedShape = Pick<NodeShape, 'parent' | 'functionId'>;

export interface FindTotals {
  readonly count: number;
  readonly functions: number;
  /** Share of all time under a match, 0..1; a match inside another one counts once. */
  readonly share: number;
}

interface Pass {
  readonly version: number;
  readonly shape: SearchedShape;
  readonly flags: FunctionFlags;
  readonly marks: Uint8Array;
  at: NodeId;
  count: number;
  weightNs: number;
}

export class Finding {
  readonly tree: CallTree;
  readonly query: NameQuery;
  readonly generation: number;
  #flags: FunctionFlags;
  #marks: Uint8Array = new Uint8Array(0);
  #version = -1;
  #totals: FindTotals | undefined;
  #pass: Pass | undefined;

  constructor(tree: CallTree, query: NameQuery) {
    this.tree = tree;
    this.query = query;
    this.generation = tree.generation;
    this.#flags = this.#newFlags();
  }

  /** Of the last whole pass; undefined before the first. */
  get totals(): FindTotals | undefined {
    return this.#totals;
  }

  get isCurrent(): boolean {
    const { version, nodeCount } = this.tree;
    return this.#pass === undefined && this.#version === version && this.#marks.length === nodeCount;
  }

  isMatch(node: NodeId): boolean {
    return this.#flags.has(this.tree.functionOf(node).id, node);
  }

  /** Whether a match stands below the node, as far as the last whole pass knows. */
  leadsToMatch(node: NodeId): boolean {
    return ((this.#marks[node] ?? 0) & above) !== 0;
  }

  /** Works on a pass over all nodes, and begins one. @returns whether it is done */
  step(isOver: () => boolean): boolean {
    const { version, nodeCount, generation } = this.tree;
    if (generation !== this.generation) return true;
    this.#pass ??= {
      version,
      shape: shapeOf(this.tree),
      // Threads are renamed: every pass asks again.
      flags: this.#newFlags(),
      marks: arrayPool.uint8(nodeCount),
      at: ROOT,
      count: 0,
      weightNs: 0,
    };
    const pass = this.#pass;
    while (pass.at < pass.marks.length) {
      this.#look(pass, Math.min(pass.marks.length, pass.at + nodesPerLook));
      if (pass.at < pass.marks.length && isOver()) return false;
    }
    const allNs = this.tree.totalNs(ROOT);
    const { marks, flags, count, weightNs } = pass;
    this.#totals = { count, functions: flags.positive, share: allNs > 0 ? weightNs / allNs : 0 };
    arrayPool.giveBack(this.#marks);
    this.#marks = marks;
    this.#flags = flags;
    this.#version = pass.version;
    this.#pass = undefined;
    return true;
  }

  /** A parent has a smaller id than its children (profile/call-tree.ts). */
  #look(pass: Pass, end: NodeId): void {
    const { marks, flags } = pass;
    const { parent, functionId } = pass.shape;
    for (; pass.at < end; pass.at++) {
      const node = pass.at;
      const up = parent[node] as number;
      const isInside = up >= 0 && ((marks[up] as number) & within) !== 0;
      const isMatch = flags.has(functionId[node] as number, node);
      if (isMatch || isInside) marks[node] = (marks[node] as number) | within;
      if (!isMatch) continue;
      marks[node] = (marks[node] as number) | match;
      pass.count++;
      if (!isInside) pass.weightNs += this.tree.totalNs(node);
      for (let at = up; at >= 0 && ((marks[at] as number) & above) === 0; at = parent[at] as number) {
        marks[at] = (marks[at] as number) | above;
      }
    }
  }

  /** Gives its memory to other searches: nobody asks this one any more. */
  release(): void {
    arrayPool.giveBack(this.#marks);
    if (this.#pass !== undefined) arrayPool.giveBack(this.#pass.marks);
    this.#marks = new Uint8Array(0);
    this.#pass = undefined;
  }

  #newFlags(): FunctionFlags {
    if (this.query.text === '') return new FunctionFlags(() => false);
    const matches = matcherOf(this.query);
    return new FunctionFlags((_id, node) => {
      const func = this.tree.functionOf(node);
      return func.kind !== 'root' && matches(func);
    });
  }
}

/** Lists of functions or threads have no columns: they are short. */
function shapeOf(tree: CallTree & Partial<Pick<ColumnTree, 'shape'>>): SearchedShape {
  if (tree.shape !== undefined) return tree.shape;
  const shape = { parent: new Int32Array(tree.nodeCount), functionId: new Uint32Array(tree.nodeCount) };
  for (let node = ROOT; node < tree.nodeCount; node++) {
    shape.parent[node] = tree.parentOf(node);
    shape.functionId[node] = tree.functionOf(node).id;
  }
  return shape;
}

/** What a walk from match to match asks. */
export interface MatchWalk {
  isMatch(node: NodeId): boolean;
  leadsToMatch(node: NodeId): boolean;
  parentOf(node: NodeId): NodeId;
  /** In the order of the screen. */
  childrenOf(node: NodeId): readonly NodeId[];
}

/**
 * The match before or after a node in the order of the screen, in closed parts too; past the end it goes on at the
 * other. Looks only at siblings of the node and of those above it, and down to one match.
 */
export function matchBeside(walk: MatchWalk, node: NodeId, step: 1 | -1): NodeId | undefined {
  const found = step === 1 ? nextMatch(walk, node) : previousMatch(walk, node);
  return found ?? (step === 1 ? firstMatchIn(walk, [ROOT]) : lastMatchIn(walk, [ROOT]));
}

function nextMatch(walk: MatchWalk, node: NodeId): NodeId | undefined {
  let found = firstMatchIn(walk, walk.leadsToMatch(node) ? walk.childrenOf(node) : []);
  for (let at = node; found === undefined && at > ROOT; at = walk.parentOf(at)) {
    const siblings = walk.childrenOf(walk.parentOf(at));
    found = firstMatchIn(walk, siblings.slice(siblings.indexOf(at) + 1));
  }
  return found;
}

function previousMatch(walk: MatchWalk, node: NodeId): NodeId | undefined {
  for (let at = node; at > ROOT; at = walk.parentOf(at)) {
    const parent = walk.parentOf(at);
    const siblings = walk.childrenOf(parent);
    const found = lastMatchIn(walk, siblings.slice(0, Math.max(0, siblings.indexOf(at))));
    if (found !== undefined) return found;
    if (walk.isMatch(parent)) return parent;
  }
  return undefined;
}

function firstMatchIn(walk: MatchWalk, nodes: readonly NodeId[]): NodeId | undefined {
  const stack = nodes.toReversed();
  for (let at = stack.pop(); at !== undefined; at = stack.pop()) {
    if (walk.isMatch(at)) return at;
    if (!walk.leadsToMatch(at)) continue;
    const children = walk.childrenOf(at);
    for (let i = children.length - 1; i >= 0; i--) stack.push(children[i] as NodeId);
  }
  return undefined;
}

function lastMatchIn(walk: MatchWalk, nodes: readonly NodeId[]): NodeId | undefined {
  const stack = nodes.map((node) => ({ node, isEntered: false }));
  for (let at = stack.pop(); at !== undefined; at = stack.pop()) {
    const { node, isEntered } = at;
    if (!isEntered && walk.leadsToMatch(node)) {
      // What stands below a node comes after it.
      stack.push({ node, isEntered: true });
      for (const child of walk.childrenOf(node)) stack.push({ node: child, isEntered: false });
    } else if (walk.isMatch(node)) return node;
  }
  return undefined;
}
