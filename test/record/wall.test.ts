/**
 * Wall time: every thread is there with all its time, a sleeper with the system call and the stack that it sleeps in,
 * and none of them notices. The truth is the clock, and the fixture's own count of calls that came back wrong.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type RecordedProfile, recordJson, runCli } from '../helpers/cli.ts';
import type { Variant } from '../helpers/fixtures.ts';
import { asNobody, installForEveryone, mayActAsRoot, refusing } from '../helpers/gates.ts';
import { type FixtureTarget, startFixture } from '../helpers/target.ts';
import { calledNs, inclusiveNs, inclusiveShare, nodesNamed, paths } from '../helpers/tree.ts';
import { assertAllTimeIsThere, passedNs, recordWall, shareBlocked, wallSpan } from '../helpers/wall.ts';

/** Function of test/fixtures/blockers.c, the function of libc that it calls, and what it sleeps in. */
const blockers = [
  ['wait_in_nanosleep', 'nanosleep', '[sleeping: clock_nanosleep]'],
  ['wait_in_futex', 'syscall', '[sleeping: futex]'],
  ['wait_in_read', 'read', '[sleeping: read]'],
  ['wait_in_epoll', 'epoll_wait', '[sleeping: epoll_wait]'],
  ['wait_in_recv', 'recv', '[sleeping: recvfrom]'],
  ['wait_in_sigtimedwait', 'sigtimedwait', '[sleeping: rt_sigtimedwait]'],
  ['wait_in_semtimedop', 'semtimedop', '[sleeping: semtimedop]'],
  ['wait_in_poll', 'poll', '[sleeping: poll]'],
] as const;
/** Those, the parent of vfork, the one that feeds the pipe, the one that computes, and main. */
const blockerThreads = blockers.length + 4;

const codesOf = (profile: RecordedProfile): string[] => profile.warnings.map((warning) => warning.code);

/** Each call is seen where it is, under its caller; its thread woke a few dozen times a second. */
function assertSleepers(profile: RecordedProfile): void {
  for (const [caller, wrapper, label] of blockers) {
    const time = inclusiveNs(profile.tree, caller) / passedNs(profile);
    assert(time > 0.6, `${caller}: ${time} of the time`);
    const blocked = shareBlocked(profile, caller, label);
    assert(blocked > 0.6, `${caller}: ${blocked} in ${label}`);
    const called = calledNs(profile.tree, caller, wrapper) / inclusiveNs(profile.tree, caller);
    assert(called > 0.6, `${called} of ${caller} is in ${wrapper}`);
  }
  assert(nodesNamed(profile.tree, '[disk: vfork]').length > 0, 'an uninterruptible wait is called disk');
}

/** The whole way down from the start of the thread. */
function assertWholeStacks(profile: RecordedProfile): void {
  for (const [caller] of blockers) {
    const whole = [...paths(profile.tree)].filter(
      ({ node, path }) =>
        node.name === caller && path.at(-2)?.name === 'work' && path.at(1)?.name !== '[truncated]',
    );
    const share = whole.reduce((sum, { node }) => sum + node.totalNs, 0) / inclusiveNs(profile.tree, caller);
    assert(share > 0.9, `${share} of ${caller} is whole`);
  }
}

async function assertUndisturbed(target: FixtureTarget): Promise<void> {
  const { counts } = await target.finish();
  assert((counts['calls'] ?? 0) > 100);
  assert.deepEqual([counts['interrupted'], counts['shortIo'], counts['wrong']], [0, 0, 0]);
}

for (const variant of ['truth', 'noFramePointer', 'static'] as const satisfies readonly Variant[]) {
  test(`blockers (${variant}): each thread with all its time, its call and its callers; no call is disturbed`, async (t) => {
    const target = await startFixture(t, 'blockers', [600], { variant });
    const profile = await recordWall(target.pid, 6);
    assertAllTimeIsThere(profile, blockerThreads);
    assertSleepers(profile);
    assertWholeStacks(profile);
    const spins = inclusiveNs(profile.tree, 'spin_all_the_time') / passedNs(profile);
    assert(spins > 0.7, `the spinner is seen ${spins} of the time`);
    assert(!codesOf(profile).includes('running-stopped'));
    await assertUndisturbed(target);
  });
}

