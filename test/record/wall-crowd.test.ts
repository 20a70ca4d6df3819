/** A thousand sleepers: what looking at them costs, and that other limits are told. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { profileOf, startCli, untilRecording } from '../helpers/cli.ts';
import { limited } from '../helpers/gates.ts';
import { withSteadyMachine } from '../helpers/sysctl.ts';
import { startFixture } from '../helpers/target.ts';
import { inclusiveNs } from '../helpers/tree.ts';
import { livingCpuNs, threadCpuNs } from '../helpers/truth.ts';
import { assertAllTimeIsThere, passedNs, recordWall } from '../helpers/wall.ts';

const threads = 1000;
const seconds = 5;

/** CPU time of the profiler per thread and look, after its start; the profile. */
async function costOfALook(t: TestContext, isBusy: 0 | 1) {
  const target = await startFixture(t, 'crowd', [600, threads, isBusy]);
  const cli = startCli(['record', target.pid, '-e', 'wall', '-f', 'json']);
  await untilRecording(cli);
  await delay(500);
  const before = livingCpuNs(cli.child.pid ?? 0);
  await delay(seconds * 1000);
  const used = livingCpuNs(cli.child.pid ?? 0) - before;
  const read = costOfReading(target.pid);
  cli.child.kill('SIGINT');
  const profile = profileOf(await cli.run);
  const looks = (profile.spans[0]?.samples ?? 0) * ((seconds * 1e9) / passedNs(profile));
  await target.finish();
  return { profile, used, cost: used / looks, read };
}

/** CPU time of reading once, from here, where each thread sleeps: a look that does so costs more than this. */
function costOfReading(pid: number): number {
  const tids = [...threadCpuNs(pid).keys()];
  const before = process.cpuUsage();
  for (const tid of tids) {
    readFileSync(`/proc/${pid}/task/${tid}/syscall`);
    readFileSync(`/proc/${pid}/task/${tid}/stat`);
  }
  const { user, system } = process.cpuUsage(before);
  return ((user + system) * 1000) / tids.length;
}

for (const [isBusy, what] of [
  [0, 'all asleep'],
  [1, 'one computing'],
] as const) {
  test(`1,000 threads, ${what}: a look at a sleeper costs far less than reading where it sleeps`, async (t) => {
    const { profile, used, cost, read } = await withSteadyMachine(() => costOfALook(t, isBusy));
    const share = ((used / 1e9 / seconds) * 100).toFixed(1);
    t.diagnostic(
      `profiler ${share}% of a CPU, ${cost.toFixed(0)} ns per thread and look; a reading ${read.toFixed(0)} ns`,
    );
    assertAllTimeIsThere(profile, threads + 1);
    const asleep = inclusiveNs(profile.tree, 'wait_in_crowd') / passedNs(profile) / threads;
    assert(asleep > 0.97, `sleepers are seen ${asleep} of the time`);
    assert(cost < read / 8, `${cost} ns a look, ${read} ns a reading`);
  });
}

test('more threads than descriptors: those that are left out are told', async (t) => {
  const target = await startFixture(t, 'crowd', [600, 300, 0]);
  const profile = await recordWall(target.pid, 2, [], { launcher: limited({ openFiles: 256 }) });
  const warning = profile.warnings.find(({ code }) => code === 'threads-not-followed');
  assert(warning !== undefined, profile.warnings.map(({ title }) => title).join('\n'));
  const followed = profile.threads.length;
  assert(followed > 50 && followed < 300, `${followed} threads`);
});
