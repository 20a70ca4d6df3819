/**
 * Each permission tier, forced: what runs, what it says it cannot see, and that the time it cannot see is there.
 * Settings of the kernel are set, never assumed.
 */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { test } from 'node:test';
import {
  type CliOptions,
  profileOf,
  type RecordedProfile,
  recordCpu,
  recordCpuUnlocked,
  runCli,
  startCli,
  untilRecording,
} from '../helpers/cli.ts';
import { asNobody, installForEveryone, mayActAsRoot, refusing } from '../helpers/gates.ts';
import { assertBetween, shareOfCallEnds, tickShare } from '../helpers/kernel-share.ts';
import { withSysctls } from '../helpers/sysctl.ts';
import { startFixture } from '../helpers/target.ts';
import {
  calledNs,
  inclusiveNs,
  inclusiveShare,
  kernelShare,
  nodesNamed,
  paths,
  selfShare,
} from '../helpers/tree.ts';
import { tolerance, waitForCpu } from '../helpers/truth.ts';

const strictest = { 'kernel.perf_event_paranoid': 2, 'kernel.kptr_restrict': 1 };
const unsampled = '[kernel: not sampled]';
const noSymbols = '[kernel: no symbols]';

const codesOf = (profile: RecordedProfile): string[] => profile.warnings.map((warning) => warning.code);

/** The figure is 99 to 101 % (bench/accounted.ts); a machine that others use takes time away in between. */
function assertAccounted(profile: RecordedProfile): void {
  const { accounted } = profile.accounting;
  assert(accounted >= 0.97 && accounted <= 1.03, `accounted ${accounted}`);
}

test('root: kernel and user, kernel functions named', async (t) => {
  if (!mayActAsRoot(t, 'sets kernel.kptr_restrict')) return;
  const target = await startFixture(t, 'reader', [600, 400]);
  const profile = await withSysctls({ 'kernel.kptr_restrict': 0 }, () => recordCpuUnlocked(target.pid, 3));
  const [span] = profile.spans;
  assert.equal(span?.engine, 'cpu');
  assert.equal(span?.kernelPart, 'resolved');
  assert.equal(span?.kernelSymbols, 'shown');
  assert.deepEqual(profile.warnings, []);
  assert.deepEqual(nodesNamed(profile.tree, noSymbols), []);
  assertAccounted(profile);
  const share = kernelShare(profile.tree);
  assert(Math.abs(share - tickShare(profile)) < 0.06, `${share} sampled, ${tickShare(profile)} by ticks`);
});

test('hidden symbols: one marked node on the same user stack, with the same share', async (t) => {
  if (!mayActAsRoot(t, 'sets kernel.kptr_restrict')) return;
  const target = await startFixture(t, 'reader', [600, 400]);
  const record = () => recordCpuUnlocked(target.pid, 3);
  const named = await withSysctls({ 'kernel.kptr_restrict': 0 }, record);
  const hidden = await withSysctls({ 'kernel.kptr_restrict': 2 }, record);
  assert.equal(hidden.spans[0]?.engine, 'cpu');
  assert.equal(hidden.spans[0]?.kernelPart, 'unresolved');
  assert.equal(hidden.spans[0]?.kernelSymbols, 'hidden');
  assertAccounted(hidden);

  const noise = (share: number) => tolerance(share, Math.min(hidden.spans[0]?.samples ?? 0, 2500));
  const inKernel = kernelShare(named.tree);
  const marked = inclusiveShare(hidden.tree, noSymbols);
  assert(Math.abs(marked - inKernel) < noise(inKernel), `${inKernel} named, ${marked} marked`);
  assert(Math.abs(kernelShare(hidden.tree) - marked) < 1e-9, 'no kernel frame beside the marked node');
  for (const symbol of ['user_work', 'read', 'fetch_block', 'serve']) {
    const [before, after] = [selfShare(named.tree, symbol), selfShare(hidden.tree, symbol)];
    assert(Math.abs(after - before) < noise(before), `self of ${symbol}: ${before}, ${after}`);
  }

  const underRead = [...paths(hidden.tree)].filter(
    ({ node, path }) => node.name === noSymbols && path.at(-2)?.name === 'read',
  );
  assert.equal(underRead.length, 1, 'one node above read');
  assert.deepEqual(underRead[0]?.node.children, []);
  assert.equal(underRead[0]?.node.kind, 'marked');
  assert.deepEqual(userChains(hidden, 'read'), userChains(named, 'read'));
  const [warning] = hidden.warnings;
  assert.equal(warning?.code, 'kernel-symbols-hidden');
  assert.match(warning?.cure ?? '', /kptr_restrict=1/);
});

