/** A target that execs, forks, vforks or exits at any moment: the profile is that of what ran, the target unharmed. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { profileOf, recordJson, runCli, startCli, untilRecording } from '../helpers/cli.ts';
import { buildFixture } from '../helpers/fixtures.ts';
import { withSteadyMachine } from '../helpers/sysctl.ts';
import { startFixture } from '../helpers/target.ts';
import { chainTo, inclusiveShare } from '../helpers/tree.ts';
import { waitForCpu } from '../helpers/truth.ts';
import { ask, assertHonest, assertSampled, engines } from './engines.ts';

for (const engine of engines) {
  for (const [who, isThread] of [
    ['the main thread', 0],
    ['another thread', 1],
  ] as const) {
    test(`${engine}: exec by ${who}, four times a second: all time accounted, right names`, async (t) => {
      const target = await startFixture(t, 'execer', [600, 250, isThread]);
      // Not by the clocks of its living threads: they begin anew with each exec by another one.
      const profile = await recordJson(target.pid, [...ask(engine), '-F', 499, '-d', 4]);
      if (engine === 'ctimer') {
        // Timers in the target go with each program, and take a moment to come back: the gaps are shown.
        assertHonest(profile);
        assert(inclusiveShare(profile.tree, 'work_until_exec') > 0.2);
      } else {
        // Which thread called exec is told by the clocks alone: some milliseconds may be taken for another's.
        assertSampled(profile, engine, isThread * 0.05);
        assert(inclusiveShare(profile.tree, 'work_until_exec') > 0.75, 'named in every program');
      }
      const { counts } = await target.finish();
      assert((counts['execs'] ?? 0) >= 5, `${counts['execs']} execs`);
    });
  }

  test(`${engine}: attaching to a target that execs all the time`, async (t) => {
    const target = await startFixture(t, 'execer', [600, 15, 0]);
    for (let attach = 0; attach < 5; attach++) {
      const run = await runCli(['record', target.pid, ...ask(engine), '-d', '0.2', '-f', 'json', '-F', 499]);
      assertHonest(profileOf(run));
    }
    await target.finish();
  });

  test(`${engine}: a target that becomes another program: both are in the tree, the new one is named`, async (t) => {
    const split = buildFixture('split');
    const target = await startFixture(t, 'forker', [2, split, 600]);
    const profile = await withSteadyMachine(async () => {
      const cli = startCli(['record', target.pid, ...ask(engine), '-f', 'json', '-F', 499]);
      await untilRecording(cli);
      await waitForCpu(target.pid, 3e9);
      cli.child.kill('SIGINT');
      return profileOf(await cli.run);
    });
    assert.equal(profile.target.exe, split);
    assert.equal(profile.target.command, `${split} 600`);
    assert(inclusiveShare(profile.tree, 'serve_split') > 0.2);
    for (const chain of chainTo(profile.tree, 'leaf_seventy'))
      assert.match(chain, /main › serve_split › leaf_/);
    assert(profile.threads.some((thread) => thread.name === 'split'));
    assertHonest(profile);
  });

  test(`${engine}: forks, vforks and spawns go on unharmed while we attach and detach`, async (t) => {
    const target = await startFixture(t, 'forker', [600]);
    for (let attach = 0; attach < 4; attach++) {
      const run = await runCli(['record', target.pid, ...ask(engine), '-d', '0.3', '-f', 'json', '-F', 499]);
      assertHonest(profileOf(run));
    }
    const { counts } = await target.finish();
    assert.equal(counts['damaged'], 0);
    for (const kind of ['forks', 'vforks', 'spawns'])
      assert((counts[kind] ?? 0) > 3, `${kind} ${counts[kind]}`);
  });

  test(`${engine}: a target that exits at any moment: a whole file, or one line and 3`, async (t) => {
    for (let milliseconds = 100; milliseconds <= 500; milliseconds += 80) {
      const target = await startFixture(t, 'short', [60, milliseconds]);
      const run = await runCli(['record', target.pid, ...ask(engine), '-f', 'json', '-F', 499]);
      if (run.code === 0) {
        assertHonest(profileOf(run));
        continue;
      }
      assert.equal(run.code, 3, run.stderr);
      assert.match(run.stderr, /^prof-tui: [^\n]*(no such process|ended before|zombie)[^\n]*\n$/);
    }
  });
}
