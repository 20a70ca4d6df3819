/** What /proc tells of a process and its children between two looks. */
import { readdirSync, readFileSync } from 'node:fs';
import type { ProcessStat } from './target.ts';
import { readThreadState } from './thread-state.ts';

const tickNs = 1e7; // clock ticks are 100 a second in /proc

/** Children of all its threads; none when it is gone. */
export function readChildren(pid: number): number[] {
  return threadsOf(pid).flatMap((tid) => {
    try {
      const text = readFileSync(`/proc/${pid}/task/${tid}/children`, 'latin1');
      return text.split(' ').filter(Boolean).map(Number);
    } catch {
      return [];
    }
  });
}

/** Whether this kernel lists children at all (CONFIG_PROC_CHILDREN). */
export function listsChildren(): boolean {
  try {
    readFileSync(`/proc/self/task/${process.pid}/children`, 'latin1');
    return true;
  } catch {
    return false;
  }
}

/**
 * Whether a new child may still run in its parent's memory: a thread that waits for the exec of its vfork sleeps as
 * for a disk (wait_for_vfork_done, kernel/fork.c).
 */
export function mayShareMemory(parent: number): boolean {
  return threadsOf(parent).some((tid) => readThreadState(parent, tid) === 'disk');
}

/** CPU time since it began: to the tick, and of a young process, which has one thread, better. */
export function ownClockNs(pid: number, { userTicks, systemTicks }: ProcessStat): number {
  return Math.max((userTicks + systemTicks) * tickNs, mainThreadNs(pid));
}

/** CPU time of children that were waited for. */
export function waitedNs({ waitedTicks }: ProcessStat): number {
  return waitedTicks * tickNs;
}

function mainThreadNs(pid: number): number {
  try {
    return Number(readFileSync(`/proc/${pid}/schedstat`, 'latin1').split(' ')[0]);
  } catch {
    return 0;
  }
}

function threadsOf(pid: number): number[] {
  try {
    return readdirSync(`/proc/${pid}/task`).map(Number);
  } catch {
    return [];
  }
}
