/** The kernel's part of a profile against what the kernel counts, for each way of telling the two modes apart. */
import assert from 'node:assert/strict';
import { type RecordedProfile, recordCpu } from './cli.ts';
import { selfShare } from './tree.ts';

/** Share (0..1) of system time as the kernel itself counts it, by ticks: good to 6 points over some seconds. */
export function tickShare({ accounting }: RecordedProfile): number {
  return accounting.systemTimeNs / accounting.cpuTimeNs;
}

/** The wrappers of libc through which the fixtures call. */
const wrappers = ['read', 'send', 'recv'];

/**
 * Share (0..1) of a target's CPU time on the way out of system calls. The kernel goes that way with interrupts off
 * (arch/x86/entry/entry_64.S); what expired meanwhile fires at the first instruction behind the call, so the ticks and
 * perf take it for user time of the wrapper. Timers in the target see that they stand behind a call: kernel time. One
 * per cent on one CPU, ten and more on another, by what is done there against speculation.
 */
export async function shareOfCallEnds(pid: number): Promise<number> {
  const { tree } = await recordCpu(pid, 3, ['-e', 'cpu-clock', '-F', 999]);
  return wrappers.reduce((sum, name) => sum + selfShare(tree, name), 0);
}

/** `seen` may lie between the two, and `allowed` beyond. */
export function assertBetween(
  seen: number,
  [least, most]: readonly [number, number],
  allowed: number,
  what: string,
): void {
  assert(
    seen >= least - allowed && seen <= most + allowed,
    `${what}: ${seen}, between ${least} and ${most}, allowed ${allowed}`,
  );
}
