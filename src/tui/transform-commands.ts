/** What the keys do that change the tree: each puts one transform on the stack or takes one off again. */
import { type NodeId, ROOT } from '../profile/call-tree.ts';
import type { ProfileFunction } from '../profile/functions.ts';
import type { FunctionTransform, Transform } from '../profile/transform.ts';
import type { TransformCommand } from './keys/tree-keys.ts';
import type { LiveView } from './live-view.ts';

/** What a transform is called in the line of transforms. */
export function transformText(transform: Transform): string {
  switch (transform.kind) {
    case 'focus-subtree':
      return `subtree ${transform.path.at(-1)?.name}`;
    case 'merge-node':
      return `merge one ${transform.path.at(-1)?.name}`;
    case 'collapse-module':
      return `collapse module ${transform.module}`;
    case 'hide-internals':
      return 'no runtime internals';
    case 'keep':
      return transform.query.isExact ? `keep ${transform.query.text}` : `keep /${transform.query.text}/`;
    default:
      return `${functionWords[transform.kind]} ${transform.function.name}`;
  }
}

const functionWords: Readonly<Record<FunctionTransform, string>> = {
  'focus-function': 'focus',
  'merge-function': 'merge',
  'collapse-function': 'collapse',
  'collapse-recursion': 'fold recursion of',
  'drop-function': 'drop',
};

/** While other transforms are being worked out, a key waits for the tree that it means. */
function waiting(act: (view: LiveView) => void): (view: LiveView) => void {
  return (view) => view.whenTransformed(() => act(view));
}

export const transformCommands: Readonly<Record<TransformCommand, (view: LiveView) => void>> = {
  'keep-matches': waiting(keepMatches),
  'focus-function': waiting((view) => ofFunction(view, 'focus-function')),
  'focus-subtree': waiting((view) => ofPlace(view, 'focus-subtree')),
  'merge-function': waiting((view) => ofFunction(view, 'merge-function')),
  'merge-node': waiting((view) => ofPlace(view, 'merge-node')),
  'collapse-function': waiting((view) => ofFunction(view, 'collapse-function')),
  'collapse-module': waiting(ofModule),
  'collapse-recursion': waiting((view) => ofFunction(view, 'collapse-recursion')),
  'drop-function': waiting((view) => ofFunction(view, 'drop-function')),
  'hide-internals': waiting(hideInternals),
  undo: waiting((view) => undo(view, view.state.transforms.slice(0, -1))),
  'undo-all': waiting((view) => undo(view, [])),
};

function push(view: LiveView, transform: Transform): void {
  view.setTransforms([...view.state.transforms, transform]);
}

/** The same key shows them again. */
function hideInternals(view: LiveView): void {
  const others = view.state.transforms.filter(({ kind }) => kind !== 'hide-internals');
  if (others.length < view.state.transforms.length) view.setTransforms(others);
  else push(view, { kind: 'hide-internals' });
}

function undo(view: LiveView, transforms: readonly Transform[]): void {
  if (view.state.transforms.length === 0) view.toast('nothing to undo: the tree is as it was measured');
  else view.setTransforms(transforms);
}

function ofFunction(view: LiveView, kind: FunctionTransform): void {
  const func = functionUnderCursor(view);
  if (func === undefined) view.toast('choose a function first');
  else push(view, { kind, function: func });
}

function ofModule(view: LiveView): void {
  const func = functionUnderCursor(view);
  if (func === undefined) view.toast('choose a function first');
  else if (func.kind === 'marked') view.toast('marked time is in no module');
  else if (func.module === '') view.toast('its module is not known');
  else push(view, { kind: 'collapse-module', module: func.module });
}

/** Upside down and in lists a row is many places. */
function ofPlace(view: LiveView, kind: 'focus-subtree' | 'merge-node'): void {
  const { selected } = view.state;
  if (view.model !== 'calls') view.toast('this means one place in the tree: 1 goes there');
  else if (selected === ROOT) view.toast('choose a function first');
  else push(view, { kind, path: pathTo(view, selected) });
}

function keepMatches(view: LiveView): void {
  const { find } = view.state;
  if (find === undefined) view.toast('nothing to keep yet: / asks for a name');
  else if (view.model === 'threads') view.toast('threads are chosen by t');
  else
    view.whenFound(({ totals }) => {
      if (totals.count === 0) view.toast('no match: nothing would be left');
      else {
        view.dispatch({ type: 'find', query: undefined });
        push(view, { kind: 'keep', query: find });
      }
    });
}

function pathTo(view: LiveView, node: NodeId): ProfileFunction[] {
  const path: ProfileFunction[] = [];
  for (let at = node; at > ROOT; at = view.tree.parentOf(at)) path.unshift(view.tree.functionOf(at));
  return path;
}

function functionUnderCursor(view: LiveView): ProfileFunction | undefined {
  const { selected } = view.state;
  if (view.model === 'threads') return undefined;
  const part = view.state.structure.view === 'functions' ? view.sandwich.selectedPart : undefined;
  if (part !== undefined) return part.function;
  return selected === ROOT ? undefined : view.tree.functionOf(selected);
}
