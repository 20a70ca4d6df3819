/** One status object from what the parts of a session know. Pure but for the clocks it is handed. */
import { markedLabels } from '../profile/frames.ts';
import type { Profile } from '../profile/profile.ts';
import type { SymbolWarning } from '../symbolize/protocol.ts';
import { account, type Baseline, since } from './accounting.ts';
import { currentDegradations } from './degradations.ts';
import { listEngines } from './engine-rows.ts';
import { listGates, withPid } from './gates.ts';
import type { Capabilities } from './machine.ts';
import type { NativeState } from './native.ts';
import { type Balance, kernelPartOf, type SpanBook, unitOfEngine } from './spans.ts';
import type { SessionState, SessionStatus, Target } from './status.ts';
import type { Running, Switching } from './switching.ts';
import type { ProcessStat } from './target.ts';
import { describe } from './warnings.ts';

export interface Facts {
  readonly state: SessionState;
  readonly endReason: string | undefined;
  readonly target: Target;
  readonly threadCount: number;
  readonly running: Running;
  /** What the kernel's limit leaves of the rate that was asked for. */
  readonly frequencyHz: number;
  readonly native: NativeState;
  readonly baseline: Baseline;
  readonly stat: ProcessStat | undefined;
  readonly book: SpanBook;
  readonly switching: Switching;
  readonly profile: Profile;
  /** With the kernel symbols as the symbolizer found them. */
  readonly capabilities: Capabilities;
  readonly mapsError: number;
  readonly symbolWarnings: readonly SymbolWarning[];
  readonly selfCpuShare: number;
}

export function makeStatus(of: Facts): SessionStatus {
  const { capabilities, native, baseline, running, book, switching } = of;
  const { kernelSymbols } = capabilities;
  const { plan, asked } = running;
  const counters = since(native, baseline.native);
  const accounting = account(counters, book.balance(native, baseline.native), of.stat, baseline.stat);
  const degradations = currentDegradations({
    plan,
    notice: switching.notice,
    capabilities,
    counters,
    accounting,
    askedHz: running.frequencyHz,
    frequencyHz: of.frequencyHz,
    mapsError: of.mapsError,
    symbolWarnings: of.symbolWarnings,
  });
  return {
    state: of.state,
    endReason: of.endReason,
    target: of.target,
    threadCount: of.threadCount,
    asked,
    planned: plan.engine,
    running: of.state === 'starting' ? undefined : plan.engine,
    mechanism: plan.mechanism,
    unit: unitOfEngine(plan.engine),
    switching: switching.current,
    kernelPart: kernelPartOf(plan.engine, kernelSymbols, native),
    kernelSymbols,
    frequencyHz: of.frequencyHz,
    elapsedNs: counters.elapsedNs,
    samples: of.profile.samples,
    lost: counters.lost,
    throttled: counters.throttled,
    truncated: counters.truncated,
    accounting,
    selfCpuShare: of.selfCpuShare,
    spans: book.list(native, baseline.native, kernelSymbols),
    warnings: withPid(degradations.map(describe), of.target.pid),
    gates: withPid(listGates(capabilities), of.target.pid),
    engines: withPid(listEngines(capabilities), of.target.pid),
    highestHz: capabilities.facts.maxSampleRate,
  };
}

/** Puts the time that no sample carries into the tree, under its label. */
export function showUnsampled(cpuProfile: Profile, { kernelNotSampledNs, notSampledNs }: Balance): void {
  cpuProfile.setUnsampled(markedLabels.kernelNotSampled, kernelNotSampledNs);
  cpuProfile.setUnsampled(markedLabels.notSampled, notSampledNs);
}
