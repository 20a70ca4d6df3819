/** A target that is stopped or frozen, before or during capture: it stays so, and what it does not use is not shown. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { profileOf, recordCpu, runCli, startCli, untilRecording } from '../helpers/cli.ts';
import { freezerFor } from '../helpers/freezer.ts';
import { mayActAsRoot } from '../helpers/gates.ts';
import { withSteadyMachine } from '../helpers/sysctl.ts';
import { type FixtureTarget, startFixture } from '../helpers/target.ts';
import { livingCpuNs, waitForCpu } from '../helpers/truth.ts';
import { ask, assertSampled, engines, nameOf, type TriedEngine } from './engines.ts';

function stateOf(pid: number): string | undefined {
  return /^State:\t(\w)/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1];
}

interface Brake {
  stop(): Promise<void> | void;
  go(): Promise<void> | void;
}

/** Records while the target works, stands and works again; what it is while it stands is looked at in between. */
async function recordOverAStand(target: FixtureTarget, engine: TriedEngine, brake: Brake): Promise<void> {
  const profile = await withSteadyMachine(async () => {
    const cli = startCli(['record', target.pid, ...ask(engine), '-f', 'json', '-F', 499]);
    await untilRecording(cli);
    await waitForCpu(target.pid, 1e9);
    await brake.stop();
    const stoppedAtNs = livingCpuNs(target.pid);
    await delay(700);
    assert.equal(livingCpuNs(target.pid), stoppedAtNs, 'it stands while we watch it');
    await brake.go();
    await waitForCpu(target.pid, 1e9);
    cli.child.kill('SIGINT');
    return profileOf(await cli.run);
  });
  assertSampled(profile, engine);
}

/** Recorded while it stands: no time, no sample, and it stands as before. */
async function recordStanding(pid: number, engine: TriedEngine): Promise<void> {
  const before = livingCpuNs(pid);
  const run = await runCli(['record', pid, ...ask(engine), '-d', '0.5', '-f', 'json']);
  const profile = profileOf(run);
  assert.equal(profile.spans[0]?.engine, nameOf(engine));
  assert.equal(profile.spans[0]?.samples, 0);
  assert.equal(profile.accounting.cpuTimeNs, 0);
  assert.equal(livingCpuNs(pid), before, 'not one instruction of it has run');
}

for (const engine of engines) {
  test(`${engine}: stopped by SIGSTOP before: no samples, still stopped; then recorded as any other`, async (t) => {
    const target = await startFixture(t, 'split', [600]);
    process.kill(target.pid, 'SIGSTOP');
    while (stateOf(target.pid) !== 'T') await delay(5);
    await recordStanding(target.pid, engine);
    assert.equal(stateOf(target.pid), 'T');
    process.kill(target.pid, 'SIGCONT');
    assertSampled(await recordCpu(target.pid, 1.5, [...ask(engine), '-F', 499]), engine);
  });

  test(`${engine}: stopped by SIGSTOP during capture: it stays stopped until it is continued`, async (t) => {
    const target = await startFixture(t, 'split', [600]);
    await recordOverAStand(target, engine, {
      async stop() {
        process.kill(target.pid, 'SIGSTOP');
        while (stateOf(target.pid) !== 'T') await delay(5);
      },
      go: () => void process.kill(target.pid, 'SIGCONT'),
    });
  });

  test(`${engine}: a target that stops itself again and again is never continued by us`, async (t) => {
    const target = await startFixture(t, 'stopper', [600, 150]);
    assertSampled(await recordCpu(target.pid, 2, [...ask(engine), '-F', 499]), engine);
    const { counts } = await target.finish();
    assert((counts['stops'] ?? 0) > 3, `${counts['stops']} stops`);
  });

  test(`${engine}: frozen before: no samples, still frozen; frozen during capture: nothing is lost`, async (t) => {
    if (!mayActAsRoot(t, 'makes a cgroup')) return;
    const target = await startFixture(t, 'split', [600]);
    const freezer = freezerFor(t, target.pid);
    if (freezer === undefined) return;
    await freezer.freeze();
    await recordStanding(target.pid, engine);
    await freezer.thaw();
    await recordOverAStand(target, engine, { stop: freezer.freeze, go: freezer.thaw });
  });
}
