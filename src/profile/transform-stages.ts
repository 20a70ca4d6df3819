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
  readonly #node = new Column(int32);
  readonly #state = new Column(int32);
  readonly #hasOwn = new Column(uint8);

  constructor(transform: Transform, rootFunction: number, functions: Functions) {
    this.tree = new PathTree(rootFunction);
    this.#rule = ruleOf(transform, this.tree, functions);
  }

  /** How many nodes of the tree before have been taken. */
  get taken(): number {
    return this.#node.length;
  }

  /** Takes the next node of the tree before. */
  take(parent: NodeId, functionId: number): void {
    const place: Place =
      parent < 0
        ? this.#rule.root
        : this.#rule.step({ node: this.#node.at(parent), state: this.#state.at(parent) }, functionId);
    this.#node.push(place.node);
    this.#state.push(place.state);
    this.#hasOwn.push(this.#rule.hasOwn?.(place) === false ? 0 : 1);
  }

  nodeOf(taken: NodeId): NodeId {
    return this.#node.at(taken);
  }

  hasOwn(taken: NodeId): boolean {
    return this.#hasOwn.at(taken) === 1;
  }
}

export class TransformStages {
  readonly #stages: readonly Stage[];
  /** Where each node of the source ends, and where its own time goes: `nowhere` when it is left out. */
  readonly #end = new Column(int32);
  readonly #ownEnd = new Column(int32);

  /** @param transforms at least one; @param rootFunction the function id of the source's root */
  constructor(transforms: readonly Transform[], rootFunction: number, functions: Functions) {
    this.#stages = transforms.map((transform) => new Stage(transform, rootFunction, functions));
  }

  /** The transformed tree. */
  get tree(): PathTree {
    return (this.#stages.at(-1) as Stage).tree;
  }

  /** How many nodes of the source have been taken. */
  get taken(): number {
    return this.#end.length;
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
    this.#remember(first.taken - 1);
  }

  endOf(taken: NodeId): NodeId {
    return taken < this.taken ? this.#end.at(taken) : nowhere;
  }

  ownEndOf(taken: NodeId): NodeId {
    return taken < this.taken ? this.#ownEnd.at(taken) : nowhere;
  }

  #remember(taken: NodeId): void {
    let at = taken;
    let hasOwn = true;
    for (const stage of this.#stages) {
      hasOwn = hasOwn && stage.hasOwn(at);
      at = stage.nodeOf(at);
      if (at === nowhere) break;
    }
    this.#end.push(at);
    this.#ownEnd.push(hasOwn ? at : nowhere);
  }
}