/** The user part of each stack through a function: root to that function. */
function userChains(profile: RecordedProfile, name: string): string[] {
  const found = [...paths(profile.tree)].filter(({ node }) => node.name === name);
  return found.map(({ path }) => path.map((node) => node.name).join(' › ')).sort();
}

test('symbols become readable while it records: the marked node gets its names', async (t) => {
  if (!mayActAsRoot(t, 'sets kernel.kptr_restrict')) return;
  const target = await startFixture(t, 'reader', [600, 200]);
  const profile = await withSysctls({ 'kernel.kptr_restrict': 2 }, async () => {
    const cli = startCli(['record', target.pid, '-f', 'json', '-F', '499']);
    await untilRecording(cli);
    await waitForCpu(target.pid, 1e9);
    writeFileSync('/proc/sys/kernel/kptr_restrict', '0\n');
    await waitForCpu(target.pid, 3e9);
    cli.child.kill('SIGINT');
    return profileOf(await cli.run);
  });
  assert.equal(profile.spans[0]?.kernelPart, 'resolved');
  assert.deepEqual(nodesNamed(profile.tree, noSymbols), []);
  assert(kernelShare(profile.tree) > 0.4);
});

const inTarget = 'timer_create in the target';
const snapshots = 'external snapshots';
/** What `ctimer` runs by, and the words that ask for it. */
const mechanisms = [
  [[], inTarget],
  [['--no-inject'], snapshots],
] as const;

for (const [words, mechanism] of mechanisms) {
  test(`nobody, paranoid 2${words.map((word) => `, ${word}`)}: ${mechanism}, all CPU time, kernel time as one marked node, the cure named`, async (t) => {
    if (!mayActAsRoot(t, 'sets kernel.perf_event_paranoid')) return;
    const options = { launcher: asNobody(), program: installForEveryone(t) };
    const target = await startFixture(t, 'reader', [600, 400], { launcher: asNobody() });
    const profile = await withSysctls(strictest, () =>
      recordCpuUnlocked(target.pid, 6, ['-F', 199, ...words], options),
    );
    const [span] = profile.spans;
    assert.equal(span?.asked, 'auto');
    assert.equal(span?.planned, 'ctimer');
    assert.equal(span?.engine, 'ctimer');
    assert.equal(span?.mechanism, mechanism);
    assert.equal(span?.kernelPart, 'not-seen');
    assertAccounted(profile);
    const marked = inclusiveShare(profile.tree, noSymbols);
    const most = tickShare(profile) + (await shareOfCallEnds(target.pid));
    assertBetween(marked, [tickShare(profile), most], 0.06, 'marked, and by ticks');
    assert.equal(kernelShare(profile.tree), marked, 'no other kernel frame');
    const parents = [...paths(profile.tree)].filter(({ node }) => node.name === noSymbols);
    assert(
      parents.every(({ node }) => node.kind === 'marked' && node.children.length === 0),
      'leaves, marked',
    );
    const warning = profile.warnings.find((each) => each.cure?.includes('perf_event_paranoid'));
    assert.equal(warning?.cure, 'sudo sysctl kernel.perf_event_paranoid=1');
    assert.equal(codesOf(profile).includes('snapshots-interrupt'), mechanism === snapshots);
  });
}

test('nobody, paranoid 2, no ptrace: user only, kernel time accounted under its own node', async (t) => {
  if (!mayActAsRoot(t, 'sets kernel.perf_event_paranoid')) return;
  const launcher = [...refusing('EPERM', 'ptrace'), ...asNobody()];
  const options = { launcher, program: installForEveryone(t) };
  const target = await startFixture(t, 'reader', [600, 400], { launcher: asNobody() });
  const profile = await withSysctls(strictest, () => recordCpuUnlocked(target.pid, 6, ['-F', 499], options));
  const [span] = profile.spans;
  assert.equal(span?.asked, 'auto');
  assert.equal(span?.engine, 'cpu-clock');
  assert.equal(span?.kernelPart, 'excluded');
  const marked = inclusiveShare(profile.tree, unsampled);
  assertNear(marked, tickShare(profile), 0.06, 'marked, and by ticks');
  assert.deepEqual(
    profile.tree.children.filter((child) => child.name === unsampled).map((child) => child.kind),
    ['marked'],
  );
  assert.equal(kernelShare(profile.tree), marked, 'no other kernel frame');
  assertTreeIsClock(profile);
});

/** Samples and the marked node of what was not sampled are the CPU clock together. */
function assertTreeIsClock({ tree, accounting: { cpuTimeNs } }: RecordedProfile): void {
  assertNear(tree.totalNs / cpuTimeNs, 1, 0.01, 'the tree, and the CPU clock');
}

