/** What the keys of the flame view do: the cursor walks the frames of the last layout. */

import type { CommandOf } from './keys/keymap.ts';
import { hottestChild, type LiveView } from './live-view.ts';
import { baseOf } from './state.ts';

const commands: Readonly<Record<CommandOf<'flame'>, (view: LiveView) => void>> = {
  'row-below': (view) => moveRows(view, 1),
  'row-above': (view) => moveRows(view, -1),
  'frame-left': (view) => moveBeside(view, -1),
  'frame-right': (view) => moveBeside(view, 1),
  'root-frame': (view) => view.dispatch({ type: 'select', node: baseOf(view.state) }),
  'leaf-frame': (view) => moveOut(view, Number.MAX_SAFE_INTEGER),
  'page-below': (view) => moveRows(view, halfPage(view)),
  'page-above': (view) => moveRows(view, -halfPage(view)),
};

export function runFlameCommand(view: LiveView, command: CommandOf<'flame'>): void {
  commands[command](view);
}

function halfPage(view: LiveView): number {
  return Math.max(1, Math.floor(view.flame.space.height / 2));
}

/** Down on the screen is away from the root, unless the view is flipped. */
function moveRows(view: LiveView, rows: number): void {
  const steps = view.state.isFlipped ? -rows : rows;
  if (steps > 0) moveOut(view, steps);
  else moveIn(view, -steps);
}

/** Along the widest frames, as far as they are wide enough to be shown. */
function moveOut(view: LiveView, steps: number): void {
  const { tree, flame } = view;
  const { selected } = view.state;
  let at = selected;
  for (let step = 0; step < steps; step++) {
    // Below the last row the layout knows nothing: there the tree is asked.
    const isLast = tree.depthOf(at) - tree.depthOf(flame.layout.root) >= flame.space.height - 1;
    const next = isLast ? hottestChild(tree, at) : flame.widestChild(tree, at);
    if (next === undefined || tree.totalNs(next) <= 0) break;
    at = next;
  }
  if (at !== selected) view.dispatch({ type: 'select', node: at });
  else if (tree.childrenOf(at).some((child) => tree.totalNs(child) > 0)) {
    view.toast('what it calls is narrower than a cell: zoom in');
  }
}

function moveIn(view: LiveView, steps: number): void {
  const base = baseOf(view.state);
  let at = view.state.selected;
  for (let step = 0; step < steps && at !== base && at > 0; step++) at = view.tree.parentOf(at);
  view.dispatch({ type: 'select', node: at });
}

function moveBeside(view: LiveView, step: 1 | -1): void {
  const node = view.flame.beside(view.state.selected, step);
  if (node !== undefined) view.dispatch({ type: 'select', node });
}
