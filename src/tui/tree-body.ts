/** The rows of a tree, drawn from the live view. */

import { deltaSeconds } from '../profile/history.ts';
import { secondsBack } from '../profile/time-span.ts';
import { treeColumns } from './layout.ts';
import type { LiveView } from './live-view.ts';
import { columnHead, type RowContext, rowLine } from './rows.ts';
import { baseOf } from './state.ts';
import { scrollBy, select, toggleOpen } from './tree-commands.ts';
import type { ViewBody } from './view-body.ts';

export function createTreeBody(view: LiveView): ViewBody {
  let context = rowContext(view);
  return {
    prepare() {
      context = rowContext(view);
    },
    head: () => columnHead(context),
    row(line) {
      const node = view.rows.rows[view.rows.top + line];
      return node === undefined ? '' : rowLine(context, node, node === view.state.selected);
    },
    mouse(action, line) {
      const node = view.rows.rows[view.rows.top + line];
      if (action !== 'press') scrollBy(view, action === 'wheel-up' ? -3 : 3);
      else if (node !== undefined && node === view.state.selected) toggleOpen(view, node);
      else if (node !== undefined) select(view, node);
    },
  };
}

/** What a row of the tree on the screen is drawn from. */
export function rowContext(view: LiveView): RowContext {
  const { state, tree, theme } = view;
  const found = view.found();
  return {
    tree,
    theme,
    columns: treeColumns(state.structure.size),
    unit: state.unit,
    sort: state.sort,
    isWall: view.status.unit === 'wall',
    isWindow: state.span.kind === 'fixed',
    isReversed: state.isReversed,
    hasFullNames: state.hasFullNames,
    samples: view.source.samples,
    baseDepth: tree.depthOf(baseOf(state)),
    deltaSeconds: secondsBack(state.span) || deltaSeconds,
    isOpen: (node) => view.isOpen(node),
    isMatch: (node) => found?.isMatch(node) ?? false,
  };
}
