/** Going from one view to another. */
import type { LiveView } from './live-view.ts';
import { type ViewName, viewNames } from './views.ts';

export function viewBeside(view: ViewName, step: 1 | -1): ViewName {
  const at = viewNames.indexOf(view) + step;
  return viewNames[(at + viewNames.length) % viewNames.length] as ViewName;
}

/** The selection of the flame view may stand in a closed part of the tree: what stands above it is opened. */
export function showView(view: LiveView, to: ViewName): void {
  const from = view.state.structure.view;
  if (from === to) return;
  view.dispatch({ type: 'view', view: to });
  if (to !== 'tree') return;
  const above: number[] = [];
  for (let at = view.tree.parentOf(view.state.selected); at >= 0; at = view.tree.parentOf(at)) above.push(at);
  if (above.some((node) => !view.isOpen(node))) {
    view.dispatch({ type: 'open', nodes: above, byUser: true });
  }
}
