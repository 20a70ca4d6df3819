/**
 * The line of the timeline: how busy the target was over the run, and which part of it is shown. Pure but for reading
 * the live view.
 */
import { clock, sparkline } from '../profile/format.ts';
import { type Seconds, secondsOf, type TimeSpan } from '../profile/time-span.ts';
import type { LiveView } from './live-view.ts';
import { cutEnd } from './text.ts';
import type { Theme } from './theme.ts';

export interface Timeline {
  readonly theme: Theme;
  /** The oldest second that is remembered, and the newest. */
  readonly first: number;
  readonly last: number;
  readonly shown: Seconds;
  weightNs(second: number): number;
}

export function timelineOf(view: LiveView): Timeline {
  const { profile } = view.source;
  const { span } = view.state;
  return {
    theme: view.theme,
    first: profile.log.first,
    last: profile.nowSecond,
    shown: secondsOf(span, profile.nowSecond) ?? { from: 0, to: profile.nowSecond + 1 },
    weightNs: (second) => profile.log.totalNs(second),
  };
}

/** `last 60 s`, `decay, half in 10 s`, `window 00:58-01:08` */
export function spanText(span: TimeSpan): string {
  switch (span.kind) {
    case 'all':
      return 'whole run';
    case 'last':
      return `last ${span.seconds} s`;
    case 'decay':
      return `decay, half in ${span.halfLife} s`;
    case 'fixed':
      return `window ${timeOf(span.from)}-${timeOf(span.to)}`;
  }
}

/** `00:00 ▁▁▂▃[▅█▇]▂▁ 01:23   window 00:58-01:08   [ ] move`: brackets stand around what is shown. */
export function timelineLine(timeline: Timeline, width: number): string {
  const { theme, first, last, shown } = timeline;
  const from = Math.max(first, shown.from);
  const to = Math.min(last + 1, shown.to);
  const what = `   window ${timeOf(from)}-${timeOf(Math.max(from, to))}   [ ] move`;
  const [start, end] = [`${timeOf(first)} `, ` ${timeOf(last + 1)}`];
  const cells = Math.max(0, width - start.length - end.length - what.length - 2);
  if (cells < 10) return theme.paint('dim', cutEnd(what.trim(), width, theme.glyphs.ellipsis));
  const seconds = Math.max(1, last + 1 - first);
  const cellOf = (second: number) => Math.round(((second - first) / seconds) * cells);
  const bars = barsOf(timeline, cells, seconds);
  const left = Math.min(cells - 1, Math.max(0, cellOf(from)));
  const right = Math.max(left + 1, Math.min(cells, cellOf(to)));
  const inside = theme.paint('title', `[${bars.slice(left, right)}]`);
  const rest = theme.paint('dim', `${bars.slice(right)}${end}${what}`);
  return theme.paint('dim', start + bars.slice(0, left)) + inside + rest;
}

/** Each cell the busiest second that falls into it, the highest bar the busiest of all. */
function barsOf({ theme, first, weightNs }: Timeline, cells: number, seconds: number): string {
  const busiest = new Float64Array(cells);
  for (let cell = 0; cell < cells; cell++) {
    const from = first + Math.floor((cell * seconds) / cells);
    const to = Math.max(from + 1, first + Math.floor(((cell + 1) * seconds) / cells));
    for (let second = from; second < to; second++) {
      busiest[cell] = Math.max(busiest[cell] ?? 0, weightNs(second));
    }
  }
  const most = busiest.reduce((a, b) => Math.max(a, b), 0);
  return sparkline(
    busiest.map((ns) => (most > 0 ? ns / most : 0)),
    theme.glyphs.bars,
  );
}

/** `01:23`, from an hour on `01:00:00`. */
export function timeOf(second: number): string {
  return clock(second * 1e9).replace(/^00:/, '');
}
