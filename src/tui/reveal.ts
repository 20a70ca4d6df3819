/** Selecting a node wherever it is. */
import { type NodeId, ROOT } from '../profile/call-tree.ts';
import type { LiveView } from './live-view.ts';
import { baseOf } from './state.ts';

/** What stands above the node is opened, and a zoom that hides it is left. */
export function reveal(view: LiveView, node: NodeId): void {
  const above: NodeId[] = [];
  for (let at = view.tree.parentOf(node); at >= 0; at = view.tree.parentOf(at)) above.push(at);
  while (baseOf(view.state) !== ROOT && node !== baseOf(view.state) && !above.includes(baseOf(view.state))) {
    view.dispatch({ type: 'zoom-out' });
  }
  if (above.some((at) => !view.isOpen(at))) view.dispatch({ type: 'open', nodes: above, byUser: true });
  view.dispatch({ type: 'select', node });
}
