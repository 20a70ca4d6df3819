/** Root of a user namespace looks like root and has no right outside: what runs there, and what is refused. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { recordCpuUnlocked, runCli } from '../helpers/cli.ts';
import { inUserNamespace, mayActAsRoot } from '../helpers/gates.ts';
import { assertBetween, shareOfCallEnds, tickShare } from '../helpers/kernel-share.ts';
import { withSysctls } from '../helpers/sysctl.ts';
import { type FixtureTarget, startFixture } from '../helpers/target.ts';
import { inclusiveShare } from '../helpers/tree.ts';

/** The words that put a command beside a target, into its namespace. */
function beside({ pid }: FixtureTarget): string[] {
  return ['nsenter', `--user=/proc/${pid}/ns/user`, '--preserve-credentials', '--'];
}

for (const [paranoid, engine, kernelPart] of [
  [2, 'ctimer', 'not-seen'],
  [1, 'cpu', 'unresolved'],
] as const) {
  test(`in the target's user namespace, paranoid ${paranoid}: ${engine}, all CPU time, kernel time marked`, async (t) => {
    if (!mayActAsRoot(t, 'sets kernel.perf_event_paranoid')) return;
    const target = await startFixture(t, 'reader', [600, 400], { launcher: inUserNamespace() });
    const settings = { 'kernel.perf_event_paranoid': paranoid, 'kernel.kptr_restrict': 1 };
    const profile = await withSysctls(settings, () =>
      recordCpuUnlocked(target.pid, 4, ['-F', 199], { launcher: beside(target) }),
    );
    assert.equal(profile.spans[0]?.engine, engine);
    assert.equal(profile.spans[0]?.kernelPart, kernelPart);
    const { accounted } = profile.accounting;
    assert(accounted >= 0.97 && accounted <= 1.03, `accounted ${accounted}`);
    const [marked, ticks] = [inclusiveShare(profile.tree, '[kernel: no symbols]'), tickShare(profile)];
    const most = engine === 'ctimer' ? ticks + (await shareOfCallEnds(target.pid)) : ticks;
    assertBetween(marked, [ticks, most], 0.06, 'marked, and by ticks');
  });
}

test('from a user namespace, the target outside: 4, and where to run it instead', async (t) => {
  if (!mayActAsRoot(t, 'makes a user namespace')) return;
  const target = await startFixture(t, 'split', [60]);
  const run = await runCli(['record', target.pid, '-d', '1'], { launcher: inUserNamespace() });
  assert.equal(run.code, 4, run.stderr);
  assert.match(run.stderr, /^prof-tui: not permitted .*outside this user namespace; cure: .*on the host/);
  assert.equal(run.stdout, '');
});
