/** The functions view, drawn from the live view: the list, and below it who calls and what is called. */
import { ROOT } from '../profile/call-tree.ts';
import { centreOn, showPane } from './function-commands.ts';
import { type Columns, treeColumns } from './layout.ts';
import type { LiveView } from './live-view.ts';
import { columnHead, fittedName, type RowContext, rowLine } from './rows.ts';
import { type PaneContext, paneHead, paneLine } from './sandwich-rows.ts';
import { type PaneName, sandwichSpace } from './sandwich-view.ts';
import type { ScreenSize } from './screen/frame.ts';
import { rowContext } from './tree-body.ts';
import { scrollBy, select } from './tree-commands.ts';
import type { ViewBody } from './view-body.ts';

export function createFunctionsBody(view: LiveView): ViewBody {
  let context = functionContext(view);
  const space = () => sandwichSpace(view.bodyHeight, view.sandwich.pane);
  return {
    prepare() {
      context = functionContext(view);
    },
    head: () => columnHead(context),
    row(line, width) {
      const { list, panes } = space();
      if (line < list) {
        const node = view.rows.rows[view.rows.top + line];
        const isSelected = node === view.state.selected;
        return node === undefined ? '' : listLine(view, context, node, isSelected);
      }
      return list === 0 ? onePane(view, line, width, panes) : twoPanes(view, line - list, width, panes);
    },
    mouse(action, line, x) {
      const { list } = space();
      if (line < list) {
        const node = view.rows.rows[view.rows.top + line];
        showPane(view, 'list');
        if (action !== 'press') scrollBy(view, action === 'wheel-up' ? -3 : 3);
        else if (node !== undefined) select(view, node);
      } else if (action === 'press') clickPane(view, line - list - 1, x);
    },
  };
}

function functionContext(view: LiveView): RowContext {
  return { ...rowContext(view), columns: functionColumns(view.state.structure.size) };
}

/** Self time orders the list: it stays where the tree has no room for it. */
function functionColumns(size: ScreenSize): Columns {
  const columns = treeColumns(size);
  return columns.self > 0 ? columns : { ...columns, self: 6, name: Math.max(1, columns.name - 6) };
}

/** While a pane has the keys the function in the middle is marked, but the cursor is not there. */
function listLine(view: LiveView, context: RowContext, node: number, isSelected: boolean): string {
  if (!isSelected || view.sandwich.pane === 'list') return rowLine(context, node, isSelected);
  return rowLine({ ...context, isMatch: () => true }, node, false);
}

function paneContext(view: LiveView, pane: PaneName): PaneContext {
  const { tree, state, sandwich, theme } = view;
  return {
    theme,
    hasFullNames: state.hasFullNames,
    wholeNs: tree.totalNs(state.selected),
    ownLabel: pane === 'callers' ? 'no caller' : 'itself',
    parts: state.selected === ROOT ? [] : sandwich.parts(pane),
    selected: sandwich.pane === pane ? sandwich.row : undefined,
  };
}

function titleOf(view: LiveView, pane: PaneName): string {
  const { tree, state, theme } = view;
  const name = fittedName(tree.functionOf(state.selected).name, 30, false, theme);
  return pane === 'callers' ? `callers of ${name}` : `${name} calls`;
}

function onePane(view: LiveView, line: number, width: number, panes: number): string {
  const { pane } = view.sandwich;
  if (line === 0) return paneHead(view.theme, [titleOf(view, pane)], [width]);
  return paneLine(paneContext(view, pane), line - 1, panes, width);
}

function twoPanes(view: LiveView, line: number, width: number, panes: number): string {
  const left = Math.floor((width - 1) / 2);
  const right = width - 1 - left;
  if (line === 0) {
    return paneHead(view.theme, [titleOf(view, 'callers'), titleOf(view, 'callees')], [left, right]);
  }
  const { box } = view.theme.glyphs;
  return (
    paneLine(paneContext(view, 'callers'), line - 1, panes, left) +
    view.theme.paint('dim', box.left) +
    paneLine(paneContext(view, 'callees'), line - 1, panes, right)
  );
}

function clickPane(view: LiveView, row: number, x: number): void {
  const { sandwich } = view;
  const isAlone = sandwichSpace(view.bodyHeight, sandwich.pane).list === 0;
  const half = Math.floor(view.state.structure.size.columns / 2);
  const pane = isAlone ? sandwich.pane : x < half ? 'callers' : 'callees';
  const isChosen = sandwich.pane === pane && sandwich.row === row;
  if (isChosen) {
    centreOn(view);
    return;
  }
  if (sandwich.pane !== pane) showPane(view, pane);
  sandwich.move(row - sandwich.row);
}
