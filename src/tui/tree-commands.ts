/**
 * What each key of the tree does: one entry per command of the key map. Works on the live view; the screen follows.
 */
import { type NodeId, ROOT } from '../profile/call-tree.ts';
import { markBaseline, toggleDifference } from './difference-commands.ts';
import { openEnginePanel, stepRate, switchToOffered } from './engine-commands.ts';
import { openExportPrompt, toggleRecording } from './file-commands.ts';
import { matchBeside } from './find.ts';
import { openFindPrompt } from './find-prompt.ts';
import type { CommandOf } from './keys/keymap.ts';
import { hottestChild, type LiveView } from './live-view.ts';
import { reveal } from './reveal.ts';
import { openSource } from './source-commands.ts';
import { baseOf } from './state.ts';
import { clean } from './text.ts';
import { setThreads } from './thread-commands.ts';
import { endFixedWindow, moveWindow, nextSpan, playOrStop } from './time-commands.ts';
import { transformCommands } from './transform-commands.ts';
import { showView, viewBeside } from './view-switch.ts';
import { cursorOf, modelOf } from './views.ts';

/** Opening more at once would make a list nobody can read and slow every tick. */
const mostOpenedAtOnce = 20000;
const longestWalkMs = 8;

const commands: Readonly<Record<CommandOf<'tree'>, (view: LiveView) => void>> = {
  down: (view) => moveBy(view, 1),
  up: (view) => moveBy(view, -1),
  first: (view) => moveTo(view, 0),
  last: (view) => moveTo(view, view.rows.rows.length - 1),
  'half-down': (view) => moveBy(view, Math.ceil(view.rows.height / 2)),
  'half-up': (view) => moveBy(view, -Math.ceil(view.rows.height / 2)),
  'next-sibling': (view) => moveToSibling(view, 1),
  'previous-sibling': (view) => moveToSibling(view, -1),
  open: openOrEnter,
  close: closeOrLeave,
  'open-all': openAll,
  'close-all': (view) => view.dispatch({ type: 'close', nodes: below(view, view.state.selected).nodes }),
  hottest: openHottestPath,
  zoom: (view) => view.dispatch({ type: 'zoom', node: view.state.selected }),
  back: goBack,
  'view-tree': (view) => showView(view, 'tree'),
  'view-bottom-up': (view) => showView(view, 'bottom-up'),
  'view-flame': (view) => showView(view, 'flame'),
  'view-functions': (view) => showView(view, 'functions'),
  'view-threads': (view) => showView(view, 'threads'),
  'pick-threads': (view) => showView(view, 'threads'),
  'next-view': (view) => showView(view, viewBeside(view.state.structure.view, 1)),
  'previous-view': (view) => showView(view, viewBeside(view.state.structure.view, -1)),
  invert: (view) => showView(view, view.state.structure.view === 'bottom-up' ? 'tree' : 'bottom-up'),
  flip: flipFlame,
  find: openFindPrompt,
  'find-next': (view) => goToMatch(view, 1),
  'find-previous': (view) => goToMatch(view, -1),
  'find-same': findSame,
  ...transformCommands,
  pause: togglePause,
  window: nextSpan,
  'window-back': (view) => moveWindow(view, -1),
  'window-on': (view) => moveWindow(view, 1),
  baseline: markBaseline,
  difference: toggleDifference,
  reset: resetCounters,
  kernel: toggleKernel,
  sort: (view) => view.dispatch({ type: 'sort' }),
  reverse: (view) => view.dispatch({ type: 'reverse' }),
  unit: (view) => view.dispatch({ type: 'unit' }),
  names: (view) => view.dispatch({ type: 'names' }),
  theme: (view) => {
    view.theme.change();
    view.toast(`theme ${view.theme.name}`);
  },
  export: openExportPrompt,
  record: toggleRecording,
  output: (view) => {
    if (view.command !== undefined) view.dispatch({ type: 'popup', popup: { kind: 'output' } });
    else view.toast('its output is elsewhere: prof-tui -- CMD shows it here');
  },
  why: (view) => view.dispatch({ type: 'popup', popup: { kind: 'why', status: view.status, gate: 0 } }),
  engine: openEnginePanel,
  'offered-engine': switchToOffered,
  slower: (view) => stepRate(view, -1),
  faster: (view) => stepRate(view, 1),
  source: openSource,
  'copy-name': (view) => view.copy(nameOf(view, view.state.selected), 'name'),
  'copy-stack': copyStack,
  help: (view) => view.dispatch({ type: 'popup', popup: { kind: 'help', filter: '', scroll: 0 } }),
  palette: (view) => view.dispatch({ type: 'popup', popup: { kind: 'palette', filter: '', chosen: 0 } }),
  quit: (view) => view.host.quit(),
};

