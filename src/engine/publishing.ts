/** One status object from what the parts of a session know. Pure but for the clocks it is handed. */
import { cleanText } from '../profile/clean-text.ts';
import type { Profile } from '../profile/profile.ts';
import { account, since } from './accounting.ts';
import { currentDegradations } from './degradations.ts';
import { listEngines } from './engine-rows.ts';
import { listGates, withPid } from './gates.ts';
import type { Gathering } from './gathering.ts';
import type { Capabilities } from './machine.ts';
import type { NativeRuntime } from './native.ts';
import { limitsOf, listRights } from './rights.ts';
import { kernelPartOf, unitOfEngine } from './spans.ts';
import type { SessionState, SessionStatus } from './status.ts';
import type { Running, Switching } from './switching.ts';
import { describe } from './warnings.ts';

export interface Facts {
  readonly state: SessionState;
  readonly endReason: string | undefined;
  readonly gathering: Gathering;
  readonly running: Running;
  /** What the kernel's limit leaves of the rate that was asked for. */
  readonly frequencyHz: number;
  readonly switching: Switching;
  /** Of the running unit. */
  readonly profile: Profile;
  readonly capabilities: Capabilities;
  readonly mapsError: number;
  readonly selfCpuShare: number;
}

export function makeStatus(of: Facts): SessionStatus {
  const { running, switching } = of;
  const { baseline, book, naming, process } = of.gathering;
  const { kernelSymbols } = naming;
  // As the symbolizer found them.
  const capabilities = { ...of.capabilities, kernelSymbols };
  const { family } = of.gathering.native;
  const native = of.gathering.native.state();
  const { plan, asked } = running;
  const counters = since(native, baseline.native);
  const accounting = account(
    counters,
    book.balance(native, baseline.native),
    of.gathering.stat,
    baseline.stat,
  );
  const degradations = currentDegradations({
    plan,
    notice: switching.notice,
    capabilities,
    counters,
    accounting,
    askedHz: running.frequencyHz,
    frequencyHz: of.frequencyHz,
    mapsError: of.mapsError,
    symbolWarnings: naming.warnings,
    family,
  });
  return {
    state: of.state,
    source: undefined,
    endReason: of.endReason,
    target: process.target,
    threadCount: process.threadCount,
    runtime: runtimeText(native.runtime),
    otherProcesses: family?.followed ?? 0,
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
    warnings: withPid(degradations.map(describe), process.target.pid),
    gates: withPid(
      [...listGates(capabilities), ...listRights(capabilities, limitsOf(native))],
      process.target.pid,
    ),
    engines: withPid(listEngines(capabilities), process.target.pid),
    highestHz: capabilities.facts.maxSampleRate,
  };
}

function runtimeText(runtime: NativeRuntime | undefined): string | undefined {
  if (runtime === undefined || runtime.product === '') return runtime?.name;
  return `${cleanText(runtime.product)} / ${runtime.name}`;
}
