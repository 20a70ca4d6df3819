/**
 * Resources that run out: fewer threads or smaller buffers, said with a number and a cure; never an empty profile
 * that looks whole.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { profileOf, recordCpu, recordCpuUnlocked, runCli } from '../helpers/cli.ts';
import { asNobody, installForEveryone, limited, mayActAsRoot } from '../helpers/gates.ts';
import { withSysctls } from '../helpers/sysctl.ts';
import { startFixture } from '../helpers/target.ts';
import { nodesNamed } from '../helpers/tree.ts';

test('64 open files, 50 threads: what is not followed is counted, shown and has a cure', async (t) => {
  const target = await startFixture(t, 'many_threads', [600, 50]);
  const launcher = limited({ openFiles: 64 });
  const profile = await recordCpu(target.pid, 6, ['-F', 199], { launcher });
  assert((profile.spans[0]?.samples ?? 0) > 0);
  const warning = profile.warnings.find((each) => each.code === 'threads-not-followed');
  assert.match(warning?.title ?? '', /^\d+ of 51 threads not followed/);
  assert.match(warning?.cure ?? '', /^ulimit -n \d+$/);
  const { cpuTimeNs, weightNs } = profile.accounting;
  assert(weightNs < cpuTimeNs * 0.95, 'the rest is not made up');
  const [missing] = nodesNamed(profile.tree, '[not sampled]');
  assert(missing !== undefined);
  const shown = weightNs + missing.totalNs;
  assert(Math.abs(shown - cpuTimeNs) < cpuTimeNs * 0.01, 'samples + [not sampled] = CPU clock');
});

test('enough open files: the same target has no such warning', async (t) => {
  const target = await startFixture(t, 'many_threads', [600, 50]);
  const launcher = limited({ openFiles: 4096 });
  const profile = await recordCpu(target.pid, 2, ['-F', 199], { launcher });
  assert.deepEqual(
    profile.warnings.filter((warning) => warning.code === 'threads-not-followed'),
    [],
  );
});

test('no descriptor left to open: one line, exit code 1 or 4, never an empty profile', async (t) => {
  const target = await startFixture(t, 'split', [600]);
  // Node itself needs about twenty.
  const run = await runCli(['record', target.pid, '-d', '1', '-f', 'json'], {
    launcher: limited({ openFiles: 24 }),
  });
  assert.notEqual(run.code, 0, 'no descriptors, no profile');
  assert.equal(run.stdout, '');
  assert.doesNotMatch(run.stderr, /^ +at /m);
});

test('64 KiB of locked memory as nobody: smaller buffers, said so, and a profile', async (t) => {
  if (!mayActAsRoot(t, 'sets kernel.perf_event_mlock_kb')) return;
  const program = installForEveryone(t);
  const target = await startFixture(t, 'split', [600], { launcher: asNobody() });
  const launcher = [...limited({ lockedBytes: 65_536 }), ...asNobody()];
  const settings = { 'kernel.perf_event_paranoid': 2, 'kernel.perf_event_mlock_kb': 68 };
  const profile = await withSysctls(settings, () =>
    recordCpuUnlocked(target.pid, 2, ['-e', 'cpu-clock', '-F', 199], { launcher, program }),
  );
  const warning = profile.warnings.find((each) => each.code === 'rings-reduced');
  assert.match(warning?.cure ?? '', /perf_event_mlock_kb=\d+/);
  assert((profile.spans[0]?.samples ?? 0) > 100);
});

test('a rate above the limit of the kernel: lowered, said so', async (t) => {
  if (!mayActAsRoot(t, 'sets kernel.perf_event_max_sample_rate')) return;
  const target = await startFixture(t, 'split', [600]);
  const run = await withSysctls({ 'kernel.perf_event_max_sample_rate': 500 }, () =>
    runCli(['record', target.pid, '-d', '1', '-F', '5000', '-f', 'json']),
  );
  const profile = profileOf(run);
  assert.equal(profile.frequencyHz, 500);
  const warning = profile.warnings.find((each) => each.code === 'rate-limited');
  assert.equal(warning?.title, '5000 Hz asked, 500 Hz runs');
});
