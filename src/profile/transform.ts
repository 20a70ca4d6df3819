/**
 * Transforms of the call tree, as the user stacks them, and for each the rule by which a path of functions becomes
 * another one, or none. A rule looks at one function at a time, from the root on, so what is new in a growing tree
 * costs one step per node. Pure.
 */
import { type NodeId, ROOT } from './call-tree.ts';
import { Column, int32 } from './column.ts';
import { FunctionFlags } from './function-flags.ts';
import type { Functions, ProfileFunction } from './functions.ts';
import { matcherOf, type NameQuery } from './name-query.ts';
import type { PathTree } from './path-tree.ts';
import { isRuntimeInternal } from './runtime-internals.ts';

export type FunctionTransform =
  | 'focus-function'
  | 'merge-function'
  | 'collapse-function'
  | 'collapse-recursion'
  | 'drop-function';

export type Transform =
  | { readonly kind: FunctionTransform; readonly function: ProfileFunction }
  /** One place only: functions from below the root to the place. */
  | { readonly kind: 'focus-subtree' | 'merge-node'; readonly path: readonly ProfileFunction[] }
  | { readonly kind: 'collapse-module'; readonly module: string }
  /** What belongs to language runtimes themselves goes to its callers. */
  | { readonly kind: 'hide-internals' }
  /** Only stacks with a match stay. */
  | { readonly kind: 'keep'; readonly query: NameQuery };

/** The path that ended here has no place in the transformed tree. */
export const nowhere = -1;

/**
 * How paths go on. Where one ends is a node of the transformed tree, or `nowhere`, and a state: what the rule must know
 * of it. Numbers, not objects: there are hundreds of thousands of nodes.
 */
export interface Rule {
  /** Where the root of the tree stands; its state is 0. */
  readonly root: NodeId;
  /** The state that the last step led to. */
  state: number;
  /** One function more at the end of a path. @returns where it ends then; the state is in `state` */
  step(node: NodeId, state: number, functionId: number): NodeId;
}

/** A rule that leaves every path as it is, and only tells which of them keep their time. */
export interface Marking {
  /** The state of a path that is one function longer. */
  mark(state: number, functionId: number): number;
  /** Whether time spent at a place of this state itself stays in the tree. */
  hasOwn(state: number): boolean;
}

/** @param tree the transformed tree, which the rule makes nodes of */
export function ruleOf(transform: Transform, tree: PathTree, functions: Functions): Rule | Marking {
  switch (transform.kind) {
    case 'focus-function':
      return focusFunction(transform.function.id, tree);
    case 'focus-subtree':
      return focusSubtree(transform.path, tree);
    case 'merge-function':
      return mergeFunction(transform.function.id, tree);
    case 'merge-node':
      return mergeNode(transform.path, tree);
    case 'collapse-function':
      return collapseFunction(transform.function.id, tree);
    case 'collapse-module':
      return collapseModule(transform.module, tree, functions);
    case 'collapse-recursion':
      return collapseRecursion(transform.function.id, tree);
    case 'drop-function':
      return dropFunction(transform.function.id, tree);
    case 'hide-internals':
      return hideInternals(tree, functions);
    case 'keep':
      return keepMatches(transform.query, functions);
  }
}

/** The outermost call of the function becomes a child of the root; stacks without it are left out. */
function focusFunction(focused: number, tree: PathTree): Rule {
  const inside = 1;
  return {
    root: nowhere,
    state: 0,
    step(node, state, functionId) {
      this.state = state;
      if (state === inside) return tree.child(node, functionId);
      if (functionId !== focused) return nowhere;
      this.state = inside;
      return tree.child(ROOT, functionId);
    },
  };
}

/** How far a path agrees with another one. */
const off = -1;
function agreement(path: readonly ProfileFunction[], state: number, functionId: number): number {
  return state !== off && path[state]?.id === functionId ? state + 1 : off;
}