function assertNear(seen: number, wanted: number, allowed: number, what: string): void {
  assert(Math.abs(seen - wanted) <= allowed, `${what}: ${seen} and ${wanted}, allowed ${allowed}`);
}

test('nobody asks for cpu: it falls down the ladder and says so; --strict ends with 4', async (t) => {
  if (!mayActAsRoot(t, 'sets kernel.perf_event_paranoid')) return;
  const options: CliOptions = { launcher: asNobody(), program: installForEveryone(t) };
  const target = await startFixture(t, 'split', [600], { launcher: asNobody() });
  await withSysctls(strictest, async () => {
    const words = ['record', target.pid, '-e', 'cpu', '-d', '0.5', '-f', 'json'];
    const run = await runCli(words, options);
    const profile = profileOf(run);
    assert.equal(profile.spans[0]?.asked, 'cpu');
    assert.equal(profile.spans[0]?.engine, 'ctimer');
    assert.match(run.stderr, /asked cpu, running ctimer, because perf_event_paranoid=2/);
    const strict = await runCli([...words, '--strict'], options);
    assert.equal(strict.code, 4);
    assert.match(strict.stderr, /perf_event_paranoid=2.*sudo sysctl kernel\.perf_event_paranoid=1/);
    assert.equal(strict.stdout, '');
  });
});

test('nobody, paranoid 1: kernel and user, symbols hidden by kptr_restrict 1', async (t) => {
  if (!mayActAsRoot(t, 'sets kernel.perf_event_paranoid')) return;
  const options = { launcher: asNobody(), program: installForEveryone(t) };
  const target = await startFixture(t, 'reader', [600, 200], { launcher: asNobody() });
  const settings = { 'kernel.perf_event_paranoid': 1, 'kernel.kptr_restrict': 1 };
  const profile = await withSysctls(settings, () => recordCpuUnlocked(target.pid, 2, ['-F', 499], options));
  assert.equal(profile.spans[0]?.engine, 'cpu');
  assert.equal(profile.spans[0]?.kernelPart, 'unresolved');
  assert(inclusiveShare(profile.tree, noSymbols) > 0.4);
  const warning = profile.warnings.find((each) => each.code === 'kernel-symbols-hidden');
  assert.equal(warning?.cure, 'sudo sysctl kernel.kptr_restrict=0');
  assertAccounted(profile);
});

for (const [capabilities, kernelPart] of [
  [['cap_38'], 'unresolved'],
  [['cap_38', 'syslog'], 'resolved'],
] as const) {
  test(`nobody with ${capabilities.join(' and ')}: kernel and user, kernel part ${kernelPart}`, async (t) => {
    if (!mayActAsRoot(t, 'gives capabilities')) return;
    const options = { launcher: asNobody(...capabilities), program: installForEveryone(t) };
    const target = await startFixture(t, 'reader', [600, 200], { launcher: asNobody() });
    const profile = await withSysctls(strictest, () =>
      recordCpuUnlocked(target.pid, 2, ['-F', 499], options),
    );
    assert.equal(profile.spans[0]?.engine, 'cpu');
    assert.equal(profile.spans[0]?.kernelPart, kernelPart);
    assertAccounted(profile);
  });
}

for (const error of ['EPERM', 'EACCES', 'ENOSYS'] as const) {
  for (const words of [[], ['--no-inject']]) {
    const mechanism = words.length === 0 ? inTarget : snapshots;
    test(`perf_event_open refused by seccomp (${error})${words.map((word) => `, ${word}`)}: ${mechanism}, said so`, async (t) => {
      const target = await startFixture(t, 'reader', [600, 400]);
      const launcher = refusing(error, 'perf_event_open');
      const profile = await recordCpu(target.pid, 3, ['-F', 199, ...words], { launcher });
      assert.equal(profile.spans[0]?.engine, 'ctimer');
      assert.equal(profile.spans[0]?.mechanism, mechanism);
      assertAccounted(profile);
      assert(calledNs(profile.tree, 'fetch_block', 'read') / inclusiveNs(profile.tree, 'read') >= 0.98);
      const causes = profile.warnings.map((warning) => warning.cause).join('\n');
      assert.match(causes, new RegExp(`seccomp.*perf_event_open \\(${error}\\)`));
    });
  }

  test(`perf_event_open and ptrace refused by seccomp (${error}): 4, and the gates are named`, async (t) => {
    const target = await startFixture(t, 'split', [60]);
    const launcher = refusing(error, 'perf_event_open', 'ptrace');
    const run = await runCli(['record', target.pid, '-d', '1'], { launcher });
    assert.equal(run.code, 4, run.stderr);
    assert.match(
      run.stderr,
      new RegExp(`^prof-tui: not permitted .*seccomp.*perf_event_open \\(${error}\\)`),
    );
    assert.match(run.stderr, new RegExp(`^ {2}ptrace +refused .*\\(${error}\\) .*cure: `, 'm'));
    assert.equal(run.stdout, '');
  });
}

