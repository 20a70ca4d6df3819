/** What changes in a target while it is watched: code that it loads, names of its threads. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { recordCpu } from '../helpers/cli.ts';
import { buildFixture } from '../helpers/fixtures.ts';
import { startFixture } from '../helpers/target.ts';
import { chainTo, inclusiveShare } from '../helpers/tree.ts';
import { ask, assertSampled, engines } from './engines.ts';

for (const engine of engines) {
  test(`${engine}: code loaded by dlopen during capture has its names and callers`, async (t) => {
    const plugin = buildFixture('plugin', 'sharedObject');
    const target = await startFixture(t, 'dlopener', [600, plugin, 2500]);
    const profile = await recordCpu(target.pid, 4, [...ask(engine), '-F', 499]);
    assertSampled(profile, engine);
    assert(inclusiveShare(profile.tree, 'plugin_work') > 0.1);
    for (const chain of chainTo(profile.tree, 'plugin_work')) {
      assert.match(chain, /main › call_plugin › plugin_work$/);
    }
  });

  test(`${engine}: a thread that takes another name goes on under that`, async (t) => {
    const target = await startFixture(t, 'renamer', [600, 2500]);
    const profile = await recordCpu(target.pid, 4, [...ask(engine), '-F', 499]);
    assert.deepEqual(
      profile.threads.map(({ name }) => name),
      ['after'],
    );
    assertSampled(profile, engine);
  });
}
