/** The status of a session as a file tells it: the same shape as that of a live one, whatever the file says. Pure. */
import {
  type Accounting,
  type EngineName,
  type EngineRow,
  type EngineSpan,
  engineAsks,
  type Gate,
  type Mechanism,
  type SessionState,
  type SessionStatus,
  type Target,
  type Unit,
} from '../engine/status.ts';
import type { Warning } from '../engine/warnings.ts';
import type { KernelIdentity } from '../symbolize/kernel-identity.ts';
import { choice, list, number, optional, type Reading, shape, text } from './shape.ts';

const engineNames = ['cpu', 'cpu-clock', 'ctimer', 'wall'] as const satisfies readonly EngineName[];
const mechanisms = [
  'perf_events',
  'timer_create in the target',
  'external snapshots',
  'snapshots of all threads',
] as const satisfies readonly Mechanism[];
const unit = choice<Unit>(['cpu', 'wall'], 'cpu');
const kernelPart = choice(['resolved', 'unresolved', 'excluded', 'not-seen'], 'not-seen');
const ask = choice(engineAsks, 'auto');
const engine = choice(engineNames, 'cpu');
/** An unknown word must not become an engine. */
const knownEngine: Reading<EngineName | undefined> = (value) => engineNames.find((one) => one === value);
const mechanism = choice(mechanisms, 'perf_events');

const kernelSymbols: Reading<SessionStatus['kernelSymbols']> = (value) => {
  const word = text(value);
  if (word === 'shown' || word === 'hidden') return word;
  return word.startsWith('refused:') ? (word as `refused:${string}`) : 'missing';
};

const counters = { lost: number, throttled: number, truncated: number };

const span = shape<EngineSpan>({
  number: optional(number),
  asked: ask,
  planned: engine,
  engine,
  mechanism,
  unit,
  kernelPart,
  kernelSymbols,
  reason: text,
  startNs: number,
  endNs: number,
  periodNs: number,
  cpuTimeNs: number,
  samples: number,
  weightNs: number,
  ...counters,
  skipped: number,
});

/** Spans of engines that this version knows. */
export const readSpans: Reading<readonly EngineSpan[]> = (value) =>
  list((each) => (knownEngine((each as EngineSpan | null)?.engine) === undefined ? [] : [span(each)]))(
    value,
  ).flat();

export const readTarget = shape<Target>({
  pid: number,
  name: text,
  exe: text,
  command: text,
  startedAt: text,
});

const accounting = shape<Accounting>({
  cpuTimeNs: number,
  userTimeNs: number,
  systemTimeNs: number,
  weightNs: number,
  accounted: optional(number),
  unsampledNs: number,
  kernelNotSampledNs: number,
  lostNs: number,
  shortLivedNs: number,
});

/** Its words come from `describe()` of whoever recorded. */
const warning = shape<Warning>({
  code: text as Reading<Warning['code']>,
  title: text,
  cause: text,
  cure: optional(text),
});

const gate = shape<Gate>({
  name: text,
  state: choice(['allowed', 'refused', 'hidden', 'passed', 'unknown'], 'unknown'),
  because: text,
  cure: optional(text),
});

const row = shape<EngineRow>({
  ask,
  sees: text,
  runs: knownEngine,
  why: text,
  cure: optional(text),
});

export const readStatus = shape<SessionStatus>({
  state: choice<SessionState>(['starting', 'live', 'ended', 'stopped', 'recorded'], 'live'),
  source: () => undefined,
  endReason: optional(text),
  target: readTarget,
  threadCount: number,
  otherProcesses: number,
  asked: ask,
  planned: engine,
  running: knownEngine,
  mechanism: optional(mechanism),
  unit,
  switching: () => undefined,
  kernelPart,
  kernelSymbols,
  frequencyHz: number,
  elapsedNs: number,
  samples: number,
  ...counters,
  accounting,
  selfCpuShare: number,
  spans: readSpans,
  warnings: list(warning),
  gates: list(gate),
  engines: list(row),
  highestHz: optional(number),
});

export interface Beginning {
  readonly recordedAt: string;
  readonly environment: {
    readonly paranoid: number | undefined;
    readonly kptr: number | undefined;
    readonly kernel: string;
    readonly arch: string;
    readonly kernelIdentity: KernelIdentity;
  };
}

const kernelIdentity = shape<KernelIdentity>({ bootId: text, buildId: text });

export const readBeginning = shape<Beginning>({
  recordedAt: (value) => (Number.isNaN(Date.parse(text(value))) ? new Date(0).toISOString() : text(value)),
  environment: shape({
    ...{ paranoid: optional(number), kptr: optional(number), kernel: text, arch: text },
    kernelIdentity,
  }),
});
