/** What must hold of any recording of wall time: each thread adds up to the time that passed. */
import assert from 'node:assert/strict';
import type { CliOptions } from './cli.ts';
import { type RecordedProfile, type RecordedSpan, recordJson } from './cli.ts';
import { inclusiveNs } from './tree.ts';

export function recordWall(
  pid: number,
  seconds: number,
  args: readonly (string | number)[] = [],
  options: CliOptions = {},
): Promise<RecordedProfile> {
  return recordJson(pid, ['-e', 'wall', '-d', seconds, ...args], options);
}

export function wallSpan(profile: RecordedProfile): RecordedSpan {
  assert.equal(profile.spans.length, 1);
  const [span] = profile.spans;
  assert(span !== undefined);
  assert.equal(span.engine, 'wall');
  assert.equal(span.mechanism, 'snapshots of all threads');
  assert.equal(span.unit, 'wall');
  return span;
}

/** How long the engine ran. */
export function passedNs(profile: RecordedProfile): number {
  const { startNs, endNs } = wallSpan(profile);
  return endNs - startNs;
}

/** Each of `count` threads that were there all the time carries all the time, and so does their sum. */
export function assertAllTimeIsThere(profile: RecordedProfile, count: number): void {
  const passed = passedNs(profile);
  assert.equal(profile.threads.length, count, profile.threads.map(({ name }) => name).join());
  // The last look may be a moment before the end on a machine that others use.
  for (const { name, weightNs } of profile.threads) {
    assert(weightNs > passed * 0.97 && weightNs < passed * 1.01, `${name}: ${weightNs} of ${passed} ns`);
  }
  const covered = profile.tree.totalNs / (count * passed);
  assert(covered > 0.98 && covered < 1.01, `${covered} of threads × time`);
  assert.equal(wallSpan(profile).weightNs, profile.tree.totalNs);
  // CPU time and wall time are never summed.
  assert.deepEqual([profile.accounting.weightNs, profile.accounting.accounted], [0, null]);
}

/** Share (0..1) of the time under a function that is in this state and call. */
export function shareBlocked(profile: RecordedProfile, under: string, label: string): number {
  return blockedNs(profile, under, label) / inclusiveNs(profile.tree, under);
}

function blockedNs({ tree }: RecordedProfile, under: string, label: string): number {
  let sum = 0;
  const todo = [{ node: tree, isUnder: false }];
  for (let next = todo.pop(); next !== undefined; next = todo.pop()) {
    const isUnder = next.isUnder || next.node.name === under;
    if (isUnder && next.node.name === label) sum += next.node.selfNs;
    for (const node of next.node.children) todo.push({ node, isUnder });
  }
  return sum;
}
