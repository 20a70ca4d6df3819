/** What a session captures from: one process, or several that look like one. */
import type { FrameName } from '../profile/frames.ts';
import type { NativeBatch, NativeRefusal, NativeSession, NativeState, StartResult } from './native.ts';

/** Something in which an engine can be started. */
export type Startable = Pick<NativeSession, 'start'>;

export interface ProcessBatch {
  /** 0 for the target. */
  readonly process: number;
  readonly pid: number;
  readonly batch: NativeBatch;
  /** Of the frames that stand for processes. */
  readonly names: readonly FrameName[];
}

/** A process that has ended and whose last rows are drained. */
export interface EndedProcess {
  readonly id: number;
  /** Frees its files: when nothing is read from them any more. */
  close(): Promise<unknown>;
}

/** What the user is told of the processes that are followed besides the target. */
export interface FamilyFacts {
  readonly followed: number;
  /** Not followed, when there were most: too many at once. */
  readonly tooMany: number;
  readonly limit: number;
  /** Processes without an engine, and why one of them has none. */
  readonly refused: number;
  readonly refusal: NativeRefusal | undefined;
  /** Processes in which another engine runs than in the target. */
  readonly others: number;
  /** This kernel does not list children. */
  readonly isBlind: boolean;
}

export interface Captured {
  start(kind: number, periodNs: number): Promise<StartResult>;
  stop(): Promise<unknown>;
  /** To be taken in this order. */
  drain(): readonly ProcessBatch[];
  state(): NativeState;
  /** Each once. */
  takeEnded(): readonly EndedProcess[];
  /** Pids that are profiled now. */
  readonly pids: readonly number[];
  /** User and system time in ticks of those that run besides the target and those that did. */
  readonly otherTicks: { readonly user: number; readonly system: number };
  /** Undefined where only the target is asked for. */
  readonly family: FamilyFacts | undefined;
}

/** The target alone, its ids as native code gives them. */
export function onlyTarget(session: NativeSession, pid: number): Captured {
  return {
    start: (kind, periodNs) => session.start(kind, periodNs),
    stop: () => session.stop(),
    drain: () => [{ process: 0, pid, batch: session.drain(), names: [] }],
    state: () => session.state(),
    takeEnded: () => [],
    pids: [pid],
    otherTicks: { user: 0, system: 0 },
    family: undefined,
  };
}

/** The sums of two processes; what is not a sum is that of the first. */
export function addStates(a: NativeState, b: NativeState): NativeState {
  // What says most of a lack of memory.
  const { ringKib, ringKibWanted } =
    a.ringKib - a.ringKibWanted <= b.ringKib - b.ringKibWanted || b.ringKibWanted === 0 ? a : b;
  return {
    ...a,
    cpuNs: a.cpuNs + b.cpuNs,
    samples: a.samples + b.samples,
    truncated: a.truncated + b.truncated,
    notKept: a.notKept + b.notKept,
    shortLivedNs: a.shortLivedNs + b.shortLivedNs,
    unseenNs: (a.unseenNs ?? 0) + (b.unseenNs ?? 0),
    lost: a.lost + b.lost,
    lostNs: a.lostNs + b.lostNs,
    throttled: a.throttled + b.throttled,
    ringKib,
    ringKibWanted,
    threadsFollowed: a.threadsFollowed + b.threadsFollowed,
    threadsRefused: a.threadsRefused + b.threadsRefused,
  };
}
