/** What the keys do that mark a baseline and show how the profile differs from it. */
import type { LiveView } from './live-view.ts';
import { timeOf } from './timeline.ts';

export function markBaseline(view: LiveView): void {
  if (view.state.isPaused) {
    view.toast('a baseline is marked in the live view: space resumes');
    return;
  }
  view.source.profile.markBaseline();
  if (view.state.isDifference) view.setBounds();
  view.toast('baseline marked: D shows what differs from it');
}

export function toggleDifference(view: LiveView): void {
  const { isDifference, isPaused } = view.state;
  if (isPaused) view.toast('the difference needs the live view: space resumes');
  else if (!isDifference && view.source.profile.baselineSecond === undefined)
    view.toast('no baseline yet: b marks one');
  else {
    view.dispatch({ type: 'difference', isDifference: !isDifference });
    view.setBounds();
  }
}

/** `difference from before 00:12`; where this unit has no baseline, that is said. */
export function baselineText(view: LiveView): string {
  if (!view.state.isDifference || view.model === 'threads') return '';
  const second = view.source.profile.baselineSecond;
  if (second === undefined) return 'no baseline here: b marks one';
  return `difference from before ${timeOf(second)}`;
}
