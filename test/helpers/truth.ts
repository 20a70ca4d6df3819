/**
 * What the kernel itself says about a target's CPU time, and how far a share may be from its truth.
 * Never wall time: on a busy machine seconds are not CPU.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';

/** CPU time of each living thread in ns: schedstat field 1, readable by any user (kernel: proc_pid_schedstat). */
export function threadCpuNs(pid: number): Map<number, number> {
  const times = new Map<number, number>();
  for (const tid of readdirSync(`/proc/${pid}/task`)) {
    try {
      const [cpuNs] = readFileSync(`/proc/${pid}/task/${tid}/schedstat`, 'utf8').split(' ');
      times.set(Number(tid), Number(cpuNs));
    } catch {
      // The thread ended between the listing and the read.
    }
  }
  return times;
}

/** Sum over the living threads, ns; threads that ended are not in it. */
export function livingCpuNs(pid: number): number {
  return [...threadCpuNs(pid).values()].reduce((sum, cpuNs) => sum + cpuNs, 0);
}

export interface ProcessTimes {
  readonly userNs: number;
  readonly systemNs: number;
}

/** User and system time of the whole process, ended threads included; steps of 10 ms (USER_HZ is 100). */
export function processTimes(pid: number): ProcessTimes {
  const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // The command name may hold spaces and parentheses: fields are counted after the last one. proc(5).
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const ticksToNs = (field: string | undefined) => Number(field) * 10_000_000;
  return { userNs: ticksToNs(fields[11]), systemNs: ticksToNs(fields[12]) };
}

/** Waits until the process has used `cpuNs` more; throws after ten times as much wall time. */
export async function waitForCpu(pid: number, cpuNs: number): Promise<void> {
  const goalNs = livingCpuNs(pid) + cpuNs;
  const deadline = Date.now() + cpuNs / 1e5 + 1000;
  while (livingCpuNs(pid) < goalNs) {
    if (Date.now() > deadline) throw new Error(`pid ${pid} did not use ${cpuNs / 1e9} s of CPU in time`);
    await delay(20);
  }
}

/**
 * How far a measured share may be from `share` (0..1) with n independent samples: two points, or four standard
 * errors of a proportion when that is more.
 */
export function tolerance(share: number, n: number): number {
  return Math.max(0.02, 4 * Math.sqrt((share * (1 - share)) / n));
}
