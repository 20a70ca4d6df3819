/** A stretch of a session as a run of its own: spans and counters of that stretch alone. Pure. */
import type { SessionStatus, Unit } from '../engine/status.ts';
import type { RunSummary, SpanSummary } from '../export/summary.ts';
import { markedLabels } from '../profile/frames.ts';
import type { Profile } from '../profile/profile.ts';
import type { RunBegin } from './run-summary.ts';
import { version } from './version.ts';

export interface BatchCounters {
  /** Undefined for all since the begin, or since a reset. */
  readonly before: SessionStatus | undefined;
  readonly now: SessionStatus;
  /** Wall clock of `now`. */
  readonly atMs: number;
}

/** @param profile what was captured in it; it is given its part of the time that no sample carries */
export function batchRun(
  profile: Profile,
  unit: Unit,
  { before, now, atMs }: BatchCounters,
  { environment }: RunBegin,
): RunSummary {
  const fromNs = before?.elapsedNs ?? 0;
  const known = new Map(before?.spans.map((span) => [span.number, span]));
  const spans = now.spans
    .filter((span) => span.unit === unit && span.endNs >= fromNs)
    .map((span) => sinceThen(span, known.get(span.number), fromNs))
    .map((span) => ({ ...span, ...captured(profile, span.number) }));
  const sum = (key: 'cpuTimeNs' | 'weightNs'): number => spans.reduce((total, span) => total + span[key], 0);
  const accounting = {
    cpuTimeNs: sum('cpuTimeNs'),
    userTimeNs: now.accounting.userTimeNs - (before?.accounting.userTimeNs ?? 0),
    systemTimeNs: now.accounting.systemTimeNs - (before?.accounting.systemTimeNs ?? 0),
    weightNs: sum('weightNs'),
    accounted: sum('cpuTimeNs') > 0 && unit === 'cpu' ? sum('weightNs') / sum('cpuTimeNs') : undefined,
  };
  if (unit === 'cpu') addUnsampled(profile, spans);
  profile.settle(true);
  const recordedAt = new Date(atMs - now.elapsedNs / 1e6).toISOString();
  return { ...now, version, profile, recordedAt, environment, spans, accounting };
}

/** The status may be older than the last rows. */
function captured(profile: Profile, number: number | undefined): Pick<SpanSummary, 'samples' | 'weightNs'> {
  let [samples, weightNs] = [0, 0];
  for (const { span, rows } of profile.rows()) {
    if (span !== number) continue;
    for (let i = 0; i < rows.stack.length; i++) {
      samples += rows.samples[i] as number;
      weightNs += rows.weightNs[i] as number;
    }
  }
  return { samples, weightNs };
}

function sinceThen(span: SpanSummary, before: SpanSummary | undefined, fromNs: number): SpanSummary {
  if (before === undefined) return span;
  const counters = ['cpuTimeNs', 'lost', 'throttled', 'truncated', 'skipped'] as const;
  const since = Object.fromEntries(counters.map((key) => [key, span[key] - before[key]]));
  return { ...span, ...since, startNs: Math.max(span.startNs, fromNs) };
}

/** What the clock of a span counted beyond its samples. */
function addUnsampled(profile: Profile, spans: readonly SpanSummary[]): void {
  for (const label of [markedLabels.kernelNotSampled, markedLabels.notSampled]) {
    const isKernel = label === markedLabels.kernelNotSampled;
    const gaps = spans
      .filter(({ kernelPart }) => (kernelPart === 'excluded') === isKernel)
      .map(({ cpuTimeNs, weightNs }) => cpuTimeNs - weightNs);
    profile.setUnsampled(
      label,
      Math.max(
        0,
        gaps.reduce((sum, gap) => sum + gap, 0),
      ),
    );
  }
}
