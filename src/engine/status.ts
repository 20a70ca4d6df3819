/**
 * What a running session tells the screen and the files: three values kept apart (asked, planned, running),
 * the accounting, the gates, the warnings. Data only; the words users read come from `warnings.ts`.
 */
import type { Profile } from '../profile/profile.ts';
import type { KernelSymbolsState } from '../symbolize/protocol.ts';
import type { Listing, ListingRequest } from './listing.ts';
import type { ThreadState } from './thread-state.ts';
import type { Warning } from './warnings.ts';

export const engineAsks = ['auto', 'cpu', 'cpu-clock', 'ctimer', 'wall'] as const;
/** What the user can ask for. */
export type EngineAsk = (typeof engineAsks)[number];
/** What can run. */
export type EngineName = 'cpu' | 'cpu-clock' | 'ctimer' | 'wall';

/** What weights are: CPU time and wall time are never summed, so each unit has a profile of its own. */
export type Unit = 'cpu' | 'wall';

export type Mechanism =
  | 'perf_events'
  | 'timer_create in the target'
  | 'external snapshots'
  | 'snapshots of all threads';

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
  /** Which start of an engine it is, as the rows of the profile name it; undefined where they do not (other tools' files). */
  readonly number?: number | undefined;
  readonly asked: EngineAsk;
  readonly planned: EngineName;
  readonly engine: EngineName;
  readonly mechanism: Mechanism;
  /** Of its weights. */
  readonly unit: Unit;
  readonly kernelPart: KernelPart;
  readonly kernelSymbols: KernelSymbolsState;
  readonly reason: string;
  readonly startNs: number;
  readonly endNs: number;
  readonly periodNs: number;
  /** What the target's CPU clock counted meanwhile. */
  readonly cpuTimeNs: number;
  readonly samples: number;
  readonly weightNs: number;
  readonly lost: number;
  readonly throttled: number;
  readonly truncated: number;
  readonly skipped: number;
}

/** Sums over all spans that carry CPU time; `accounted` is weightNs ÷ cpuTimeNs, undefined before any CPU time was used. */
export interface Accounting {
  readonly cpuTimeNs: number;
  readonly userTimeNs: number;
  readonly systemTimeNs: number;
  readonly weightNs: number;
  readonly accounted: number | undefined;
  /** CPU time that no sample carries, and its known parts (they need not add up to the whole). */
  readonly unsampledNs: number;
  /** The part that belongs to user-only engines: kernel time which they leave out. */
  readonly kernelNotSampledNs: number;
  readonly lostNs: number;
  readonly shortLivedNs: number;
}

/** One thing of this machine that can refuse us, found by trying. */
export interface Gate {
  readonly name: string;
  /** `passed`: shut, but not in the way here. */
  readonly state: 'allowed' | 'refused' | 'hidden' | 'passed' | 'unknown';
  readonly because: string;
  /** The one command or step that opens this gate; undefined when it is open or nothing can. */
  readonly cure: string | undefined;
}

/** One thing that can be asked for, and what asking would do now. */
export interface EngineRow {
  readonly ask: EngineAsk;
  /** In a few words. */
  readonly sees: string;
  /** What would run; undefined when it is refused. */
  readonly runs: EngineName | undefined;
  /** How it would run, or the one reason why not. */
  readonly why: string;
  /** What would make it run, or run with more. */
  readonly cure: string | undefined;
}

/** `recorded`: read from a file, nothing of it is live. */
export type SessionState = 'starting' | 'live' | 'ended' | 'stopped' | 'recorded';

export interface SessionStatus {
  readonly state: SessionState;
  /** Where a profile that is not live comes from, in a few words; undefined for a live one. */
  readonly source: string | undefined;
  /** Of a recording: the part of its time that this is about, since its beginning. */
  readonly moment?: { readonly fromNs: number; readonly toNs: number } | undefined;
  /** Of two files that are compared: which with which. */
  readonly comparison?: string | undefined;
  /** Of a file that is still being read: how much of it has been, 0..1. */
  readonly readShare?: number | undefined;
  /** Why capture ended: 'target exited', 'stopped', or a failure sentence. */
  readonly endReason: string | undefined;
  readonly target: Target;
  readonly threadCount: number;
  /** The language runtime whose functions are named: `Node.js 20.20.2 / V8 11.3.244`. */
  readonly runtime?: string | undefined;
  /** Processes that are followed now besides the target. */
  readonly otherProcesses: number;
  readonly asked: EngineAsk;
  readonly planned: EngineName;
  /** What captures now; undefined before the engine runs. */
  readonly running: EngineName | undefined;
  readonly mechanism: Mechanism | undefined;
  /** Of `LiveSession.profile`, which is that of the running engine. */
  readonly unit: Unit;
  /** A change of engine or rate that is under way; the old engine still captures. */
  readonly switching:
    | { readonly from: EngineName; readonly to: EngineAsk | EngineName; readonly hz: number }
    | undefined;
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
  /** A row for each ask, in the order of `engineAsks`. */
  readonly engines: readonly EngineRow[];
  /** The kernel's limit on the rate; undefined where there is none. */
  readonly highestHz: number | undefined;
}

/** What the live screen needs of a session; the session itself is made and owned by the command line. */
export interface LiveSession {
  /** That of the running engine's unit: another object after a change of unit. */
  readonly profile: Profile;
  /** A new object whenever anything in it changed. */
  readonly status: SessionStatus;
  /** Of a recording: what held in a part of its time, in ns since its beginning. */
  statusIn?(fromNs: number, toNs: number): SessionStatus;
  /** Of a recording: shows what was captured of its other unit. @returns which; undefined when there is but one */
  showNextUnit?(): Unit | undefined;
  /** Calls back after each drain tick (4 to 10 times a second) and on state changes. Returns the way to stop. */
  subscribe(listener: () => void): () => void;
  /** Starts new counters: the profile, the accounting and the spans begin again now. */
  reset(): void;
  /**
   * Asks for another engine. It takes over at one cut in time; if it is refused, the running one goes on and
   * `status.warnings` says why. Never rejects.
   */
  switchTo(asked: EngineAsk): Promise<void>;
  /** The running engine at another rate, by the same cut. Never rejects. */
  changeRate(hz: number): Promise<void>;
  /** Disarms before this process stops (^Z): a stopped process cannot drain. Never rejects. */
  suspend(): Promise<void>;
  /** Captures again, as before; the time between stands under `[not sampled]`. Never rejects. */
  resume(): Promise<void>;
  /** Tries every gate again; `status.gates` and `status.warnings` follow. */
  probeAgain(): void;
  /** What a thread of the target does right now; undefined when that cannot be told. */
  threadState(tid: number): ThreadState | undefined;
  /**
   * The hottest lines of a function, made on demand in helper processes that end with `signal`. Rejects only when it
   * was aborted.
   */
  list(request: ListingRequest, signal: AbortSignal): Promise<Listing>;
  /** Disarms and detaches; the profile stays readable. Resolves within two seconds. */
  stop(): Promise<void>;
}
