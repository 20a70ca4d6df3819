/**
 * A stack of transforms at work: each stage makes a tree of paths of the one before, and remembers where every path
 * ends in it. Nodes are taken in the order of their ids, a parent before its children; what was taken never moves.
 */
import { arrayPool } from './array-pool.ts';
import { type NodeId, ROOT } from './call-tree.ts';
import { Column } from './column.ts';
import type { Functions } from './functions.ts';
import { type NodeShape, PathTree } from './path-tree.ts';
import { type Marking, nowhere, type Rule, ruleOf, type Transform } from './transform.ts';

class Stage {
  readonly tree: PathTree;
  readonly #rule: Rule | Marking;
  /** Place by node of the tree before. */
  readonly #node: Column<Int32Array>;
  readonly #state: Column<Int32Array>;
  readonly #hasOwn: Column<Uint8Array>;
  /** The node of the tree before that a node was first seen for. */
  readonly #origin: Column<Int32Array>;

  constructor(transform: Transform, rootFunction: number, functions: Functions, capacity: number) {
    this.tree = new PathTree(rootFunction, capacity);
    this.#node = new Column(arrayPool.int32, capacity);
    this.#state = new Column(arrayPool.int32, capacity);
    this.#hasOwn = new Column(arrayPool.uint8, capacity);
    this.#origin = new Column(arrayPool.int32, capacity);
    this.#origin.push(ROOT);
    this.#rule = ruleOf(transform, this.tree, functions);
  }

  release(): void {
    this.tree.release();
    for (const column of [this.#node, this.#state, this.#hasOwn, this.#origin]) releaseColumn(column);
  }

  /** How many nodes of the tree before have been taken. */
  get taken(): number {
    return this.#node.length;
  }

  /** Takes the next nodes of the tree before, up to `end`. */
  take(shape: NodeShape, end: number): void {
    if ('mark' in this.#rule) this.#mark(this.#rule, shape, end);
    else this.#step(this.#rule, shape, end);
  }

  #mark(rule: Marking, shape: NodeShape, end: number): void {
    const { parent, functionId } = shape;
    const first = this.taken;
    this.tree.takeAsIs(shape, end);
    const nodes = this.#node.extend(end);
    const states = this.#state.extend(end);
    const hasOwn = this.#hasOwn.extend(end);
    const origins = this.#origin.extend(end);
    for (let taken = first; taken < end; taken++) {
      const above = parent[taken] as number;
      const state = above >= 0 ? rule.mark(states[above] as number, functionId[taken] as number) : 0;
      nodes[taken] = taken;
      origins[taken] = taken;
      states[taken] = state;
      hasOwn[taken] = rule.hasOwn(state) ? 1 : 0;
    }
  }

  #step(rule: Rule, { parent, functionId }: NodeShape, end: number): void {
    const { tree } = this;
    const first = this.taken;
    const nodes = this.#node.extend(end);
    const states = this.#state.extend(end);
    const origins = this.#origin.extend(tree.length + end - first);
    let known = tree.length;
    for (let taken = first; taken < end; taken++) {
      const above = parent[taken] as number;
      let place = rule.root;
      let state = 0;
      if (above >= 0) {
        place = rule.step(nodes[above] as number, states[above] as number, functionId[taken] as number);
        state = rule.state;
      }
      nodes[taken] = place;
      states[taken] = state;
      if (place === known) origins[known++] = taken;
      // Another node has come here before: what is called from here may be there already.
      else if (place !== nowhere) tree.share(place);
    }
  }

  /** Brings ends in the tree before to this one: where time that was spent there itself goes. */
  lead(ends: Int32Array, first: number, end: number): void {
    const nodes = this.#node.values;
    const hasOwn = 'mark' in this.#rule ? this.#hasOwn.values : undefined;
    for (let i = first; i < end; i++) {
      const at = ends[i] as number;
      if (at !== nowhere)
        ends[i] = hasOwn === undefined || hasOwn[at] === 1 ? (nodes[at] as number) : nowhere;
    }
  }

  nodeOf(taken: NodeId): NodeId {
    return this.#node.at(taken);
  }

  originOf(node: NodeId): NodeId {
    return this.#origin.at(node);
  }
}

export class TransformStages {
  readonly #stages: readonly Stage[];
  /** Through all stages, by node of the source. */
  readonly #ownEnd: Column<Int32Array>;

  /**
   * @param transforms at least one; @param rootFunction the function id of the source's root
   * @param nodes how many nodes of the source there are now: room for them is made at once
   */
  constructor(transforms: readonly Transform[], rootFunction: number, functions: Functions, nodes: number) {
    // Columns that double as they grow would cost as much again as the work itself.
    const capacity = Math.ceil(nodes * 1.1) + 64;
    this.#stages = transforms.map((transform) => new Stage(transform, rootFunction, functions, capacity));
    this.#ownEnd = new Column(arrayPool.int32, capacity);
  }

  /** Gives its memory to other trees: nobody reads this one any more. */
  release(): void {
    for (const stage of this.#stages) stage.release();
    releaseColumn(this.#ownEnd);
  }

  /** The transformed tree. */
  get tree(): PathTree {
    return (this.#stages.at(-1) as Stage).tree;
  }

  /** How many nodes of the source have been taken. */
  get taken(): number {
    return this.#ownEnd.length;
  }

  /** Where the own time of each taken node of the source goes; `nowhere` when it is left out. */
  get ownEnds(): Int32Array {
    return this.#ownEnd.values;
  }

  /** Takes the next nodes of the source, up to `end`. */
  take(source: NodeShape, end: number): void {
    let from = { shape: source, length: end };
    for (const stage of this.#stages) {
      stage.take(from.shape, from.length);
      from = stage.tree;
    }
    const first = this.taken;
    const ownEnds = this.#ownEnd.extend(end);
    for (let node = first; node < end; node++) ownEnds[node] = node;
    for (const stage of this.#stages) stage.lead(ownEnds, first, end);
  }

  /** Where a node of the source ends; `nowhere` when it is left out. */
  endOf(taken: NodeId): NodeId {
    if (taken >= this.taken) return nowhere;
    let at = taken;
    for (const stage of this.#stages) {
      at = stage.nodeOf(at);
      if (at === nowhere) break;
    }
    return at;
  }

  /** Where its own time goes. */
  ownEndOf(taken: NodeId): NodeId {
    return taken >= this.taken ? nowhere : this.#ownEnd.at(taken);
  }

  /** The node of the source that a node of the transformed tree was first seen for. */
  originOf(node: NodeId): NodeId {
    let at = node;
    for (let stage = this.#stages.length - 1; stage >= 0; stage--) {
      at = (this.#stages[stage] as Stage).originOf(at);
    }
    return at;
  }
}

function releaseColumn(column: Column<Int32Array> | Column<Uint8Array>): void {
  arrayPool.giveBack(column.values);
  column.values = column.values.slice(0, 0);
  column.length = 0;
}
