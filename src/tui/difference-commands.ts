/** What the keys do that mark a baseline and show how the profile differs from it. */
import type { LiveView } from './live-view.ts';
import { timeOf } from './timeline.ts';

/** Two files are compared: that is what is shown first. */
export function beginDifference(view: LiveView): void {
  if (view.status.comparison === undefined) return;
  toggleDifference(view);
}

export function markBaseline(view: LiveView): void {
  if (view.status.comparison !== undefined) {
    view.toast(view.status.comparison);
    return;
  }
  if (view.state.isPaused) {
    view.toast('a baseline is marked in the live view: space resumes');
    return;
  }
  view.source.profile.markBaseline();
  view.baseline = view.status;
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

/** `difference from before 00:12`, with what saw both where that is not the same; what cannot be compared is said. */
export function baselineText(view: LiveView): string {
  if (!view.state.isDifference || view.model === 'threads') return '';
  const second = view.source.profile.baselineSecond;
  const { baseline, status } = view;
  if (second === undefined) {
    const isOther = baseline !== undefined && baseline.unit !== status.unit;
    return isOther
      ? `no difference: this is ${unitWords[status.unit]}, the baseline ${unitWords[baseline.unit]}`
      : 'no baseline here: b marks one';
  }
  if (status.comparison !== undefined) return `difference: ${status.comparison}`;
  const isMixed = baseline?.unit === status.unit && baseline.running !== status.running;
  const engines = isMixed
    ? `: ${baseline.running ?? 'nothing'} then, ${status.running ?? 'nothing'} now`
    : '';
  return `difference from before ${timeOf(second)}${engines}`;
}

const unitWords = { cpu: 'CPU time', wall: 'wall time' } as const;
