/** Which part of the run is shown. Seconds count from the start of the session. */
export type TimeSpan =
  | { readonly kind: 'all' }
  | { readonly kind: 'last'; readonly seconds: number }
  /** All of it, but what is older weighs less: half as much for each half-life. */
  | { readonly kind: 'decay'; readonly halfLife: number }
  /** From the beginning of a second to the beginning of another one. */
  | { readonly kind: 'fixed'; readonly from: number; readonly to: number };

export const wholeRun: TimeSpan = { kind: 'all' };

/** After so many half-lives a sample weighs a millionth: it is left out. */
const halfLivesKept = 20;

export interface Seconds {
  readonly from: number;
  /** The first second that is not in it. */
  readonly to: number;
}

/** The seconds that a span means now, before the beginning of the run too; undefined for the whole run. */
export function secondsOf(span: TimeSpan, nowSecond: number): Seconds | undefined {
  const to = nowSecond + 1;
  switch (span.kind) {
    case 'all':
      return undefined;
    case 'last':
      return { from: to - span.seconds, to };
    case 'decay':
      return { from: to - span.halfLife * halfLivesKept, to };
    case 'fixed':
      return { from: span.from, to: span.to };
  }
}

/** How long before a span the one it is compared with lies, in seconds: right before it. 0 for the whole run. */
export function secondsBack(span: TimeSpan): number {
  switch (span.kind) {
    case 'all':
      return 0;
    case 'last':
      return span.seconds;
    case 'decay':
      return span.halfLife;
    case 'fixed':
      return span.to - span.from;
  }
}

/** How many seconds of weight are known of the span right before. @param first the oldest second remembered */
export function secondsBefore(span: TimeSpan, nowSecond: number, first: number): number {
  const seconds = secondsOf(span, nowSecond);
  if (seconds === undefined) return 0;
  const back = secondsBack(span);
  const known = Math.min(seconds.to, nowSecond + 1) - back - Math.max(first, seconds.from - back);
  return Math.max(0, span.kind === 'decay' ? Math.min(known, span.halfLife / Math.LN2) : known);
}

/** How much of its weight a sample has left, 0..1. */
export function weightLeft(span: TimeSpan, second: number, nowSecond: number): number {
  return span.kind === 'decay' ? 2 ** (-(nowSecond - second) / span.halfLife) : 1;
}

/** How many seconds of weight a span holds; of the whole run those since a mark. */
export function secondsShown(span: TimeSpan, nowSecond: number, markSecond: number): number {
  if (span.kind === 'decay') return span.halfLife / Math.LN2;
  const { from, to } = secondsOf(span, nowSecond) ?? { from: markSecond, to: nowSecond };
  return Math.max(1, Math.min(to, nowSecond + 1) - Math.max(0, from));
}
