/**
 * Timers in the target, attached and detached many times: the target must not notice. Its system calls are counted by
 * itself, its memory and timers by the kernel.
 */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { buildDriver, drive, drivenBy, startDriver } from '../helpers/ctimer-driver.ts';
import { assertIntact, ownMappings, until } from '../helpers/intact.ts';
import { type FixtureTruth, startFixture } from '../helpers/target.ts';
import { livingCpuNs, waitForCpu } from '../helpers/truth.ts';

function assertUndisturbed({ counts }: FixtureTruth): void {
  assert((counts['calls'] ?? 0) > 1000, 'it did make system calls');
  // Samples cut no call short, stops can: each attach and each detach stops one thread for an instant, on a busy machine
  // perhaps a running one in the midst of a call. Under 100 of them a few calls of hundred thousands may tell.
  const { interrupted = 0, shortReads = 0, shortWrites = 0 } = counts;
  const disturbed = interrupted + shortReads + shortWrites;
  assert(
    disturbed <= 10,
    `${interrupted} interrupted, ${shortReads} short reads, ${shortWrites} short writes`,
  );
}

for (const perThread of [false, true]) {
  const kind = perThread ? 'a timer for each thread' : 'one process timer';
  test(`100 attaches and detaches with ${kind}: hardly a call is disturbed, nothing stays but one mapping`, async (t) => {
    const target = await startFixture(t, 'checker', [600]);
    await drive(t, target.pid, { ms: 5, rounds: 1, perThread });
    const before = ownMappings(target.pid);
    const driven = await drive(t, target.pid, { ms: 20, rounds: perThread ? 30 : 100, perThread });
    assert.equal(driven.refused, 0, driven.refusal);
    assert(driven.samples > 100, `${driven.samples} samples`);
    assert.equal(driven.withoutStack, 0);
    assertIntact(target.pid);
    assert.equal(ownMappings(target.pid).length, before.length, 'the mapping of round 1 is used again');
    assertUndisturbed(await target.finish());
  });
}

test('a timer for each thread: the weights are the CPU clock of the threads', async (t) => {
  const target = await startFixture(t, 'many_threads', [600, 8]);
  const before = livingCpuNs(target.pid);
  const driven = await drive(t, target.pid, { ms: 4000, rounds: 1, perThread: true });
  const used = livingCpuNs(target.pid) - before;
  assert.equal(driven.threads, 8);
  // The clock also ran while it was attached and detached.
  const share = driven.weightNs / used;
  assert(share > 0.8 && share <= 1.03, `${share}`);
});

/** Injectors that work for the driver, by their executable. */
function injectors(): number[] {
  const path = buildDriver().replace('ctimer_driver', 'prof_tui_injector');
  return readdirSync('/proc')
    .map(Number)
    .filter((pid) => {
      try {
        return pid > 0 && readlinkSync(`/proc/${pid}/exe`) === path;
      } catch {
        return false;
      }
    });
}

/** It may have ended since it was listed. */
function killIfThere(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    assert.equal((error as NodeJS.ErrnoException).code, 'ESRCH');
  }
}

test('SIGKILL of the profiler at 50 random moments: the target lives, undisturbed, and can be attached again', async (t) => {
  const target = await startFixture(t, 'checker', [600]);
  await drive(t, target.pid, { ms: 5, rounds: 1 });
  for (let i = 0; i < 50; i++) {
    const driver = startDriver(t, target.pid, { ms: 10, rounds: 1000 });
    await delay(Math.random() * 120);
    driver.kill('SIGKILL');
  }
  await until('the injectors have ended', () => injectors().length === 0);
  assertIntact(target.pid);
  const driven = await drive(t, target.pid, { ms: 500, rounds: 1 });
  assert.equal(driven.refused, 0, driven.refusal);
  assert(driven.samples > 10, `${driven.samples} samples`);
  assertUndisturbed(await target.finish());
});

test('SIGKILL of profiler and injector: the lease ends the timers, a new attach works', async (t) => {
  const target = await startFixture(t, 'split', [600]);
  const driver = startDriver(t, target.pid, { ms: 60_000, rounds: 1 });
  await until('it is attached', () => ownMappings(target.pid).length === 2);
  for (const pid of injectors()) process.kill(pid, 'SIGKILL');
  driver.kill('SIGKILL');
  await until('no timer is left', () => readFileSync(`/proc/${target.pid}/timers`, 'utf8') === '');
  const driven = await drive(t, target.pid, { ms: 500, rounds: 1 });
  assert.equal(driven.refused, 0, driven.refusal);
  assertIntact(target.pid);
});

test('SIGKILL of injectors at 30 random moments: the target lives', async (t) => {
  const target = await startFixture(t, 'checker', [600]);
  for (let i = 0; i < 30; i++) {
    const driver = startDriver(t, target.pid, { ms: 10, rounds: 1000 });
    await until('an injector runs', () => injectors().length > 0 || driver.exitCode !== null);
    await delay(Math.random() * 60);
    for (const pid of injectors()) killIfThere(pid);
    driver.kill('SIGKILL');
  }
  await waitForCpu(target.pid, 1e9);
  const truth = await target.finish();
  assert.equal(truth.fixture, 'checker');
});

test('a suspended profiler: its timers end with the lease, and begin again when it goes on', async (t) => {
  const target = await startFixture(t, 'split', [600]);
  const driver = startDriver(t, target.pid, { ms: 9000, rounds: 1 });
  const timers = (): string => readFileSync(`/proc/${target.pid}/timers`, 'utf8');
  await until('a timer ticks', () => timers() !== '');
  driver.kill('SIGSTOP');
  await until('the lease is over', () => timers() === '');
  driver.kill('SIGCONT');
  await until('a timer ticks again', () => timers() !== '');
  const driven = await drivenBy(driver);
  assert.equal(driven.failure, '');
  assertIntact(target.pid);
});

test('a second profiler is refused while the first lives, and takes nothing of it away', async (t) => {
  const target = await startFixture(t, 'split', [600]);
  const first = startDriver(t, target.pid, { ms: 60_000, rounds: 1 });
  await until('it is attached', () => ownMappings(target.pid).length === 2);
  const second = await drive(t, target.pid, { ms: 10, rounds: 1 });
  assert.equal(second.refusal, 'ctimer 16');
  await waitForCpu(target.pid, 0.5e9);
  assert.equal(ownMappings(target.pid).length, 2, 'the ring of the first');
  assert.notEqual(readFileSync(`/proc/${target.pid}/timers`, 'utf8'), '', 'the timer of the first');
  first.kill('SIGKILL');
  await until('the first has been taken back', () => ownMappings(target.pid).length === 1);
  const third = await drive(t, target.pid, { ms: 300, rounds: 1 });
  assert.equal(third.refused, 0, third.refusal);
});

for (const variant of ['static', 'noPie', 'stripped'] as const) {
  test(`a ${variant} program: attached, sampled, intact`, async (t) => {
    const target = await startFixture(t, 'reader', [600, 400], { variant });
    const driven = await drive(t, target.pid, { ms: 1000, rounds: 3 });
    assert.equal(driven.refused, 0, driven.refusal);
    assert(driven.samples > 30, `${driven.samples} samples`);
    assert(driven.kernelNs > 0.1 * driven.weightNs && driven.kernelNs < 0.9 * driven.weightNs);
    assertIntact(target.pid);
    assert.equal((await target.finish()).fixture, 'reader');
  });
}