function focusSubtree(path: readonly ProfileFunction[], tree: PathTree): Rule {
  return {
    root: nowhere,
    state: 0,
    step(node, state, functionId) {
      this.state = state;
      if (node !== nowhere) return tree.child(node, functionId);
      this.state = agreement(path, state, functionId);
      return this.state === path.length ? tree.child(ROOT, functionId) : nowhere;
    },
  };
}

/** The function's own time goes to its caller, and its callees are called by that one. */
function mergeFunction(merged: number, tree: PathTree): Rule {
  return {
    root: ROOT,
    state: 0,
    step: (node, _state, functionId) => (functionId === merged ? node : tree.child(node, functionId)),
  };
}

/** As if each of them were merged. */
function hideInternals(tree: PathTree, functions: Functions): Rule {
  const isHidden = new FunctionFlags((id) => isRuntimeInternal(functions.at(id)));
  return {
    root: ROOT,
    state: 0,
    step: (node, _state, functionId) => (isHidden.has(functionId) ? node : tree.child(node, functionId)),
  };
}

function mergeNode(path: readonly ProfileFunction[], tree: PathTree): Rule {
  return {
    root: ROOT,
    state: 0,
    step(node, state, functionId) {
      this.state = agreement(path, state, functionId);
      if (this.state !== path.length) return tree.child(node, functionId);
      this.state = off;
      return node;
    },
  };
}

/** All that the function calls becomes its own time. */
function collapseFunction(collapsed: number, tree: PathTree): Rule {
  const inside = 1;
  return {
    root: ROOT,
    state: 0,
    step(node, state, functionId) {
      this.state = state;
      if (state === inside) return node;
      if (functionId === collapsed) this.state = inside;
      return tree.child(node, functionId);
    },
  };
}

/** Each run of functions of a module becomes one; marked time keeps its mark. */
function collapseModule(module: string, tree: PathTree, functions: Functions): Rule {
  const inside = 1;
  const kind = module === 'kernel' ? 'kernel' : 'native';
  const whole = functions.intern(module, module, kind);
  /** The child that stands for the module, by node; the root is nobody's child. */
  const wholes = new Column(int32);
  const ofModule = new FunctionFlags((id) => {
    const func = functions.at(id);
    return func.module === module && func.kind !== 'marked';
  });
  return {
    root: ROOT,
    state: 0,
    step(node, state, functionId) {
      const isInside = ofModule.has(functionId);
      this.state = isInside ? inside : 0;
      if (!isInside) return tree.child(node, functionId);
      if (state === inside) return node;
      // Other functions of the module may have been called from here, too.
      const known = wholes.values[node] ?? ROOT;
      if (known !== ROOT) return known;
      const made = tree.child(node, whole);
      wholes.extend(node + 1)[node] = made;
      return made;
    },
  };
}

/** A call of the function by itself, through others too, goes on where its outermost call stands. */
function collapseRecursion(collapsed: number, tree: PathTree): Rule {
  const no = 0;
  return {
    root: ROOT,
    state: 0,
    step(node, state, functionId) {
      // The state is the node of the outermost call; the root is never one.
      this.state = state;
      if (functionId !== collapsed) return tree.child(node, functionId);
      if (state === no) this.state = tree.child(node, functionId);
      return this.state;
    },
  };
}

function dropFunction(dropped: number, tree: PathTree): Rule {
  return {
    root: ROOT,
    state: 0,
    step: (node, _state, functionId) =>
      node === nowhere || functionId === dropped ? nowhere : tree.child(node, functionId),
  };
}

/** Callers of a match stay, but only with the time that is spent under it. */
function keepMatches(query: NameQuery, functions: Functions): Marking {
  const kept = 1;
  const matches = matcherOf(query);
  const isMatch = new FunctionFlags((id) => {
    const func = functions.at(id);
    return func.kind !== 'root' && matches(func);
  });
  return {
    mark: (state, functionId) => (state === kept || isMatch.has(functionId) ? kept : 0),
    hasOwn: (state) => state === kept,
  };
}
