/** Functions of Go programs, with symbols and stripped of them: names, shares, roots, and which of them are Go's own. */
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { basename } from 'node:path';
import { test } from 'node:test';
import { startCapture, untilStatus } from '../helpers/capture.ts';
import { recordCpu } from '../helpers/cli.ts';
import { assertEightyTwenty } from '../helpers/eighty-twenty.ts';
import { buildGo } from '../helpers/go-target.ts';
import { hasTool } from '../helpers/tools.ts';
import { chainTo, nodesNamed, paths } from '../helpers/tree.ts';

for (const [kind, flags] of [
  ['with symbols', []],
  ['stripped', ['-ldflags=-s -w']],
] as const) {
  test(`Go, ${kind}: functions by name, shares as designed, goroutines from goexit on`, async (t) => {
    if (!hasTool(t, 'go', 'golang-go')) return;
    const target = spawn(buildGo('shares', flags), { stdio: ['ignore', 'pipe', 'inherit'] });
    t.after(() => target.kill('SIGKILL'));
    await once(target.stdout, 'data');
    const profile = await recordCpu(target.pid ?? 0, 3, ['-F', 499]);
    assertEightyTwenty(profile, 'main.eighty', 'main.twenty', 0.9);
    const { tree } = profile;
    const rooted = [...paths(tree)].filter(({ path }) =>
      path.some(({ name }) => /^runtime\.goexit/.test(name)),
    );
    for (const name of ['main.burn', 'main.spin']) {
      const working = rooted.filter(({ node }) => node.name === name);
      assert(
        working.length > 0 && working.every(({ path }) => /^runtime\.goexit/.test(path[1]?.name ?? '')),
        name,
      );
    }
    assert.equal(nodesNamed(tree, 'main.burn')[0]?.runtime, 'go');
  });
}

test('Go, stripped: its version is told', async (t) => {
  if (!hasTool(t, 'go', 'golang-go')) return;
  const target = spawn(buildGo('shares', ['-ldflags=-s -w']), { stdio: ['ignore', 'pipe', 'inherit'] });
  t.after(() => target.kill('SIGKILL'));
  await once(target.stdout, 'data');
  const session = await startCapture(t, target.pid ?? 0);
  const version = execFileSync('go', ['env', 'GOVERSION'], { encoding: 'utf8' }).trim().replace('go', 'Go ');
  await untilStatus(session, ({ runtime }) => runtime === version, version);
});

test('Go, stripped: what the compiler put into a function stands below it, each where it was written', async (t) => {
  if (!hasTool(t, 'go', 'golang-go')) return;
  const target = spawn(buildGo('inlined', ['-ldflags=-s -w']), { stdio: ['ignore', 'pipe', 'inherit'] });
  t.after(() => target.kill('SIGKILL'));
  await once(target.stdout, 'data');
  const { tree } = await recordCpu(target.pid ?? 0, 3, ['-F', 499]);
  const steps = nodesNamed(tree, 'main.(*counter).step');
  const stepNs = steps.reduce((sum, { selfNs }) => sum + selfNs, 0);
  assert(stepNs / tree.totalNs > 0.8, `${stepNs} of ${tree.totalNs}`);
  for (const chain of chainTo(tree, 'main.(*counter).step')) {
    assert.equal(
      chain,
      'runtime.goexit › runtime.main › main.main › main.loop › main.twice › main.(*counter).step',
    );
  }
  for (const { script, runtime } of steps) {
    assert.deepEqual([basename(script ?? ''), runtime], ['inlined.go', 'go']);
  }
  const [loop] = nodesNamed(tree, 'main.loop');
  assert.deepEqual([basename(loop?.script ?? ''), loop?.line], ['inlined.go', 21]);
});
