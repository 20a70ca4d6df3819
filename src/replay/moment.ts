/** What the banner says of a part of the recorded time: the engines that ran then, and how much they accounted for. Pure. */
import type { EngineSpan, SessionStatus } from '../engine/status.ts';
import type { Moment } from '../record/recording-reader.ts';

/**
 * @param moments in order of time
 * @param fromNs @param toNs of the recorded time
 */
export function statusIn(
  status: SessionStatus,
  moments: readonly Moment[],
  fromNs: number,
  toNs: number,
): SessionStatus {
  const spans = spansIn(status.spans, fromNs, toNs);
  const last = spans.at(-1);
  if (last === undefined) return status;
  const { asked, planned, engine: running, mechanism, kernelPart, kernelSymbols, unit } = last;
  return {
    ...status,
    ...{ asked, planned, running, mechanism, kernelPart, kernelSymbols, unit, spans },
    moment: { fromNs, toNs },
    accounting: { ...status.accounting, ...accountedIn(moments, fromNs, toNs) },
  };
}

/** Those that ran then; between two, when nothing captured, the one before. */
function spansIn(spans: readonly EngineSpan[], fromNs: number, toNs: number): readonly EngineSpan[] {
  const ran = spans.filter(({ startNs, endNs }) => startNs < toNs && endNs > fromNs);
  if (ran.length > 0) return ran;
  const before = spans.findLast(({ endNs }) => endNs <= fromNs);
  return before === undefined ? [] : [before];
}

/** Between the nearest moments around; they are a second apart. */
function accountedIn(moments: readonly Moment[], fromNs: number, toNs: number) {
  const start = moments.findLast(({ elapsedNs }) => elapsedNs <= fromNs) ?? { cpuTimeNs: 0, weightNs: 0 };
  const end = moments.find(({ elapsedNs }) => elapsedNs >= toNs) ?? moments.at(-1) ?? start;
  const cpuTimeNs = Math.max(0, end.cpuTimeNs - start.cpuTimeNs);
  const weightNs = Math.max(0, end.weightNs - start.weightNs);
  return { cpuTimeNs, weightNs, accounted: cpuTimeNs > 0 ? weightNs / cpuTimeNs : undefined };
}