export function runTreeCommand(view: LiveView, command: CommandOf<'tree'>): void {
  commands[command](view);
}

export function select(view: LiveView, node: NodeId): void {
  view.dispatch({ type: 'select', node });
}

export function toggleOpen(view: LiveView, node: NodeId): void {
  if (view.isOpen(node)) view.dispatch({ type: 'close', nodes: [node] });
  else view.dispatch({ type: 'open', nodes: [node], byUser: true });
}

/** Moves the window; the selection comes along only when it would leave it. */
export function scrollBy(view: LiveView, rows: number): void {
  view.rows.scroll(rows);
  const { top, height } = view.rows;
  const index = view.rows.indexOf(view.state.selected);
  moveTo(view, Math.max(top, Math.min(index, top + height - 1)));
}

/** The first match at or after the selection, when the prompt is accepted. */
export function goToFirstMatch(view: LiveView): void {
  if (view.found()?.isMatch(view.state.selected) !== true) goToMatch(view, 1);
}

function moveBy(view: LiveView, rows: number): void {
  moveTo(view, view.rows.indexOf(view.state.selected) + rows);
}

function moveTo(view: LiveView, index: number): void {
  const { rows } = view.rows;
  const node = rows[Math.max(0, Math.min(index, rows.length - 1))];
  if (node !== undefined) select(view, node);
}

function moveToSibling(view: LiveView, step: 1 | -1): void {
  const { selected } = view.state;
  if (selected === baseOf(view.state)) return;
  const siblings = view.childrenOf(view.tree.parentOf(selected));
  const sibling = siblings[siblings.indexOf(selected) + step];
  if (sibling !== undefined) select(view, sibling);
}

function openOrEnter(view: LiveView): void {
  const { selected } = view.state;
  const children = view.childrenOf(selected);
  if (children.length === 0) return;
  if (view.isOpen(selected)) select(view, children[0] as NodeId);
  else toggleOpen(view, selected);
}

function closeOrLeave(view: LiveView): void {
  const { selected } = view.state;
  const isBase = selected === baseOf(view.state);
  if (!isBase && view.isOpen(selected) && view.tree.childrenOf(selected).length > 0)
    toggleOpen(view, selected);
  else if (!isBase) select(view, view.tree.parentOf(selected));
}

function openAll(view: LiveView): void {
  const { nodes, isCut } = below(view, view.state.selected);
  view.dispatch({ type: 'open', nodes, byUser: true });
  if (isCut) view.toast('opened in part: there are too many');
}

/** Nodes that can be opened, as many as can be found before a key would be late. */
function below(view: LiveView, node: NodeId): { readonly nodes: NodeId[]; readonly isCut: boolean } {
  const nodes: NodeId[] = [];
  const stack = [node];
  const endMs = view.now() + longestWalkMs;
  for (let at = stack.pop(); at !== undefined; at = stack.pop()) {
    if (nodes.length >= mostOpenedAtOnce || view.now() >= endMs) return { nodes, isCut: true };
    if (view.tree.childrenOf(at).length === 0) continue;
    nodes.push(at);
    for (const child of view.tree.childrenOf(at)) stack.push(child);
  }
  return { nodes, isCut: false };
}

/** Down the largest child until a node spends more time itself than in any of its callees. */
function openHottestPath(view: LiveView): void {
  const { tree } = view;
  const path: NodeId[] = [];
  let node = view.state.selected;
  for (;;) {
    const hottest = hottestChild(tree, node);
    // Upside down, time is not spent on the way: the path ends where the callers do.
    const ownNs = modelOf(view.state.structure.view) === 'calls' ? tree.selfNs(node) : 0;
    if (hottest === undefined || tree.totalNs(hottest) <= 0 || tree.totalNs(hottest) < ownNs) break;
    path.push(node);
    node = hottest;
  }
  view.dispatch({ type: 'open', nodes: path, byUser: true });
  select(view, node);
}

