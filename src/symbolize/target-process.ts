/**
 * Facts of the target that naming needs and that are gone when it exits: its pid as it counts itself, its user, its
 * root directory (kept open, so that debug files and perf maps are found after its end).
 */
import fs from 'node:fs';
import { monotonicMs } from './followed-file.ts';
import { errnoName } from './kernel-symbols.ts';

/** Frames are asked about somewhat later than they were sampled, and the symbolizer comes after the first of them. */
const sampledBeforeMs = 10_000;

export interface TargetProcess {
  /** The pid in its own pid namespace: JIT compilers write it into the name of the perf map. */
  readonly ownPid: number;
  /** Users that may own the target's files: its real and effective uid, and root. */
  readonly trustedUids: ReadonlySet<number>;
  /** Prefix for absolute paths of the target's mount namespace; '' = our own root. */
  readonly rootPath: string;
  /** No sample of it is older (CLOCK_MONOTONIC). */
  readonly seenMs: number;
  close(): void;
}

interface StatusFacts {
  readonly ownPid: number;
  readonly uids: readonly number[];
  readonly isNested: boolean;
}

/** @param status text of /proc/PID/status; missing lines leave the outer pid and no uids */
export function parseStatus(status: string, pid: number): StatusFacts {
  const numbers = (key: string): number[] =>
    (new RegExp(`^${key}:(.*)$`, 'm').exec(status)?.[1] ?? '')
      .trim()
      .split(/\s+/)
      .filter(Boolean)
      .map(Number);
  const pids = numbers('NSpid');
  return { ownPid: pids.at(-1) ?? pid, uids: numbers('Uid').slice(0, 2), isNested: pids.length > 1 };
}

function readStatus(pid: number): StatusFacts {
  try {
    return parseStatus(fs.readFileSync(`/proc/${pid}/status`, 'latin1'), pid);
  } catch (error) {
    // ENOENT, ESRCH: it has exited; modules can still be named by their descriptors.
    if (!['ENOENT', 'ESRCH', 'EACCES', 'EPERM'].includes(errnoName(error))) throw error;
    return { ownPid: pid, uids: [], isNested: false };
  }
}

export function openTarget(pid: number): TargetProcess {
  const { ownPid, uids, isNested } = readStatus(pid);
  const trustedUids = new Set([0, ...uids]);
  const seenMs = monotonicMs() - sampledBeforeMs;
  try {
    const fd = fs.openSync(`/proc/${pid}/root`, fs.constants.O_RDONLY | fs.constants.O_DIRECTORY);
    return { ownPid, trustedUids, rootPath: `/proc/self/fd/${fd}`, seenMs, close: () => fs.closeSync(fd) };
  } catch {
    // Refused (not ours to trace) or gone. In our own pid namespace its root most likely is ours; the owner of each
    // file is checked anyway. In a nested one another process could carry that pid here: then no root at all.
    const rootPath = isNested ? `/proc/${pid}/root` : '';
    return { ownPid, trustedUids, rootPath, seenMs, close: () => {} };
  }
}
