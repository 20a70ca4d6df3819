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
  readonly #node = new Column(arrayPool.unset.int32, 0);
  readonly #state = new Column(arrayPool.unset.int32, 0);
  readonly #hasOwn = new Column(arrayPool.unset.uint8, 0);
  /** The node of the tree before that a node was first seen for. */
  readonly #origin = new Column(arrayPool.unset.int32, 1);

  constructor(transform: Transform, rootFunction: number, functions: Functions) {
    this.tree = new PathTree(rootFunction, 1);
    this.#origin.push(ROOT);
    this.#rule = ruleOf(transform, this.tree, functions);
  }

  *makeRoom(nodes: number): Generator<void> {
    yield* this.tree.reserve(nodes);
    for (const column of [this.#node, this.#state, this.#origin]) {
      yield;
      column.reserve(nodes);
    }
    if (this.isMarking) this.#hasOwn.reserve(nodes);
  }

  release(): void {
    this.tree.release();
    for (const column of [this.#node, this.#state, this.#hasOwn, this.#origin]) releaseColumn(column);
  }

  /** Where each taken node is; `nowhere` when it is left out. */
  get ends(): Int32Array {
    return this.#node.values;
  }

  /** How many nodes of the tree before have been taken. */
  get taken(): number {
    return this.#node.length;
  }

  /** Whether time at a node may be left out though the node stays. */
  get isMarking(): boolean {
    return 'mark' in this.#rule;
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
    const hasOwn = this.isMarking ? this.#hasOwn.values : undefined;
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
  /** Through all stages, by node of the source; unused where one stage alone tells. */
  readonly #ownEnd = new Column(arrayPool.unset.int32, 0);

  /** @param transforms at least one; @param rootFunction the function id of the source's root */
  constructor(transforms: readonly Transform[], rootFunction: number, functions: Functions) {
    this.#stages = transforms.map((transform) => new Stage(transform, rootFunction, functions));
  }

  /**
   * Makes room, in pieces, for so many nodes of the source and some more. Columns that double as they grow would cost as
   * much again as the work itself.
   */
  *makeRoom(nodes: number): Generator<void> {
    const capacity = Math.ceil(nodes * 1.1) + 64;
    for (const stage of this.#stages) {
      yield* stage.makeRoom(capacity);
      yield;
    }
    if (this.#onlyStage === undefined) this.#ownEnd.reserve(capacity);
    yield;
  }

  /** The one stage there is, where it leaves out no node's own time but that of nodes that it leaves out. */
  get #onlyStage(): Stage | undefined {
    const [first, second] = this.#stages;
    return second === undefined && first?.isMarking === false ? first : undefined;
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
    return (this.#stages[0] as Stage).taken;
  }

  /** Where the own time of each taken node of the source goes; `nowhere` when it is left out. */
  get ownEnds(): Int32Array {
    return this.#onlyStage?.ends ?? this.#ownEnd.values;
  }

  /** Takes the next nodes of the source, up to `end`. */
  take(source: NodeShape, end: number): void {
    let from = { shape: source, length: end };
    for (const stage of this.#stages) {
      stage.take(from.shape, from.length);
      from = stage.tree;
    }
    if (this.#onlyStage !== undefined) return;
    const first = this.#ownEnd.length;
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
    return taken >= this.taken ? nowhere : (this.ownEnds[taken] as NodeId);
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
