/** Whether a target is as it was before it was profiled: nobody traces it, no timer of ours ticks, no memory grew. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';

/** Lines of /proc/PID/maps that are ours by name: the part that stays for the next attach, and a ring. */
export function ownMappings(pid: number): string[] {
  return readFileSync(`/proc/${pid}/maps`, 'utf8')
    .split('\n')
    .filter((line) => line.includes('/memfd:prof-tui'));
}

/** An attach is over: timers tick, and the thread that made them is its own again. */
export function isAttached(pid: number): boolean {
  const isTraced = !/^TracerPid:\s+0$/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  return !isTraced && ownMappings(pid).length === 2 && readFileSync(`/proc/${pid}/timers`, 'utf8') !== '';
}

export function assertIntact(pid: number): void {
  assert.equal(/^TracerPid:\s+(\d+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1], '0');
  assert.equal(readFileSync(`/proc/${pid}/timers`, 'utf8'), '', 'no timer is left');
  assert(ownMappings(pid).length <= 1, `one mapping stays, no ring:\n${ownMappings(pid).join('\n')}`);
}

/** Waits for what a target or an injector does by itself; half a minute at most. */
export async function until(what: string, holds: () => boolean): Promise<void> {
  const deadline = Date.now() + 30_000;
  while (!holds()) {
    if (Date.now() > deadline) throw new Error(`not within 30 s: ${what}`);
    await delay(10);
  }
}
