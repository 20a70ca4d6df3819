/** What one thread of the target does right now, from /proc/PID/task/TID/stat (proc(5), field 3). */
import { readFileSync } from 'node:fs';

export type ThreadState = 'run' | 'sleep' | 'disk' | 'stopped' | 'traced' | 'zombie' | 'idle' | 'ended';

const byLetter: Readonly<Record<string, ThreadState>> = {
  R: 'run',
  S: 'sleep',
  D: 'disk',
  T: 'stopped',
  t: 'traced',
  Z: 'zombie',
  X: 'ended',
  I: 'idle',
};

/** @returns `ended` when there is no such thread any more; undefined for a letter no kernel is known to print */
export function readThreadState(pid: number, tid: number): ThreadState | undefined {
  try {
    // The name before it may hold anything, brackets too: the state follows the last one.
    const stat = readFileSync(`/proc/${pid}/task/${tid}/stat`, 'latin1');
    return byLetter[stat.slice(stat.lastIndexOf(')') + 2, stat.lastIndexOf(')') + 3)];
  } catch {
    return 'ended';
  }
}