function flipFlame(view: LiveView): void {
  view.dispatch({ type: 'flip' });
  showView(view, 'flame');
}

function goBack(view: LiveView): void {
  const left = view.state.zoom.at(-1);
  if (view.state.find !== undefined) {
    view.dispatch({ type: 'find', query: undefined });
  } else if (view.state.threads.size > 0) {
    setThreads(view, []);
  } else if (left !== undefined) {
    view.dispatch({ type: 'zoom-out' });
    reveal(view, left);
  } else if (cursorOf(view.state, 'calls').zoom.length > 0) {
    view.dispatch({ type: 'leave-subtree' });
  } else if (view.state.transforms.length > 0) {
    transformCommands.undo(view);
  }
}

function goToMatch(view: LiveView, step: 1 | -1): void {
  if (view.found() === undefined) view.toast('nothing to find yet: / asks for a name');
  view.whenFound((found) => {
    if (found.totals.count === 0) {
      view.toast('no match');
      return;
    }
    // In the flame view the cursor can stand only where there is a frame.
    const frames = view.state.structure.view === 'flame' ? view.flame.layout.frames : undefined;
    const walk = {
      isMatch: (node: NodeId) => found.isMatch(node) && frames?.has(node) !== false,
      leadsToMatch: (node: NodeId) => found.leadsToMatch(node) && frames?.has(node) !== false,
      parentOf: (node: NodeId) => view.tree.parentOf(node),
      childrenOf: (node: NodeId) => view.childrenOf(node),
    };
    const match = matchBeside(walk, view.state.selected, step);
    if (match !== undefined) reveal(view, match);
    else if (frames !== undefined) view.toast('every match is narrower than a cell');
  });
}

function findSame(view: LiveView): void {
  if (view.state.selected === ROOT) return;
  const { name } = view.tree.functionOf(view.state.selected);
  view.dispatch({ type: 'find', query: { text: name, isExact: true } });
  view.whenFound(({ totals }) => {
    if (totals.count === 1) view.toast('this name is nowhere else');
    else goToMatch(view, 1);
  });
}

function togglePause(view: LiveView): void {
  if (view.status.state === 'recorded') {
    playOrStop(view);
    return;
  }
  if (view.state.span.kind === 'fixed') {
    endFixedWindow(view);
    return;
  }
  if (view.state.isPaused) {
    view.dispatch({ type: 'remap', successorOf: view.source.resume() });
    view.followTransforms(true);
  } else {
    view.source.pause();
  }
  view.dispatch({ type: 'paused', isPaused: !view.state.isPaused });
}

function resetCounters(view: LiveView): void {
  if (view.status.state === 'recorded') {
    view.toast('a recording stays as it is');
    return;
  }
  if (view.state.isPaused) togglePause(view);
  view.session.reset();
  view.followNodes();
  view.dispatch({ type: 'start-over' });
  if (view.state.isDifference) toggleDifference(view);
  view.toast('counters begin anew');
}

function toggleKernel(view: LiveView): void {
  if (view.state.isPaused) {
    view.toast('folding needs the live tree: space resumes');
    return;
  }
  const { profile } = view.source;
  profile.setKernelCollapsed(!profile.kernelAsked);
  view.followNames(true);
  view.toast(
    profile.kernelAsked ? 'kernel part of each stack: one node' : 'kernel part of each stack: unfolded',
  );
}

function nameOf(view: LiveView, node: NodeId): string {
  return clean(view.tree.functionOf(node).name);
}

function copyStack(view: LiveView): void {
  const names: string[] = [];
  for (let at = view.state.selected; at > ROOT; at = view.tree.parentOf(at)) names.unshift(nameOf(view, at));
  // Upside down the callers stand below.
  if (modelOf(view.state.structure.view) === 'callers') names.reverse();
  view.copy(names.join('\n'), 'stack');
}
