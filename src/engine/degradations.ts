/** What is degraded right now, most important first: not a log. Pure. */
import type { SymbolWarning } from '../symbolize/protocol.ts';
import type { FamilyFacts } from './captured.ts';
import { errnoName } from './errno.ts';
import { kernelSymbolsShut } from './gates.ts';
import type { Capabilities } from './machine.ts';
import {
  type NativeRuntime,
  type NativeState,
  type RuntimeProblem,
  runningStacks,
  runtimeProblems,
} from './native.ts';
import { type Plan, selectEngine } from './select.ts';
import type { Accounting } from './status.ts';
import { type Degradation, deathOf } from './warnings.ts';

export interface Situation {
  readonly plan: Plan;
  /** What became of the last change of engine. */
  readonly notice: Degradation | undefined;
  readonly capabilities: Capabilities;
  /** Since the start or the last reset. */
  readonly counters: NativeState;
  readonly accounting: Accounting;
  readonly askedHz: number;
  readonly frequencyHz: number;
  readonly mapsError: number;
  readonly symbolWarnings: readonly SymbolWarning[];
  /** Undefined where only the target is profiled. */
  readonly family: FamilyFacts | undefined;
}

// Below these a user need not look; above, the tree is visibly touched.
const truncatedShareToTell = 0.05;
const fewSamples = 100;
const unseenShareToTell = 0.01;

export function currentDegradations(of: Situation): readonly Degradation[] {
  const notices = of.notice ? [of.notice] : [];
  return [
    ...notices,
    ...of.plan.degradations,
    ...runningThreads(of),
    ...pythonFrames(of),
    ...kernelSymbols(of),
    ...limits(of),
    ...losses(of),
    ...runtimeNames(of),
    ...processes(of),
    ...symbols(of),
  ];
}

/** Where wall time has the stacks of running threads from, when that is less than the best. */
function runningThreads({ plan, counters }: Situation): Degradation[] {
  if (plan.engine !== 'wall') return [];
  const source = runningStacks[counters.runningStacks];
  if (source === 'stops') return [{ code: 'running-stopped' }];
  return source === 'none' ? [{ code: 'running-unseen' }] : [];
}

function kernelSymbols({ plan, capabilities, counters }: Situation): Degradation[] {
  if (plan.engine !== 'cpu' && runningStacks[counters.runningStacks] !== 'events') return [];
  const shut = kernelSymbolsShut(capabilities);
  return shut ? [{ code: 'kernel-symbols-hidden', ...shut }] : [];
}

function limits({ counters, capabilities, askedHz, frequencyHz, mapsError }: Situation): Degradation[] {
  const found: Degradation[] = [];
  if (mapsError !== 0) found.push({ code: 'mappings-unreadable', because: errnoName(mapsError) });
  if (counters.threadsRefused > 0) {
    const { threadsRefused: refused, threadsFollowed: followed } = counters;
    found.push({ code: 'threads-not-followed', refused, followed, limit: capabilities.facts.openFilesLimit });
  }
  if (counters.ringKib < counters.ringKibWanted) {
    found.push({ code: 'rings-reduced', kib: counters.ringKib, wantedKib: counters.ringKibWanted });
  }
  if (frequencyHz < askedHz) found.push({ code: 'rate-limited', askedHz, hz: frequencyHz });
  return found;
}

function losses({ plan, counters, frequencyHz }: Situation): Degradation[] {
  const found: Degradation[] = [];
  if (counters.lost > 0) found.push({ code: 'records-lost', lost: counters.lost, hz: frequencyHz });
  if (counters.throttled > 0) found.push({ code: 'throttled', times: counters.throttled, hz: frequencyHz });
  if (counters.notKept > 0) found.push({ code: 'stacks-not-kept', samples: counters.notKept });
  const share = (counters.truncated - counters.notKept) / Math.max(1, counters.samples);
  if (counters.samples >= fewSamples && share > truncatedShareToTell) {
    found.push({
      code: 'stacks-cut',
      share,
      stackBytes: counters.stackBytes,
      isWall: plan.engine === 'wall',
    });
  }
  return found;
}

