/**
 * A stack of transforms at work: each stage makes a tree of paths of the one before, and remembers where every path
 * ends in it. Nodes are taken in the order of their ids, a parent before its children; what was taken never moves.
 */
import type { NodeId } from './call-tree.ts';
import { Column, int32, uint8 } from './column.ts';
import type { Functions } from './functions.ts';
import { PathTree } from './path-tree.ts';
import { nowhere, type Place, type Rule, ruleOf, type Transform } from './transform.ts';

class Stage {
  readonly tree: PathTree;
  readonly #rule: Rule;
  /** Place by node of the tree before. */
  readonly #node: Column<Int32Array>;
  readonly #state: Column<Int32Array>;
  readonly #hasOwn: Column<Uint8Array>;
  readonly #above = { node: 0, state: 0 };

  constructor(transform: Transform, rootFunction: number, functions: Functions, capacity: number) {
    this.tree = new PathTree(rootFunction, capacity);
    this.#node = new Column(int32, capacity);
    this.#state = new Column(int32, capacity);
    this.#hasOwn = new Column(uint8, capacity);
    this.#rule = ruleOf(transform, this.tree, functions);
  }

  /** How many nodes of the tree before have been taken. */
  get taken(): number {
    return this.#node.length;
  }

  /** Takes the next node of the tree before. */
  take(parent: NodeId, functionId: number): void {
    const known = this.tree.length;
    const place = parent < 0 ? this.#rule.root : this.#rule.step(this.#placeOf(parent), functionId);
    // Another node has come here before: what is called from here may be there already.
    if (place.node !== nowhere && place.node < known) this.tree.share(place.node);
    this.#node.push(place.node);
    this.#state.push(place.state);
    if (this.#rule.hasOwn !== undefined) this.#hasOwn.push(this.#rule.hasOwn(place) ? 1 : 0);
  }

  /** One object for all: it is read at once, and there are hundreds of thousands of nodes. */
  #placeOf(taken: NodeId): Place {
    this.#above.node = this.#node.at(taken);
    this.#above.state = this.#state.at(taken);
    return this.#above;
  }

  nodeOf(taken: NodeId): NodeId {
    return this.#node.at(taken);
  }

  hasOwn(taken: NodeId): boolean {
    return this.#rule.hasOwn === undefined || this.#hasOwn.at(taken) === 1;
  }
}

export class TransformStages {
  readonly #stages: readonly Stage[];

  /**
   * @param transforms at least one; @param rootFunction the function id of the source's root
   * @param nodes how many nodes of the source there are now: room for them is made at once
   */
  constructor(transforms: readonly Transform[], rootFunction: number, functions: Functions, nodes: number) {
    // Columns that double as they grow would cost as much again as the work itself.
    const capacity = Math.ceil(nodes * 1.1) + 64;
    this.#stages = transforms.map((transform) => new Stage(transform, rootFunction, functions, capacity));
  }

  /** The transformed tree. */
  get tree(): PathTree {
    return (this.#stages.at(-1) as Stage).tree;
  }

  /** How many nodes of the source have been taken. */
  get taken(): number {
    return this.#stages[0]?.taken ?? 0;
  }

  take(parent: NodeId, functionId: number): void {
    const [first, ...others] = this.#stages as [Stage, ...Stage[]];
    first.take(parent, functionId);
    let { tree } = first;
    for (const stage of others) {
      for (let node = stage.taken; node < tree.length; node++) {
        stage.take(tree.parentOf(node), tree.functionIdOf(node));
      }
      tree = stage.tree;
    }
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
    if (taken >= this.taken) return nowhere;
    let at = taken;
    for (const stage of this.#stages) {
      if (!stage.hasOwn(at)) return nowhere;
      at = stage.nodeOf(at);
      if (at === nowhere) break;
    }
    return at;
  }
}