test('perf refused: running threads are read by stops and the files say so; no call is disturbed', async (t) => {
  const target = await startFixture(t, 'blockers', [600], { variant: 'noFramePointer' });
  const launcher = refusing('EPERM', 'perf_event_open');
  const profile = await recordWall(target.pid, 6, [], { launcher });
  assertAllTimeIsThere(profile, blockerThreads);
  assertSleepers(profile);
  assertWholeStacks(profile);
  const spins = inclusiveNs(profile.tree, 'spin_all_the_time') / passedNs(profile);
  assert(spins > 0.7, `the spinner is seen ${spins} of the time`);
  assert.equal(wallSpan(profile).kernelPart, 'not-seen');
  assert(codesOf(profile).includes('running-stopped'));
  await assertUndisturbed(target);
});

test('perf and ptrace refused: sleepers are there, running threads are one [running]', async (t) => {
  const target = await startFixture(t, 'blockers', [600], { variant: 'noFramePointer' });
  const launcher = refusing('EPERM', 'perf_event_open', 'ptrace');
  const profile = await recordWall(target.pid, 4, [], { launcher });
  assertAllTimeIsThere(profile, blockerThreads);
  assertSleepers(profile);
  assert.equal(inclusiveNs(profile.tree, 'spin_all_the_time'), 0);
  const running = inclusiveNs(profile.tree, '[running]') / passedNs(profile);
  assert(running > 0.9, `[running] is ${running} of the time`);
  assert(codesOf(profile).includes('running-unseen'));
  await assertUndisturbed(target);
});

test('an ordinary user sees all threads of a process of his own', async (t) => {
  if (!mayActAsRoot(t, 'becomes another user')) return;
  const program = installForEveryone(t);
  const target = await startFixture(t, 'blockers', [600], {
    variant: 'noFramePointer',
    launcher: asNobody(),
  });
  const profile = await recordWall(target.pid, 4, [], { launcher: asNobody(), program });
  assertAllTimeIsThere(profile, blockerThreads);
  assertSleepers(profile);
});

test("another user's process is refused: exit code 4, and who owns it", async (t) => {
  if (!mayActAsRoot(t, 'becomes another user')) return;
  const program = installForEveryone(t);
  const target = await startFixture(t, 'sleepers', [600]);
  const run = await runCli(['record', target.pid, '-e', 'wall', '-d', 1], { launcher: asNobody(), program });
  assert.equal(run.code, 4, run.stderr);
  assert.match(run.stderr, /belongs to uid 0/);
});

test('a target that shuts itself off ends the recording with the reason', async (t) => {
  if (!mayActAsRoot(t, 'becomes another user')) return;
  const program = installForEveryone(t);
  const target = await startFixture(t, 'nondumpable', [600, 3000], { launcher: asNobody() });
  const run = await runCli(['record', target.pid, '-e', 'wall', '-f', 'json'], {
    launcher: asNobody(),
    program,
  });
  assert.equal(run.code, 0, run.stderr);
  assert.match(run.stderr, /wall ended \(process_vm_readv says EPERM\), and nothing else opens/);
  assert(inclusiveShare((JSON.parse(run.stdout) as RecordedProfile).tree, 'secret_work') > 0.3);
});

test('memory refused: another engine runs, and says why', async (t) => {
  const target = await startFixture(t, 'sleepers', [600]);
  const launcher = refusing('EPERM', 'process_vm_readv');
  const profile = await recordJson(target.pid, ['-e', 'wall', '-d', 1], { launcher });
  assert.notEqual(profile.spans[0]?.engine, 'wall');
  assert.equal(profile.spans[0]?.asked, 'wall');
  assert.match(profile.warnings[0]?.title ?? '', /^asked wall, running \S+, because .*process_vm_readv/);
  const strict = await runCli(['record', target.pid, '-e', 'wall', '--strict', '-d', 1], { launcher });
  assert.equal(strict.code, 4, strict.stderr);
});