function runtimeNames({ counters: { runtime } }: Situation): Degradation[] {
  const problem = runtimeProblems[runtime?.problem ?? 0];
  if (runtime === undefined || problem === undefined || problem === 'none') return [];
  const isRefused = problem === 'memory-refused';
  const cure = isRefused ? 'add CAP_SYS_PTRACE, or run prof-tui as the target’s user' : undefined;
  return [
    {
      code: 'runtime-unnamed',
      runtime: runtime.name,
      isWasm: problem === 'wasm-code',
      because: unnamedBecause(problem, runtime),
      cure,
    },
  ];
}

/**
 * The frames of Python lie in memory that its next call writes over: whoever reads a sample later, as perf_events do,
 * must not guess them.
 */
function pythonFrames({ plan, counters, capabilities }: Situation): Degradation[] {
  const { runtime } = counters;
  if (!runtime?.name.startsWith('CPython') || runtime.problem !== 0) return [];
  const isLate = plan.engine !== 'ctimer' && runningStacks[counters.runningStacks] !== 'stops';
  if (!isLate) return [];
  const offered = selectEngine('ctimer', capabilities, true);
  const isOffered = offered.kind === 'run' && offered.plan.engine === 'ctimer';
  return [
    {
      code: 'python-unseen',
      runtime: runtime.name,
      engine: plan.engine,
      offer: isOffered ? 'ctimer' : undefined,
    },
  ];
}

function unnamedBecause(
  problem: Exclude<RuntimeProblem, 'none'>,
  { constant, errno }: NativeRuntime,
): string {
  const reasons: Readonly<Record<typeof problem, string>> = {
    'no-constants': 'its binary exports no v8dbg_ constants',
    'constant-missing': `its binary exports no ${constant}`,
    'constant-unusable': `the value of ${constant} cannot be true`,
    'compressed-pointers': 'it is built with compressed pointers',
    'memory-refused': `reading its memory is refused (${errnoName(errno)})`,
    'checks-failed': 'its memory does not agree with what its binary exports',
    'optimized-code': 'its binary does not export how optimized code is named',
    'unknown-version': 'only the frames of 3.11 to 3.14 are known',
    'no-symbols': 'its binary exports no types or no evaluation loop',
    'free-threaded': 'it is built without the global interpreter lock',
    'wrong-offsets': 'its memory does not agree with the offsets of its version',
    'no-loop': 'its evaluation loop is found in no native stack',
    'often-unmatched':
      'more than 5% of the samples keep native frames, theirs cannot be told (over 256 threads, or switched stacks)',
    'wasm-code':
      constant === '' ? 'it keeps its code otherwise than is known' : `its binary exports no ${constant}`,
  };
  return reasons[problem];
}

function processes({ family, counters, accounting, plan }: Situation): Degradation[] {
  if (!family) return [];
  const found: Degradation[] = [];
  if (family.isBlind) found.push({ code: 'forks-unseen' });
  if (family.tooMany > 0) {
    found.push({ code: 'processes-not-followed', processes: family.tooMany, limit: family.limit });
  }
  if (family.refusal) {
    found.push({ code: 'processes-refused', processes: family.refused, because: deathOf(family.refusal) });
  }
  if (family.others > 0) {
    found.push({ code: 'processes-other-engine', processes: family.others, engine: plan.engine });
  }
  const unseenNs = plan.engine === 'wall' ? 0 : (counters.unseenNs ?? 0);
  if (unseenNs > accounting.cpuTimeNs * unseenShareToTell) found.push({ code: 'processes-unseen', unseenNs });
  return found;
}

function symbols({ symbolWarnings }: Situation): Degradation[] {
  return symbolWarnings.map(({ subject, detail }) => ({ code: 'symbols', subject, detail }));
}
