/**
 * What a running session tells the screen and the files: three values kept apart (asked, planned, running),
 * the accounting, the gates, the warnings. Data only; the words users read come from `warnings.ts`.
 */
import type { Profile } from '../profile/profile.ts';
import type { KernelSymbolsState } from '../symbolize/protocol.ts';
import type { ThreadState } from './thread-state.ts';
import type { Warning } from './warnings.ts';

export const engineAsks = ['auto', 'cpu', 'cpu-clock', 'ctimer'] as const;
/** What the user can ask for. */
export type EngineAsk = (typeof engineAsks)[number];
/** What can run. */
export type EngineName = 'cpu' | 'cpu-clock' | 'ctimer' | 'wall';

export type Mechanism = 'perf_events' | 'timer_create in the target' | 'external snapshots';

/** Four truths about the kernel part of the stacks; they look alike in a profile and must not be mixed. */
export type KernelPart = 'resolved' | 'unresolved' | 'excluded' | 'not-seen';

export interface Target {
  readonly pid: number;
  /** Short name (comm). */
  readonly name: string;
  readonly exe: string;
  /** Command line, cleaned of control characters. */
  readonly command: string;
  /** ISO 8601, UTC. */
  readonly startedAt: string;
}

/** A stretch of time under one running engine. Times are ns since the session began. */
export interface EngineSpan {
  readonly asked: EngineAsk;
  readonly planned: EngineName;
  readonly engine: EngineName;
  readonly mechanism: Mechanism;
  readonly kernelPart: KernelPart;
  readonly kernelSymbols: KernelSymbolsState;
  readonly reason: string;
  readonly startNs: number;
  readonly endNs: number;
  readonly periodNs: number;
  readonly samples: number;
  readonly weightNs: number;
  readonly lost: number;
  readonly throttled: number;
  readonly truncated: number;
  readonly skipped: number;
}

/** Sums over the whole session; `accounted` is weightNs ÷ cpuTimeNs, undefined before any CPU time was used. */
export interface Accounting {
  readonly cpuTimeNs: number;
  readonly userTimeNs: number;
  readonly systemTimeNs: number;
  readonly weightNs: number;
  readonly accounted: number | undefined;
  /** CPU time that no sample carries, and its known parts (they need not add up to the whole). */
  readonly unsampledNs: number;
  readonly lostNs: number;
  readonly shortLivedNs: number;
}

/** One thing of this machine that can refuse us, found by trying. */
export interface Gate {
  readonly name: string;
  readonly state: 'allowed' | 'refused' | 'hidden' | 'unknown';
  readonly because: string;
  /** The one command or step that opens this gate; undefined when it is open or nothing can. */
  readonly cure: string | undefined;
}

export type SessionState = 'starting' | 'live' | 'ended' | 'stopped';

export interface SessionStatus {
  readonly state: SessionState;
  /** Why capture ended: 'target exited', 'stopped', or a failure sentence. */
  readonly endReason: string | undefined;
  readonly target: Target;
  readonly threadCount: number;
  readonly asked: EngineAsk;
  readonly planned: EngineName;
  /** What captures now; undefined before the engine runs. */
  readonly running: EngineName | undefined;
  readonly mechanism: Mechanism | undefined;
  readonly kernelPart: KernelPart;
  readonly kernelSymbols: KernelSymbolsState;
  readonly frequencyHz: number;
  readonly elapsedNs: number;
  readonly samples: number;
  readonly lost: number;
  readonly throttled: number;
  readonly truncated: number;
  readonly accounting: Accounting;
  /** The profiler's own CPU, share of one core over the last seconds. */
  readonly selfCpuShare: number;
  readonly spans: readonly EngineSpan[];
  /** What holds now, not a log: empty when nothing is degraded. Most important first. */
  readonly warnings: readonly Warning[];
  readonly gates: readonly Gate[];
}

/** What the live screen needs of a session; the session itself is made and owned by the command line. */
export interface LiveSession {
  readonly profile: Profile;
  /** A new object whenever anything in it changed. */
  readonly status: SessionStatus;
  /** Calls back after each drain tick (4 to 10 times a second) and on state changes. Returns the way to stop. */
  subscribe(listener: () => void): () => void;
  /** Starts new counters: the profile, the accounting and the spans begin again now. */
  reset(): void;
  /** Tries every gate again; `status.gates` and `status.warnings` follow. */
  probeAgain(): void;
  /** What a thread of the target does right now; undefined when that cannot be told. */
  threadState(tid: number): ThreadState | undefined;
  /** Disarms and detaches; the profile stays readable. Resolves within two seconds. */
  stop(): Promise<void>;
}
