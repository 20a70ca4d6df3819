/** What the keys do that choose the part of the run which is shown. */
import { type Seconds, secondsOf, type TimeSpan, wholeRun } from '../profile/time-span.ts';
import type { LiveView } from './live-view.ts';
import { spanText } from './timeline.ts';

/** In the order of the key. */
const spans: readonly TimeSpan[] = [
  wholeRun,
  { kind: 'last', seconds: 10 },
  { kind: 'last', seconds: 60 },
  { kind: 'last', seconds: 300 },
  { kind: 'decay', halfLife: 10 },
];
/** How long a window is that is moved when the whole run was shown before. */
const movedSeconds = 10;

/** The next span; from a window that stands still back to the whole run. */
export function nextSpan(view: LiveView): void {
  const { span, isPaused } = view.state;
  if (span.kind === 'fixed') endFixedWindow(view);
  else if (isPaused) view.toast('another window needs the live view: space resumes');
  else {
    const at = spans.findIndex((other) => spanText(other) === spanText(span));
    setSpan(view, spans[(at + 1) % spans.length] as TimeSpan);
    view.toast(`shows: ${spanText(view.state.span)}`);
  }
}

/** Half a window back or on; the first step holds the view, as a pause does. */
export function moveWindow(view: LiveView, step: 1 | -1): void {
  view.player.stop();
  const { log, nowSecond } = view.source.profile;
  const { shown, length } = windowOf(view);
  const from = (shown?.from ?? nowSecond + 1 - length) + step * Math.max(1, Math.floor(length / 2));
  const first = Math.max(log.first, Math.min(from, nowSecond + 1 - length));
  if (shown?.from === first) {
    const end = view.status.state === 'recorded' ? 'this is the end' : 'this is the end: space resumes';
    view.toast(step < 0 ? 'this is the beginning of what is remembered' : end);
    return;
  }
  hold(view);
  setSpan(view, { kind: 'fixed', from: first, to: first + length });
}

/** The window between two seconds, both in it, in either order; the view is held. */
export function showSeconds(view: LiveView, one: number, other: number): void {
  view.player.stop();
  const [from, to] = [Math.min(one, other), Math.max(one, other) + 1];
  const { span } = view.state;
  if (span.kind === 'fixed' && span.from === from && span.to === to) return;
  hold(view);
  setSpan(view, { kind: 'fixed', from, to });
}

/** What a window shows, and how long one is that is moved. */
function windowOf(view: LiveView): { readonly shown: Seconds | undefined; readonly length: number } {
  const { log, nowSecond } = view.source.profile;
  const { span } = view.state;
  const shown = span.kind === 'all' || span.kind === 'decay' ? undefined : secondsOf(span, nowSecond);
  const length = shown === undefined ? movedSeconds : shown.to - shown.from;
  return { shown, length: Math.max(length, log.secondsPerStep) };
}

/** Of a recording: the window goes on by itself, from where it is or from the beginning; again: it stands. */
export function playOrStop(view: LiveView): void {
  if (view.player.isPlaying) {
    view.player.stop();
    view.toast('the play head stands: space goes on, v shows all');
    return;
  }
  const { log, nowSecond } = view.source.profile;
  const { length } = windowOf(view);
  const { span } = view.state;
  const isBefore = span.kind === 'fixed' && span.to <= nowSecond;
  const begin = isBefore ? span.from : log.first;
  const show = (from: number): boolean => {
    hold(view);
    setSpan(view, { kind: 'fixed', from, to: from + length });
    view.host.paint();
    return from + length <= nowSecond;
  };
  if (show(begin)) view.player.play(begin, show);
  view.toast(`plays, ${speedText(view)}: space stops, - + change the speed, v shows all`);
}

export function changeSpeed(view: LiveView, step: 1 | -1): void {
  view.player.change(step);
  view.toast(`plays ${speedText(view)}`);
}

function speedText({ player }: LiveView): string {
  return player.speed === 1 ? 'a second a second' : `${player.speed} seconds a second`;
}

/** Back to the whole run, going on. */
export function endFixedWindow(view: LiveView): void {
  view.player.stop();
  view.dispatch({ type: 'paused', isPaused: false });
  view.dispatch({ type: 'remap', successorOf: view.source.resume() });
  setSpan(view, wholeRun);
}

/** A fixed window stands still by itself: nothing has to be frozen. */
function hold(view: LiveView): void {
  view.source.hold();
  view.dispatch({ type: 'remap', successorOf: view.source.thaw() });
  view.dispatch({ type: 'paused', isPaused: true });
}

function setSpan(view: LiveView, span: TimeSpan): void {
  view.dispatch({ type: 'span', span });
  view.setBounds();
}
