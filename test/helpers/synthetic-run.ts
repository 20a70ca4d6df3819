/**
 * A run of known stacks, without capture: what every writer of files must carry whole. Names are as a hostile process
 * may have them, all marked labels occur, and there are two engine spans.
 */
import type { RunSummary, SpanSummary } from '../../src/export/summary.ts';
import { markedLabels } from '../../src/profile/frames.ts';
import type { Profile } from '../../src/profile/profile.ts';
import { periodNs, StackFeeder, type StackLine, syntheticStatus } from './synthetic-session.ts';

export const hostileNames = [
  'a;b',
  'quote"and\\backslash\\',
  '</script><img src=x onerror=alert(1)><!--',
  'clear\u001b[2Jscreen',
  'pipe|tick`two``ticks',
  '日本語 e\u0301 👩‍👩‍👧',
  'right\u202eto left',
  '0',
  ' spaces ',
  '{"json":1} 17',
  `std::map<${'int, '.repeat(2000)}int>`,
] as const;

/** All weights are whole periods; the first span saw 100 of them, the second 47, and one stack both. */
export const everyKind: readonly StackLine[] = [
  { stack: ['main', 'run'], samples: 30 },
  { stack: ['main', 'run'], samples: 10, span: 1 },
  { stack: ['main', 'run', 'libc.so.6!read', '?kernel'], samples: 23, tid: 101, span: 1 },
  { stack: ['main', 'run', 'libc.so.6!write', 'kernel!ksys_write', 'ext4!ext4_write'], samples: 11 },
  { stack: ['main', '?jit'], samples: 7, tid: 102, span: 1 },
  ...hostileNames.map((name, i) => ({
    stack: ['main', `app!${name}`, `leaf ${i}`],
    samples: i + 1,
    tid: 103,
    span: i === 6 ? 1 : 0,
  })),
];

const span: SpanSummary = {
  number: 0,
  asked: 'auto',
  planned: 'cpu',
  engine: 'cpu',
  mechanism: 'perf_events',
  unit: 'cpu',
  kernelPart: 'resolved',
  kernelSymbols: 'shown',
  reason: 'sees all',
  startNs: 0,
  endNs: 5e9,
  periodNs,
  samples: 100,
  weightNs: 100 * periodNs,
  cpuTimeNs: 100 * periodNs,
  lost: 1,
  throttled: 2,
  truncated: 3,
  skipped: 4,
};

/** Two spans, the second one under another engine at half the rate. */
export const twoSpans: readonly SpanSummary[] = [
  span,
  {
    ...span,
    number: 1,
    planned: 'cpu',
    engine: 'ctimer',
    mechanism: 'external snapshots',
    kernelPart: 'not-seen',
    kernelSymbols: 'hidden',
    reason: 'perf_event_open: EACCES; it asked',
    startNs: 5e9,
    endNs: 8e9,
    periodNs: periodNs * 2,
    samples: 47,
    weightNs: 47 * periodNs,
    cpuTimeNs: 54 * periodNs,
  },
];

/** An engine that leaves the kernel out. */
export const userOnlySpan: SpanSummary = {
  ...span,
  number: 2,
  asked: 'cpu-clock',
  planned: 'cpu-clock',
  engine: 'cpu-clock',
  kernelPart: 'excluded',
};

export function syntheticRun(
  lines: readonly StackLine[] = everyKind,
  change: Partial<RunSummary> = {},
): RunSummary {
  const feeder = new StackFeeder();
  feeder.add(lines);
  if (lines.length > 0) addUnsampled(feeder.profile);
  const { target, accounting, warnings } = syntheticStatus();
  return {
    version: '0.0.0',
    profile: feeder.profile,
    recordedAt: '2026-01-02T03:04:05.678Z',
    environment: { paranoid: 2, kptr: undefined, kernel: '6.1.0', arch: 'x86_64' },
    target: { ...target, exe: '/srv/app' },
    state: 'ended',
    frequencyHz: 99,
    elapsedNs: 8e9,
    spans: twoSpans,
    accounting: { ...accounting, weightNs: feeder.profile.weightNs },
    warnings,
    ...change,
  };
}

/** Fractions of a ns occur: shares of a clock are divided. */
function addUnsampled(profile: Profile): void {
  profile.setUnsampled(markedLabels.kernelNotSampled, 5 * periodNs + 0.4);
  profile.setUnsampled(markedLabels.notSampled, 2 * periodNs + 0.4);
}
