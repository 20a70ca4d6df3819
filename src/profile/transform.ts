/**
 * Transforms of the call tree, as the user stacks them, and for each the rule by which a path of functions becomes
 * another one, or none. A rule looks at one function at a time, from the root on, so what is new in a growing tree
 * costs one step per node. Pure.
 */
import { type NodeId, ROOT } from './call-tree.ts';
import type { Functions, ProfileFunction } from './functions.ts';
import { matcherOf, type NameQuery } from './name-query.ts';
import type { PathTree } from './path-tree.ts';

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
  /** Only stacks with a match stay. */
  | { readonly kind: 'keep'; readonly query: NameQuery };

/** The path that ended here has no place in the transformed tree. */
export const nowhere = -1;

/** Where a path ends in the transformed tree, and what the rule must know of it when it goes on. */
export interface Place {
  readonly node: NodeId;
  readonly state: number;
}

export interface Rule {
  /** Where the root of the tree stands. */
  readonly root: Place;
  /** One function more at the end of a path. */
  step(above: Place, functionId: number): Place;
  /** Whether time spent at such a place itself stays in the tree. */
  hasOwn?(place: Place): boolean;
}

/** @param tree the transformed tree, which the rule makes nodes of */
export function ruleOf(transform: Transform, tree: PathTree, functions: Functions): Rule {
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
    case 'keep':
      return keepMatches(transform.query, tree, functions);
  }
}

const root: Place = { node: ROOT, state: 0 };
const gone: Place = { node: nowhere, state: 0 };

/** The outermost call of the function becomes a child of the root; stacks without it are left out. */
function focusFunction(focused: number, tree: PathTree): Rule {
  const inside = 1;
  return {
    root: gone,
    step(above, functionId) {
      if (above.state === inside) return { node: tree.child(above.node, functionId), state: inside };
      return functionId === focused ? { node: tree.child(ROOT, functionId), state: inside } : above;
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
    root: gone,
    step(above, functionId) {
      if (above.node !== nowhere) return { node: tree.child(above.node, functionId), state: above.state };
      const state = agreement(path, above.state, functionId);
      return { node: state === path.length ? tree.child(ROOT, functionId) : nowhere, state };
    },
  };
}

/** The function's own time goes to its caller, and its callees are called by that one. */
function mergeFunction(merged: number, tree: PathTree): Rule {
  return {
    root,
    step: (above, functionId) =>
      functionId === merged ? above : { node: tree.child(above.node, functionId), state: 0 },
  };
}

function mergeNode(path: readonly ProfileFunction[], tree: PathTree): Rule {
  return {
    root,
    step(above, functionId) {
      const state = agreement(path, above.state, functionId);
      if (state === path.length) return { node: above.node, state: off };
      return { node: tree.child(above.node, functionId), state };
    },
  };
}

/** All that the function calls becomes its own time. */
function collapseFunction(collapsed: number, tree: PathTree): Rule {
  const inside = 1;
  return {
    root,
    step(above, functionId) {
      if (above.state === inside) return above;
      return { node: tree.child(above.node, functionId), state: functionId === collapsed ? inside : 0 };
    },
  };
}

/** Each run of functions of a module becomes one; marked time keeps its mark. */
function collapseModule(module: string, tree: PathTree, functions: Functions): Rule {
  const inside = 1;
  const kind = module === 'kernel' ? 'kernel' : 'native';
  const whole = functions.intern(module, module, kind);
  return {
    root,
    step(above, functionId) {
      const func = functions.at(functionId);
      if (func.module !== module || func.kind === 'marked')
        return { node: tree.child(above.node, functionId), state: 0 };
      if (above.state === inside) return above;
      // Other functions of the module may be called from here, too.
      tree.share(above.node);
      return { node: tree.child(above.node, whole), state: inside };
    },
  };
}

/** A call of the function by itself, through others too, goes on where its outermost call stands. */
function collapseRecursion(collapsed: number, tree: PathTree): Rule {
  const no = 0;
  return {
    root,
    step(above, functionId) {
      // The state is the node of the outermost call; the root is never one.
      if (functionId === collapsed && above.state !== no) return { node: above.state, state: above.state };
      const node = tree.child(above.node, functionId);
      return { node, state: functionId === collapsed ? node : above.state };
    },
  };
}

function dropFunction(dropped: number, tree: PathTree): Rule {
  return {
    root,
    step(above, functionId) {
      if (above.node === nowhere || functionId === dropped) return gone;
      return { node: tree.child(above.node, functionId), state: 0 };
    },
  };
}

/** Callers of a match stay, but only with the time that is spent under it. */
function keepMatches(query: NameQuery, tree: PathTree, functions: Functions): Rule {
  const kept = 1;
  const matches = matcherOf(query);
  const byFunction: (boolean | undefined)[] = [];
  const isMatch = (functionId: number): boolean => {
    const known = byFunction[functionId];
    if (known !== undefined) return known;
    const func = functions.at(functionId);
    const answer = func.kind !== 'root' && matches(func);
    byFunction[functionId] = answer;
    return answer;
  };
  return {
    root,
    step: (above, functionId) => ({
      node: tree.child(above.node, functionId),
      state: above.state === kept || isMatch(functionId) ? kept : 0,
    }),
    hasOwn: (place) => place.state === kept,
  };
}
