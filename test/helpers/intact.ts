/** Whether a target is as it was before it was profiled: nobody traces it, no timer of ours ticks, no memory grew. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';

/** Lines of /proc/PID/maps that are ours by name: the part that stays for the next attach, and a ring. */
export function ownMappings(pid: number): string[] {
  return readFileSync(`/proc/${pid}/maps`, 'utf8')
    .split('\n')
    .filter((line) => line.includes('/memfd:prof-tui'));
}

export function assertIntact(pid: number): void {
  assert.equal(/^TracerPid:\s+(\d+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1], '0');
  assert.equal(readFileSync(`/proc/${pid}/timers`, 'utf8'), '', 'no timer is left');
  assert(ownMappings(pid).length <= 1, `one mapping stays, no ring:\n${ownMappings(pid).join('\n')}`);
}
