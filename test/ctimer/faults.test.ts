/**
 * Timers in the target where the target or the machine does not play along: each is refused with its reason or
 * survived, and the target is never the worse for it.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { drive, drivenBy, startDriver } from '../helpers/ctimer-driver.ts';
import { buildFixture } from '../helpers/fixtures.ts';
import { mayActAsRoot, type RefusedCall, refusing } from '../helpers/gates.ts';
import { assertIntact, isAttached, ownMappings, until } from '../helpers/intact.ts';
import { startFixture } from '../helpers/target.ts';
import { waitForCpu } from '../helpers/truth.ts';

const brief = { ms: 50, rounds: 1 };

const filters: readonly (readonly ['EPERM' | 'kill', RefusedCall])[] = [
  ['EPERM', 'memfd_create'],
  ['EPERM', 'timer_create'],
  ['EPERM', 'timer_settime'],
  ['EPERM', 'rt_sigaction'],
  ['kill', 'memfd_create'],
  ['kill', 'timer_create'],
  ['kill', 'timer_settime'],
];
for (const [error, call] of filters) {
  test(`target and profiler under one filter that refuses ${call} (${error}): the rehearsal finds out`, async (t) => {
    const launcher = refusing(error, call);
    const target = await startFixture(t, 'split', [600], { launcher });
    const driven = await drive(t, target.pid, { ...brief, launcher });
    assert.equal(driven.refusal, 'seccomp 13');
    assert.deepEqual(ownMappings(target.pid), []);
    assertIntact(target.pid);
    await waitForCpu(target.pid, 1e8);
  });
}

for (const [error, call] of [
  ['kill', 'memfd_create'],
  ['kill', 'timer_create'],
  ['EPERM', 'rt_sigaction'],
  ['EPERM', 'mmap_exec'],
] as const) {
  test(`a target under a filter of its own (${error} for ${call}): refused before anything is tried`, async (t) => {
    // Static: a loader would need executable memory itself.
    const options = { variant: 'static', launcher: refusing(error, call) } as const;
    const target = await startFixture(t, 'split', [600], options);
    const driven = await drive(t, target.pid, brief);
    assert.equal(driven.refusal, 'seccomp 13');
    assert.deepEqual(ownMappings(target.pid), []);
    await waitForCpu(target.pid, 1e8);
  });
}

test('one filter that refuses nothing we need: rehearsed, and attached', async (t) => {
  const launcher = refusing('EPERM', 'perf_event_open');
  const target = await startFixture(t, 'split', [600], { launcher });
  const driven = await drive(t, target.pid, { ms: 500, rounds: 2, launcher });
  assert.equal(driven.refused, 0, driven.refusal);
  assert(driven.samples > 10, `${driven.samples} samples`);
  assertIntact(target.pid);
});

test('fork, vfork and posix_spawn while it is sampled, attached and detached: no child is harmed', async (t) => {
  const target = await startFixture(t, 'forker', [600]);
  const driven = await drive(t, target.pid, { ms: 40, rounds: 40 });
  assert.equal(driven.refused, 0, driven.refusal);
  const { counts } = await target.finish();
  assert((counts['forks'] ?? 0) > 10 && (counts['spawns'] ?? 0) > 10);
  assert.equal(counts['damaged'], 0);
});

test('the target execs another program: the engine says so, the new program runs to its end', async (t) => {
  const target = await startFixture(t, 'forker', [6, buildFixture('split'), 4]);
  const driver = startDriver(t, target.pid, { ms: 9000, rounds: 1 });
  const driven = await drivenBy(driver);
  assert.equal(driven.failure, 'exec');
  assert.equal(driven.execs, 1);
  assert.equal((await target.ended()).fixture, 'split');
});

test('all signals are taken: the last one is borrowed and given back', async (t) => {
  const target = await startFixture(t, 'catcher', [600]);
  const driven = await drive(t, target.pid, { ms: 500, rounds: 3 });
  assert.equal(driven.refused, 0, driven.refusal);
  assert(driven.samples > 10, `${driven.samples} samples`);
  const { counts } = await target.finish();
  assert.equal(counts['caught'], 0, 'our timers reached only our handler');
});

test('a stack nearly full, with an alternate one: sampled', async (t) => {
  const target = await startFixture(t, 'tight', [600, 1]);
  const driven = await drive(t, target.pid, { ms: 2000, rounds: 2 });
  assert.equal(driven.refused, 0, driven.refusal);
  assert.equal(driven.threads, 2);
  assert.equal((await target.finish()).fixture, 'tight');
});

test('a stack nearly full, with none: refused', async (t) => {
  const target = await startFixture(t, 'tight', [600, 0]);
  const driven = await drive(t, target.pid, brief);
  assert.equal(driven.refusal, 'stack 28');
  assert.equal((await target.finish()).fixture, 'tight');
});

test('a stopped target is refused and stays stopped; when it goes on it can be attached', async (t) => {
  const target = await startFixture(t, 'split', [600]);
  process.kill(target.pid, 'SIGSTOP');
  const stopped = await drive(t, target.pid, brief);
  assert.equal(stopped.refusal, 'stopped 11');
  process.kill(target.pid, 'SIGCONT');
  const driven = await drive(t, target.pid, { ms: 300, rounds: 1 });
  assert.equal(driven.refused, 0, driven.refusal);
});

test('a target that is stopped and goes on all the time: every round ends, it lives', async (t) => {
  const target = await startFixture(t, 'split', [600]);
  const driver = startDriver(t, target.pid, { ms: 10, rounds: 20 });
  const driven = drivenBy(driver);
  while (driver.exitCode === null) {
    process.kill(target.pid, 'SIGSTOP');
    await delay(3 + Math.random() * 10);
    process.kill(target.pid, 'SIGCONT');
    await delay(3 + Math.random() * 20);
  }
  assert.equal((await driven).rounds, 20);
  const after = await drive(t, target.pid, { ms: 300, rounds: 1 });
  assert.equal(after.refused, 0, after.refusal);
  assertIntact(target.pid);
  assert.equal((await target.finish()).fixture, 'split');
});

test('a signal that comes while a sleeping thread works for us still ends its call', async (t) => {
  const target = await startFixture(t, 'woken', [600]);
  const driven = await drive(t, target.pid, { ms: 5, rounds: 60 });
  assert.equal(driven.refused, 0, driven.refusal);
  const { counts } = await target.finish();
  assert((counts['woken'] ?? 0) > 50, `${counts['woken']} rounds`);
  // The last one waits for a sender that has ended.
  assert((counts['missed'] ?? 0) <= 1, `${counts['missed']} missed`);
});

test('a program whose own timer blocks ours: no sample goes astray to a thread that sleeps', async (t) => {
  const target = await startFixture(t, 'masking', [600]);
  const driven = await drive(t, target.pid, { ms: 2000, rounds: 1 });
  assert.equal(driven.refused, 0, driven.refusal);
  assert(driven.samples > 50, `${driven.samples} samples`);
  assert.deepEqual(driven.tids, [target.pid]);
  const { counts } = await target.finish();
  assert((counts['handled'] ?? 0) > 50, `${counts['handled']} handled`);
  // An attach or a detach may have stopped it.
  assert((counts['interrupted'] ?? 0) <= 2, `${counts['interrupted']} interrupted`);
});

test('a target that is stopped when the profiler ends: all is taken back once it goes on', async (t) => {
  const target = await startFixture(t, 'split', [600]);
  const driver = startDriver(t, target.pid, { ms: 1500, rounds: 1 });
  await until('it is attached', () => isAttached(target.pid));
  process.kill(target.pid, 'SIGSTOP');
  await drivenBy(driver);
  assert.equal(ownMappings(target.pid).length, 2, 'nothing can be taken from a stopped target');
  process.kill(target.pid, 'SIGCONT');
  await until('ring and timer are gone', () => ownMappings(target.pid).length === 1);
  assertIntact(target.pid);
});

for (const [name, launcher] of [
  ['pid namespace', ['unshare', '-pf']],
  ['time namespace', ['unshare', '-Tf', '--monotonic', '100000']],
] as const) {
  test(`a target in another ${name}: sampled, its threads known by our ids`, async (t) => {
    if (!mayActAsRoot(t, 'makes a namespace')) return;
    const target = await startFixture(t, 'split', [600], { launcher });
    const driven = await drive(t, target.pid, { ms: 500, rounds: 2 });
    assert.equal(driven.refused, 0, driven.refusal);
    assert(driven.samples > 5, `${driven.samples} samples`);
    assert.deepEqual(driven.tids, [target.pid]);
    assertIntact(target.pid);
  });
}

test('threads that come and go by the dozen: attached and detached, every one lives', async (t) => {
  const target = await startFixture(t, 'churn', [600, 1]);
  const driven = await drive(t, target.pid, { ms: 40, rounds: 30 });
  assert.equal(driven.refused, 0, driven.refusal);
  assertIntact(target.pid);
  assert((await target.finish()).counts['threads'] ?? 0 > 10);
});