test('one computes, one naps, one waits for ever: each is what it is', async (t) => {
  const target = await startFixture(t, 'sleepers', [600], { variant: 'noFramePointer' });
  const profile = await recordWall(target.pid, 5, ['-F', 199]);
  assertAllTimeIsThere(profile, 3);
  const of = (name: string) => inclusiveNs(profile.tree, name) / passedNs(profile);
  assert(of('compute_chunk') > 0.7, `compute_chunk ${of('compute_chunk')}`);
  assert(of('wait_for_ever') > 0.97, `wait_for_ever ${of('wait_for_ever')}`);
  assert(shareBlocked(profile, 'wait_for_ever', '[sleeping: futex]') > 0.99);
  assert(of('[sleeping: clock_nanosleep]') > 0.5, `naps ${of('[sleeping: clock_nanosleep]')}`);
});

test('threads that come and go are followed', async (t) => {
  const target = await startFixture(t, 'churn', [600]);
  const profile = await recordWall(target.pid, 4);
  assert(profile.threads.length > 20, `${profile.threads.length} threads`);
  const main = profile.threads.find(({ tid }) => tid === target.pid);
  assert((main?.weightNs ?? 0) > passedNs(profile) * 0.97);
  assert(inclusiveShare(profile.tree, 'short_life') > 0.2);
});

test('a target that exits ends the recording, with the time that it lived', async (t) => {
  const target = await startFixture(t, 'sleepers', [3]);
  const run = await runCli(['record', target.pid, '-e', 'wall', '-f', 'json']);
  assert.equal(run.code, 0, run.stderr);
  assert.match(run.stderr, /target exited: wall/);
  const profile = JSON.parse(run.stdout) as RecordedProfile;
  for (const { name, weightNs } of profile.threads) {
    assert(weightNs > passedNs(profile) * 0.8, `${name}: ${weightNs} of ${passedNs(profile)}`);
  }
});

test('a command is recorded from its first instruction, sleeping or not', async () => {
  const run = await runCli(['record', '-e', 'wall', '-f', 'json', '--', 'sleep', '2']);
  assert.equal(run.code, 0, run.stderr);
  const profile = JSON.parse(run.stdout) as RecordedProfile;
  assert(shareBlocked(profile, 'nanosleep', '[sleeping: clock_nanosleep]') > 0.99);
  assert(inclusiveShare(profile.tree, '[sleeping: clock_nanosleep]') > 0.8);
});

test('a stopped target is called stopped', async (t) => {
  const target = await startFixture(t, 'sleepers', [600]);
  process.kill(target.pid, 'SIGSTOP');
  const profile = await recordWall(target.pid, 2);
  process.kill(target.pid, 'SIGCONT');
  const stopped = [...paths(profile.tree)]
    .filter(({ node }) => node.name.startsWith('[stopped'))
    .reduce((sum, { node }) => sum + node.selfNs, 0);
  assert(stopped / profile.tree.totalNs > 0.95, `${stopped} of ${profile.tree.totalNs}`);
});

test('text and folded say that it is wall time', async (t) => {
  const target = await startFixture(t, 'sleepers', [600]);
  const text = await runCli(['record', target.pid, '-e', 'wall', '-d', 1]);
  assert.match(text.stdout, /^ENGINE {2}wall \(snapshots of all threads\) {2}asked wall/m);
  assert.match(text.stdout, /^99 Hz {2}\d+ samples {2}lost 0 {2}wall time \S+ s of 3 threads$/m);
  assert.match(text.stdout, /^ +TOTAL +SELF +FUNCTION +\(wall time\)$/m);
  const folded = await runCli(['record', target.pid, '-e', 'wall', '-d', 1, '-f', 'folded']);
  assert.match(folded.stdout, /;wait_for_ever;.*;\[sleeping: futex\] \d+$/m);
});