test('cpu-clock as asked: user only, said so, nothing lost', async (t) => {
  const target = await startFixture(t, 'reader', [600, 400]);
  const profile = await recordCpu(target.pid, 6, ['-e', 'cpu-clock', '-F', 499]);
  assert.equal(profile.spans[0]?.engine, 'cpu-clock');
  assert.equal(profile.spans[0]?.kernelPart, 'excluded');
  assert.deepEqual(codesOf(profile), ['kernel-not-sampled']);
  const marked = inclusiveShare(profile.tree, unsampled);
  assertNear(marked, tickShare(profile), 0.06, 'marked, and by ticks');
  assertTreeIsClock(profile);
});

for (const [fixture, words, mechanism, documentedBias] of [
  ['reader', [], inTarget, 0],
  // Timers fire on the scheduler's tick, as the kernel's own split does, and that split is below what perf's own timer
  // finds on a socket between two CPUs (docs/engines.md).
  ['sender', [], inTarget, 0.06],
  ['reader', ['--no-inject'], snapshots, 0],
  // Snapshots are taken on the CPU of the busiest thread: user code of the other one is underrated (docs/engines.md).
  ['sender', ['--no-inject'], snapshots, 0.1],
] as const) {
  test(`ctimer as asked by root, ${mechanism}: the kernel share is that of cpu or of the ticks on ${fixture}`, async (t) => {
    const target = await startFixture(t, fixture, [600]);
    const cpu = await recordCpu(target.pid, 4, ['-F', 999]);
    const ctimer = await recordCpu(target.pid, 10, ['-e', 'ctimer', '-F', 199, ...words]);
    assert.equal(ctimer.spans[0]?.engine, 'ctimer');
    assert.equal(ctimer.spans[0]?.mechanism, mechanism);
    assertAccounted(ctimer);
    const shares = [kernelShare(cpu.tree), tickShare(ctimer)];
    const samples = ctimer.spans[0]?.samples ?? 0;
    const noise = Math.max(...shares.map((share) => tolerance(share, samples)), documentedBias);
    const most = Math.max(...shares) + (await shareOfCallEnds(target.pid));
    assertBetween(kernelShare(ctimer.tree), [Math.min(...shares), most], noise, 'kernel share of ctimer');
  });
}

for (const [words, mechanism] of mechanisms) {
  test(`a target whose lowest mapping nobody may read: its memory is not refused, ${mechanism}`, async (t) => {
    const target = await startFixture(t, 'guarded', [600]);
    const profile = await recordCpu(target.pid, 1, ['-e', 'ctimer', '-F', 199, ...words]);
    assert.equal(profile.spans[0]?.mechanism, mechanism);
    assertAccounted(profile);
    assert(inclusiveShare(profile.tree, 'work_guarded') > 0.95);
  });
}

test('a target under a filter that we do not share: snapshots, and why', async (t) => {
  const target = await startFixture(t, 'reader', [600, 400], {
    launcher: refusing('EPERM', 'perf_event_open'),
  });
  const profile = await recordCpu(target.pid, 2, ['-e', 'ctimer', '-F', 199]);
  assert.equal(profile.spans[0]?.mechanism, snapshots);
  assertAccounted(profile);
  const said = profile.warnings.find((warning) => warning.code === 'snapshots-interrupt');
  assert.match(said?.cause ?? '', /target runs under a seccomp filter/);
});

test('target and profiler under the same filters: rehearsed, then in the target', async (t) => {
  const launcher = refusing('EPERM', 'perf_event_open');
  const target = await startFixture(t, 'reader', [600, 400], { launcher });
  const profile = await recordCpu(target.pid, 2, ['-F', 199], { launcher });
  assert.equal(profile.spans[0]?.mechanism, inTarget);
  assertAccounted(profile);
});

test('the same filters refuse memfd_create: the rehearsal finds out, snapshots run', async (t) => {
  const launcher = refusing('EPERM', 'memfd_create');
  const target = await startFixture(t, 'reader', [600, 400], { launcher });
  const profile = await recordCpu(target.pid, 2, ['-e', 'ctimer', '-F', 199], { launcher });
  assert.equal(profile.spans[0]?.mechanism, snapshots);
  assertAccounted(profile);
});
