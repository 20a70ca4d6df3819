/**
 * Going from one view to another. The function under the cursor goes along where the other view has it, unless its
 * cursor stands on the same function already.
 */
import { type NodeId, ROOT } from '../profile/call-tree.ts';
import type { LiveView } from './live-view.ts';
import { reveal } from './reveal.ts';
import { modelOf, type ViewName, viewNames } from './views.ts';

export function viewBeside(view: ViewName, step: 1 | -1): ViewName {
  const at = viewNames.indexOf(view) + step;
  return viewNames[(at + viewNames.length) % viewNames.length] as ViewName;
}

export function showView(view: LiveView, to: ViewName): void {
  const from = view.state.structure.view;
  if (from === to) return;
  const functionId = functionUnderCursor(view);
  const place = functionId === undefined || modelOf(to) !== 'calls' ? undefined : placeInCalls(view);
  view.dispatch({ type: 'view', view: to });
  if (modelOf(to) === 'calls') {
    const isSame = view.tree.functionOf(view.state.selected).id === functionId;
    const node = isSame || place === undefined ? view.state.selected : place;
    // The flame view may have stood in a closed part of the tree.
    if (to === 'tree' || node !== view.state.selected) reveal(view, node);
  } else if (functionId !== undefined && modelOf(to) !== 'threads') {
    view.carryFunction(functionId);
  }
}

/** Threads are no functions, and neither are the roots. */
function functionUnderCursor(view: LiveView): number | undefined {
  const { selected } = view.state;
  return selected === ROOT || view.model === 'threads' ? undefined : view.tree.functionOf(selected).id;
}

/** Where in the call tree the row under the cursor spends most. */
function placeInCalls(view: LiveView): NodeId | undefined {
  const { state, models, model } = view;
  const tree = view.source.tree;
  if (model === 'functions') return heaviestPlace(view, models.functions.functionOf(state.selected).id);
  if (model !== 'callers') return undefined;
  const { bottomUp } = models;
  let heaviest: NodeId | undefined;
  for (const origin of bottomUp.originsOf(state.selected)) {
    if (heaviest === undefined || tree.selfNs(origin) > tree.selfNs(heaviest)) heaviest = origin;
  }
  for (let depth = bottomUp.depthOf(state.selected); depth > 1 && heaviest !== undefined; depth--) {
    heaviest = tree.parentOf(heaviest);
  }
  return heaviest;
}

function heaviestPlace(view: LiveView, functionId: number): NodeId | undefined {
  const { shown } = view.models;
  if (shown === undefined || shown.generation !== shown.tree.generation) return undefined;
  let heaviest: NodeId | undefined;
  for (const node of shown.nodesOf(functionId)) {
    if (heaviest === undefined || shown.tree.totalNs(node) > shown.tree.totalNs(heaviest)) heaviest = node;
  }
  return heaviest;
}
