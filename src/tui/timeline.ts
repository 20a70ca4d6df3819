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
    // The second that still fills looks like the one before: the line changes once a second, not at every tick.
    weightNs: (second) => profile.log.totalNs(second === profile.nowSecond ? second - 1 : second),
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

/** `00:00 ▁▁▂▃[▅█▇]▂▁ 01:23   window 00:58-01:08   [ ] or drag`: brackets stand around what is shown. */
export function timelineLine(timeline: Timeline, width: number): string {
  const { theme } = timeline;
  const { start, end, what, cells, left, right } = geometryOf(timeline, width);
  if (cells === 0) return theme.paint('dim', cutEnd(what.trim(), width, theme.glyphs.ellipsis));
  const bars = barsOf(timeline, cells, secondsIn(timeline));
  const inside = theme.paint('title', `[${bars.slice(left, right)}]`);
  const rest = theme.paint('dim', `${bars.slice(right)}${end}${what}`);
  return theme.paint('dim', start + bars.slice(0, left)) + inside + rest;
}

/** The second that a cell of the line stands for, the nearest one beside the bars; undefined where there are none. */
export function secondAt(timeline: Timeline, width: number, x: number): number | undefined {
  const { start, cells, left, right } = geometryOf(timeline, width);
  if (cells === 0) return undefined;
  const column = x - start.length;
  // A bracket belongs to the cell beside it, within what is shown.
  const cell = column - (column > left ? 1 : 0) - (column > right ? 1 : 0);
  const middle = Math.max(0, Math.min(cells - 1, cell)) + 0.5;
  return timeline.first + Math.floor((middle * secondsIn(timeline)) / cells);
}

const fewestCells = 10;

/** Where the bars stand in the line, and the brackets among them. */
function geometryOf(timeline: Timeline, width: number) {
  const { first, last, shown } = timeline;
  const from = Math.max(first, shown.from);
  const to = Math.min(last + 1, shown.to);
  const what = `   window ${timeOf(from)}-${timeOf(Math.max(from, to))}   [ ] or drag`;
  const [start, end] = [`${timeOf(first)} `, ` ${timeOf(last + 1)}`];
  const room = width - start.length - end.length - what.length - 2;
  const cells = room < fewestCells ? 0 : room;
  const cellOf = (second: number) => Math.round(((second - first) / secondsIn(timeline)) * cells);
  const left = Math.min(cells - 1, Math.max(0, cellOf(from)));
  const right = Math.max(left + 1, Math.min(cells, cellOf(to)));
  return { start, end, what, cells, left, right };
}

function secondsIn({ first, last }: Timeline): number {
  return Math.max(1, last + 1 - first);
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
