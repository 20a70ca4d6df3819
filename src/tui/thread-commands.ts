/** What the keys of the threads view do: all views can be bounded to some threads. */
import { type NodeId, ROOT } from '../profile/call-tree.ts';
import type { CommandOf } from './keys/keymap.ts';
import type { LiveView } from './live-view.ts';
import { clean } from './text.ts';
import { showView } from './view-switch.ts';

const commands: Readonly<Record<CommandOf<'threads'>, (view: LiveView) => void>> = {
  'only-thread': showOnlyThread,
  'toggle-thread': toggleThread,
};

export function runThreadCommand(view: LiveView, command: CommandOf<'threads'>): void {
  commands[command](view);
}

/** The tree of the thread under the cursor; the first row stands for all of them. */
export function showOnlyThread(view: LiveView): void {
  const { selected } = view.state;
  if (setThreads(view, selected === ROOT ? [] : [threadOf(selected)])) showView(view, 'tree');
}

/** Takes the thread under the cursor in, or out again. */
function toggleThread(view: LiveView): void {
  const { selected, threads } = view.state;
  if (selected === ROOT) {
    setThreads(view, []);
    return;
  }
  const thread = threadOf(selected);
  const isIn = threads.has(thread);
  setThreads(view, isIn ? [...threads].filter((other) => other !== thread) : [...threads, thread]);
}

/** @returns false when the view is paused: a frozen tree does not know whose its weight is */
export function setThreads(view: LiveView, threads: readonly number[]): boolean {
  const isSame =
    threads.length === view.state.threads.size && threads.every((at) => view.state.threads.has(at));
  if (isSame) return true;
  if (view.state.isPaused) {
    view.toast('another choice of threads needs the live view: space resumes');
    return false;
  }
  view.dispatch({ type: 'threads', threads: new Set(threads) });
  view.setBounds();
  return true;
}

/** `thread 4242 node`, `3 threads` */
export function threadsLabel(view: LiveView, threads: Iterable<number>): string {
  const [first, ...others] = threads;
  if (first === undefined) return 'all threads';
  if (others.length > 0) return `${others.length + 1} threads`;
  const thread = view.source.profile.threads[first];
  return clean(`thread ${thread?.tid ?? '?'} ${thread?.name ?? ''}`.trim());
}

function threadOf(node: NodeId): number {
  return node - 1;
}
