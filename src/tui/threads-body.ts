/** The threads view, drawn from the live view. */
import { type NodeId, ROOT } from '../profile/call-tree.ts';
import type { LiveView } from './live-view.ts';
import { showOnlyThread } from './thread-commands.ts';
import { type ThreadContext, threadDetails, threadHead, threadLine } from './thread-rows.ts';
import { scrollBy, select } from './tree-commands.ts';
import type { ViewBody } from './view-body.ts';

/** The state of a thread is read again at most this often, and only while its row is on the screen. */
const stateFreshMs = 500;
/** Threads whose state is remembered: some screens full. */
const mostKnown = 1024;

export function createThreadsBody(view: LiveView): ViewBody {
  const stateOf = stateReader(view);
  let context = threadContext(view, stateOf);
  return {
    prepare() {
      view.threadHeat.follow();
      context = threadContext(view, stateOf);
    },
    head: () => threadHead(context),
    row(line) {
      const node = view.rows.rows[view.rows.top + line];
      return node === undefined ? '' : threadLine(context, node, node === view.state.selected);
    },
    details: (lines) => threadDetails(context, view.state.selected, lines),
    mouse(action, line) {
      const node = view.rows.rows[view.rows.top + line];
      if (action !== 'press') scrollBy(view, action === 'wheel-up' ? -3 : 3);
      else if (node !== undefined && node === view.state.selected) showOnlyThread(view);
      else if (node !== undefined) select(view, node);
    },
  };
}

function stateReader(view: LiveView): (tid: number) => string {
  const known = new Map<number, { readonly state: string; readonly atMs: number }>();
  return (tid) => {
    const nowMs = view.now();
    const last = known.get(tid);
    if (last !== undefined && nowMs - last.atMs < stateFreshMs) return last.state;
    const state = view.session.threadState(tid) ?? '';
    if (known.size >= mostKnown) known.clear();
    known.set(tid, { state, atMs: nowMs });
    return state;
  };
}

function threadContext(view: LiveView, stateOf: (tid: number) => string): ThreadContext {
  const { state, tree, theme, source } = view;
  const found = view.found();
  const figures = source.threadFigures();
  const threadOf = (node: NodeId) => source.profile.threads[node - 1];
  return {
    tree,
    theme,
    size: state.structure.size,
    unit: state.unit,
    sort: state.sort,
    isReversed: state.isReversed,
    isWall: view.status.unit === 'wall',
    nowBucket: figures.nowBucket,
    windowSeconds: figures.windowSeconds,
    hottestOf: (node) => view.threadHeat.of(node - 1),
    nameOf: (node) => threadOf(node)?.name ?? view.tree.functionOf(node).name,
    tidOf: (node) => `${threadOf(node)?.tid ?? ''}`,
    stateOf(node) {
      const tid = threadOf(node)?.tid;
      return node === ROOT || tid === undefined ? '' : stateOf(tid);
    },
    isChosen: (node) => state.threads.has(node - 1),
    isMatch: (node) => found?.isMatch(node) ?? false,
  };
}
