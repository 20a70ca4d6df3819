/** A recording as a session: the banner of then, with what the end of the file took away said first. Pure. */
import type { EngineSpan, SessionState, SessionStatus, Unit } from '../engine/status.ts';
import { describe, type Warning } from '../engine/warnings.ts';
import { markedLabels } from '../profile/frames.ts';
import { Profile } from '../profile/profile.ts';
import type { Recording } from '../record/recording-reader.ts';
import type { KernelSymbolsState } from '../symbolize/protocol.ts';
import { type Beginning, readBeginning, readStatus } from './read-status.ts';
import { RecordedSession } from './recorded-session.ts';

export interface Replay {
  readonly session: RecordedSession;
  readonly begin: Beginning;
  /** How the session stood when the file ended. */
  readonly finalState: SessionState;
}

/** What is known of a recording besides what stands in it. */
export interface Reading {
  /** How much of the file has been read; undefined when all of it has. */
  readonly readShare?: number | undefined;
  /** More is being written to it. */
  readonly isGrowing?: boolean;
  /** Which unit is shown; otherwise that of the last engine. */
  readonly unit?: Unit | undefined;
  /** Names were looked for when it was opened. */
  readonly lateNames?:
    | { readonly warnings: readonly Warning[]; readonly kernelSymbols: KernelSymbolsState | undefined }
    | undefined;
}

export function replay(recording: Recording): Replay {
  const { profile, status } = replayed(recording);
  return {
    session: new RecordedSession(profile, status),
    begin: readBeginning(recording.head),
    finalState: readStatus(recording.status).state,
  };
}

/** What the session of a recording shows. */
export function replayed(
  recording: Recording,
  reading: Reading = {},
): { readonly profile: Profile; readonly status: SessionStatus } {
  const told = withLateKernel(readStatus(recording.status), reading);
  const balanced = recording.isComplete ? told : withTail(told, recording);
  const shown = ofUnit(balanced, reading.unit ?? told.unit);
  const profile = recording.profiles.get(shown.unit) ?? new Profile();
  const { accounting } = shown;
  if (shown.unit === 'cpu') {
    const kernelNs = accounting.kernelNotSampledNs;
    profile.setUnsampled(markedLabels.kernelNotSampled, Math.max(0, kernelNs));
    profile.setUnsampled(markedLabels.notSampled, Math.max(0, accounting.unsampledNs - kernelNs));
  }
  const { recordedAt } = readBeginning(recording.head);
  const status: SessionStatus = {
    ...shown,
    state: 'recorded',
    source: `recorded ${recordedAt.slice(0, 16).replace('T', ' ')} UTC`,
    readShare: reading.readShare,
    samples: profile.samples,
    warnings: [
      ...endWarnings(recording, balanced.elapsedNs, reading),
      ...(reading.lateNames?.warnings ?? []),
      ...shown.warnings,
    ],
  };
  return { profile, status };
}

function endWarnings({ isComplete, unreadBytes }: Recording, atNs: number, reading: Reading): Warning[] {
  if (isComplete || reading.readShare !== undefined) return [];
  if (reading.isGrowing === true) return [describe({ code: 'recording-grows' })];
  return [describe({ code: 'recording-cut', atNs, unreadBytes })];
}

/** Kernel names that were hidden then and could be read now: the same kernel says so. */
function withLateKernel(told: SessionStatus, { lateNames }: Reading): SessionStatus {
  if (lateNames?.kernelSymbols !== 'shown') return told;
  const named = <T extends Pick<SessionStatus, 'kernelPart' | 'kernelSymbols'>>(of: T): T =>
    of.kernelPart === 'unresolved' ? { ...of, kernelPart: 'resolved', kernelSymbols: 'shown' } : of;
  return {
    ...named(told),
    spans: told.spans.map(named),
    warnings: told.warnings.filter(({ code }) => code !== 'kernel-symbols-hidden'),
  };
}

/** The banner of the last engine that captured this unit. */
function ofUnit(told: SessionStatus, unit: Unit): SessionStatus {
  const last = told.spans.findLast((span) => span.unit === unit);
  if (told.unit === unit || last === undefined) return told;
  const { asked, planned, engine: running, mechanism, kernelPart, kernelSymbols } = last;
  return { ...told, unit, asked, planned, running, mechanism, kernelPart, kernelSymbols };
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
