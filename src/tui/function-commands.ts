/** What the keys of the functions view do: in the list they walk functions, in a pane those that call or are called. */
import { ROOT } from '../profile/call-tree.ts';
import type { CommandOf } from './keys/keymap.ts';
import type { LiveView } from './live-view.ts';
import type { PaneName } from './sandwich-view.ts';
import { runTreeCommand, select } from './tree-commands.ts';
import { showView } from './view-switch.ts';

/** In the list a key of these does what it does in every list; in a pane it moves so many rows. */
const moves: Readonly<
  Partial<
    Record<CommandOf<'functions'>, { readonly inList: CommandOf<'tree'>; rows(view: LiveView): number }>
  >
> = {
  'function-below': { inList: 'down', rows: () => 1 },
  'function-above': { inList: 'up', rows: () => -1 },
  'first-function': { inList: 'first', rows: () => Number.NEGATIVE_INFINITY },
  'last-function': { inList: 'last', rows: () => Number.POSITIVE_INFINITY },
  'functions-down': { inList: 'half-down', rows: (view) => Math.ceil(view.bodyHeight / 4) },
  'functions-up': { inList: 'half-up', rows: (view) => -Math.ceil(view.bodyHeight / 4) },
};

export function runFunctionCommand(view: LiveView, command: CommandOf<'functions'>): void {
  const move = moves[command];
  const isInList = view.sandwich.pane === 'list';
  if (move !== undefined) {
    if (isInList) runTreeCommand(view, move.inList);
    else movePane(view, move.rows(view));
  } else if (command === 'to-callers') showPane(view, 'callers');
  else if (command === 'to-callees') showPane(view, 'callees');
  else if (command === 'centre') centreOn(view);
  else if (isInList) runTreeCommand(view, 'back');
  else showPane(view, 'list');
}

/** Up from the first row is back in the list. */
function movePane(view: LiveView, rows: number): void {
  if (rows === -1 && view.sandwich.row === 0) showPane(view, 'list');
  else view.sandwich.move(rows);
}

/** The root of the list is no function: it has neither callers nor callees. */
export function showPane(view: LiveView, pane: PaneName): void {
  const isEmpty = pane !== 'list' && (view.sandwich.parts(pane)?.length ?? 0) === 0;
  if (!isEmpty) view.sandwich.enter(pane);
  else view.toast(view.state.selected === ROOT ? 'choose a function first' : `no ${pane}`);
}

/** The function under the cursor of a pane comes into the middle; one in the list is shown in the tree. */
export function centreOn(view: LiveView): void {
  const { sandwich, models } = view;
  if (sandwich.pane === 'list') {
    showView(view, 'tree');
    return;
  }
  const part = sandwich.selectedPart;
  const node = part?.function === undefined ? undefined : models.functions.nodeOf(part.function.id);
  if (node === undefined) return;
  showPane(view, 'list');
  select(view, node);
}
