/** A recording as a session: the banner of then, with what the end of the file took away said first. Pure. */
import type { EngineSpan, SessionState, SessionStatus, Unit } from '../engine/status.ts';
import { describe } from '../engine/warnings.ts';
import { markedLabels } from '../profile/frames.ts';
import { Profile } from '../profile/profile.ts';
import type { Recording } from '../record/recording-reader.ts';
import { type Beginning, readBeginning, readStatus } from './read-status.ts';
import { RecordedSession } from './recorded-session.ts';

export interface Replay {
  readonly session: RecordedSession;
  readonly begin: Beginning;
  /** How the session stood when the file ended. */
  readonly finalState: SessionState;
}

export function replay(recording: Recording): Replay {
  const told = readStatus(recording.status);
  const begin = readBeginning(recording.head);
  const balanced = recording.isComplete ? told : withTail(told, recording);
  const profile = recording.profiles.get(told.unit) ?? new Profile();
  const { accounting } = balanced;
  if (told.unit === 'cpu') {
    const kernelNs = accounting.kernelNotSampledNs;
    profile.setUnsampled(markedLabels.kernelNotSampled, Math.max(0, kernelNs));
    profile.setUnsampled(markedLabels.notSampled, Math.max(0, accounting.unsampledNs - kernelNs));
  }
  const cut = recording.isComplete
    ? []
    : [describe({ code: 'recording-cut', atNs: balanced.elapsedNs, unreadBytes: recording.unreadBytes })];
  const status: SessionStatus = {
    ...balanced,
    state: 'recorded',
    source: `recorded ${begin.recordedAt.slice(0, 16).replace('T', ' ')} UTC`,
    samples: profile.samples,
    warnings: [...cut, ...balanced.warnings],
  };
  return { session: new RecordedSession(profile, status), begin, finalState: told.state };
}

/** Samples behind the last status that the file holds belong to its last span, and are CPU time that it did not know of. */
function withTail(told: SessionStatus, { tallies, lastNs }: Recording): SessionStatus {
  const elapsedNs = Math.max(told.elapsedNs, lastNs);
  const spans = [...told.spans];
  for (const [unit, tally] of tallies) {
    const at = spans.findLastIndex((span) => span.unit === unit);
    const last = spans[at];
    if (last === undefined) continue;
    spans[at] = {
      ...last,
      endNs: at === spans.length - 1 ? elapsedNs : last.endNs,
      samples: last.samples + tally.samples - sumOf(spans, unit, (span) => span.samples),
      weightNs: last.weightNs + tally.weightNs - sumOf(spans, unit, (span) => span.weightNs),
    };
  }
  const weightNs = tallies.get('cpu')?.weightNs ?? 0;
  const cpuTimeNs = told.accounting.cpuTimeNs + Math.max(0, weightNs - told.accounting.weightNs);
  const accounted = cpuTimeNs > 0 ? weightNs / cpuTimeNs : undefined;
  return { ...told, elapsedNs, spans, accounting: { ...told.accounting, weightNs, cpuTimeNs, accounted } };
}

function sumOf(spans: readonly EngineSpan[], unit: Unit, read: (span: EngineSpan) => number): number {
  return spans.reduce((sum, span) => sum + (span.unit === unit ? read(span) : 0), 0);
}
