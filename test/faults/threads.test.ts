/** Many threads, threads that come and go by the thousand, and more threads than there are descriptors. */
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { test } from 'node:test';
import { profileOf, recordCpu, recordJson, runCli } from '../helpers/cli.ts';
import { limited } from '../helpers/gates.ts';
import { startFixture } from '../helpers/target.ts';
import { inclusiveShare } from '../helpers/tree.ts';
import { ask, assertHonest, assertSampled, engines, isTimed } from './engines.ts';

for (const engine of engines) {
  test(`${engine}: 1,000 threads of which three work: all followed, all time accounted`, async (t) => {
    const target = await startFixture(t, 'many_threads', [600, 1000, 3]);
    assert.equal(readdirSync(`/proc/${target.pid}/task`).length, 1001);
    const launcher = limited({ openFiles: 8192 });
    const profile = await recordJson(target.pid, [...ask(engine), '-F', 199, '-d', 5], { launcher });
    // The clocks of so many threads are read one after the other, while three of them run on.
    assertSampled(profile, engine, 0.05);
    assert.deepEqual(
      profile.warnings.filter(({ code }) => code === 'threads-not-followed'),
      [],
    );
    const busy = profile.threads.filter(({ weightNs }) => weightNs > profile.tree.totalNs / 10);
    assert.deepEqual(busy.map(({ name }) => name).sort(), ['w-000', 'w-001', 'w-002']);
  });

  test(`${engine}: 10,000 thread starts a minute: what samples carry is true, the rest is shown`, async (t) => {
    // 3 ms of CPU time each, a new one every 5 ms: 12,000 a minute where the machine is free.
    const target = await startFixture(t, 'churn', [600, 0, 3000, 5000]);
    const profile = await recordJson(target.pid, [...ask(engine), '-F', 997, '-d', 3]);
    assertHonest(profile);
    // A timer on CPU time fires on ticks, and many a thread lives for less than one.
    const least = isTimed(engine) ? 0.05 : 0.2;
    const seen = inclusiveShare(profile.tree, 'short_life');
    assert(seen > least, `${seen} of the time is seen`);
    const { counts } = await target.finish();
    assert((counts['threads'] ?? 0) > 100, `${counts['threads']} threads`);
  });

  test(`${engine}: threads that die between listing and opening: every attach works`, async (t) => {
    const target = await startFixture(t, 'churn', [600, 0, 200, 300]);
    for (let attach = 0; attach < 5; attach++) {
      const run = await runCli(['record', target.pid, ...ask(engine), '-d', '0.2', '-f', 'json', '-F', 499]);
      assertHonest(profileOf(run));
    }
    const { counts } = await target.finish();
    assert((counts['threads'] ?? 0) > 500, `${counts['threads']} threads`);
  });
}

test('snapshots, 96 open files, 200 threads: what is not followed is counted, shown and has a cure', async (t) => {
  const target = await startFixture(t, 'many_threads', [600, 200, 40]);
  const launcher = limited({ openFiles: 96 });
  const profile = await recordCpu(target.pid, 4, [...ask('snapshots'), '-F', 199], { launcher });
  assert.equal(profile.spans[0]?.engine, 'ctimer');
  const warning = profile.warnings.find(({ code }) => code === 'threads-not-followed');
  const [, refused] = /^(\d+) of 201 threads not followed/.exec(warning?.title ?? '') ?? [];
  assert(Number(refused) > 100, warning?.title);
  assert.match(warning?.cure ?? '', /^ulimit -n \d+$/);
  assertHonest(profile);
  assert(profile.accounting.accounted < 0.9, 'the rest is not made up');
});
