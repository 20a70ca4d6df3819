/** Programs that run already and nobody prepared: what the first second of capture shows of them. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { recordJson } from '../helpers/cli.ts';
import { refusing } from '../helpers/gates.ts';
import { functionsIn, startNode } from '../helpers/node-target.ts';
import { startFixture } from '../helpers/target.ts';
import { inclusiveShare } from '../helpers/tree.ts';
import { waitForCpu } from '../helpers/truth.ts';

for (const [perf, launcher, engine] of [
  ['allowed', [], 'cpu'],
  ['refused', refusing('EPERM', 'perf_event_open'), 'ctimer'],
] as const) {
  test(`a server under load, perf ${perf}: its hot function by file and line in the first second`, async (t) => {
    const target = await startNode(t, 'server.cjs');
    await waitForCpu(target.pid, 1e9);
    const profile = await recordJson(target.pid, ['-d', 1], { launcher });
    assert.deepEqual([...new Set(profile.spans.map((span) => span.engine))], [engine]);
    const hot = [...functionsIn('server.cjs')].filter((name) => /^(handle|renderPage) /.test(name));
    const shares = hot.map((name) => inclusiveShare(profile.tree, name));
    assert(
      shares.some((share) => share > 0.02),
      `${hot} have ${shares} of the time`,
    );
    await target.finish();
    const { errors } = JSON.parse(target.lines.at(-1) ?? '') as { errors: number };
    assert.equal(errors, 0);
  });
}

for (const [what, start] of [
  ['Node.js, whose tables are large', (t) => startNode(t, 'shares.cjs', ['main'])],
  ['tables that cannot be searched', (t) => startFixture(t, 'deep', [20], { variant: 'noSearchTable' })],
] as const satisfies [string, (t: TestContext) => Promise<{ readonly pid: number }>][]) {
  test(`the first stacks, while unwind tables are being built: whole (${what})`, async (t) => {
    const { pid } = await start(t);
    await waitForCpu(pid, 1e9);
    for (let again = 0; again < 5; again++) {
      const profile = await recordJson(pid, ['-d', 0.2]);
      assert(profile.spans.some(({ samples }) => samples > 0));
      assert.deepEqual(
        profile.spans.map(({ truncated }) => truncated),
        [0],
      );
    }
  });
}
