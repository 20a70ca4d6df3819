/** What the keys do that choose the part of the run which is shown. */
import { secondsOf, type TimeSpan, wholeRun } from '../profile/time-span.ts';
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
  const { log, nowSecond } = view.source.profile;
  const { span } = view.state;
  const shown = span.kind === 'all' || span.kind === 'decay' ? undefined : secondsOf(span, nowSecond);
  const length = shown === undefined ? movedSeconds : shown.to - shown.from;
  const from = (shown?.from ?? nowSecond + 1 - length) + step * Math.max(1, Math.floor(length / 2));
  const first = Math.max(log.first, Math.min(from, nowSecond + 1 - length));
  if (shown?.from === first) {
    view.toast(step < 0 ? 'this is the beginning of what is remembered' : 'this is the end: space resumes');
    return;
  }
  hold(view);
  setSpan(view, { kind: 'fixed', from: first, to: first + length });
}

/** Back to the whole run, going on. */
export function endFixedWindow(view: LiveView): void {
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
