/**
 * Timers in the target through the whole program: the weights are the target's CPU clock, the kernel's part is what
 * the kernel itself counts, threads are told apart.
 */
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { type RecordedProfile, recordCpu, recordCpuUnlocked, recordJson } from '../helpers/cli.ts';
import { asNobody, installForEveryone, mayActAsRoot } from '../helpers/gates.ts';
import { assertIntact } from '../helpers/intact.ts';
import { assertBetween, shareOfCallEnds, tickShare } from '../helpers/kernel-share.ts';
import { withSysctls } from '../helpers/sysctl.ts';
import { startFixture } from '../helpers/target.ts';
import { hasTool } from '../helpers/tools.ts';
import { inclusiveNs, kernelShare, selfShare } from '../helpers/tree.ts';
import { threadCpuNs, tolerance } from '../helpers/truth.ts';

const inTarget = ['-e', 'ctimer', '-F', 199] as const;

function assertInTarget({ spans, accounting, warnings }: RecordedProfile): void {
  assert.equal(spans[0]?.engine, 'ctimer');
  assert.equal(spans[0]?.mechanism, 'timer_create in the target');
  assert.equal(spans[0]?.kernelPart, 'not-seen');
  assert.equal(spans[0]?.lost, 0);
  assert.deepEqual(
    warnings.filter(({ code }) => code === 'snapshots-interrupt'),
    [],
  );
  const { accounted } = accounting;
  assert(accounted >= 0.97 && accounted <= 1.03, `accounted ${accounted}`);
}

/** The kernel's own split is by ticks, and each sample is one of few hundred. */
async function assertKernelShare(profile: RecordedProfile, pid: number): Promise<void> {
  const byTicks = tickShare(profile);
  const allowed = Math.max(0.06, tolerance(byTicks, profile.spans[0]?.samples ?? 0));
  const most = byTicks + (await shareOfCallEnds(pid));
  assertBetween(kernelShare(profile.tree), [byTicks, most], allowed, 'kernel share, and by ticks');
}

for (const [name, args] of [
  ['reader', [600, 400]],
  ['split', [600]],
  ['many_threads', [600, 50]],
] as const) {
  test(`${name}: all CPU time accounted, the kernel's share of it, intact afterwards`, async (t) => {
    const target = await startFixture(t, name, args);
    const profile = await recordCpu(target.pid, 5, [...inTarget]);
    assertInTarget(profile);
    await assertKernelShare(profile, target.pid);
    assertIntact(target.pid);
  });
}

test('no thread weighs more than it used by its own clock, and nearly all is there', async (t) => {
  const target = await startFixture(t, 'many_threads', [600, 8]);
  const before = threadCpuNs(target.pid);
  const profile = await recordCpu(target.pid, 4, [...inTarget]);
  const after = threadCpuNs(target.pid);
  assert(profile.accounting.weightNs >= 4e9 * 0.95, `${profile.accounting.weightNs} ns of samples`);
  assert.equal(profile.threads.length, 8);
  const tickNs = 10e6;
  for (const { tid, weightNs } of profile.threads) {
    const usedNs = (after.get(tid) ?? 0) - (before.get(tid) ?? 0);
    assert(
      weightNs <= usedNs + tickNs && weightNs > 0,
      `${tid}: ${weightNs} ns of samples, ${usedNs} ns used`,
    );
  }
});

test('threads that live 30 ms: all CPU time accounted, also that of those that ended', async (t) => {
  const target = await startFixture(t, 'churn', [600]);
  const profile = await recordJson(target.pid, [...inTarget, '-d', 5]);
  assertInTarget(profile);
  assert(profile.threads.length > 20, `${profile.threads.length} threads`);
  assertIntact(target.pid);
});

test('shares of functions are those of the work', async (t) => {
  const target = await startFixture(t, 'split', [600]);
  const profile = await recordCpu(target.pid, 6, [...inTarget]);
  const samples = profile.spans[0]?.samples ?? 0;
  for (const [leaf, share] of [
    ['leaf_seventy', 0.7],
    ['leaf_twenty', 0.2],
    ['leaf_ten', 0.1],
  ] as const) {
    const seen = selfShare(profile.tree, leaf);
    assert(Math.abs(seen - share) <= tolerance(share, samples), `${leaf}: ${seen}`);
  }
  assert(inclusiveNs(profile.tree, 'serve_split') / profile.tree.totalNs > 0.95, 'callers are kept');
});

test('fifty busy threads: each is there', async (t) => {
  const target = await startFixture(t, 'many_threads', [600, 50]);
  const profile = await recordCpu(target.pid, 10, [...inTarget]);
  const busy = profile.threads.filter(({ name }) => name.startsWith('w-'));
  assert(busy.length >= 45, `${busy.length} threads`);
});

test('a high rate: the tick bounds the samples, the weights stay the CPU clock', async (t) => {
  const target = await startFixture(t, 'split', [600]);
  const profile = await recordCpu(target.pid, 3, ['-e', 'ctimer', '-F', 4999]);
  assertInTarget(profile);
});

for (const variant of ['static', 'noPie', 'noFramePointer'] as const) {
  test(`${variant}: accounted`, async (t) => {
    const target = await startFixture(t, 'reader', [600, 400], { variant });
    const profile = await recordCpu(target.pid, 3, [...inTarget]);
    assertInTarget(profile);
    await assertKernelShare(profile, target.pid);
  });
}

const goSource = `package main
import "io/ioutil"
func serve(n int) int { s := 0; for i := 0; i < n; i++ { s += i * i }; b, _ := ioutil.ReadFile("/proc/self/stat"); return s + len(b) }
func main() { for i := 0; i < 3; i++ { go func() { for { serve(10000) } }() }; for { serve(10000) } }
`;

test('a Go program: accounted, and it goes on', async (t) => {
  if (!hasTool(t, 'go', 'golang-go')) return;
  const folder = mkdtempSync(join(tmpdir(), 'prof-tui-go-'));
  t.after(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, 'main.go'), goSource);
  const binary = join(folder, 'served');
  execFileSync('go', ['build', '-o', binary, join(folder, 'main.go')], {
    env: { ...process.env, GO111MODULE: 'off' },
  });
  const target = spawn(binary, { stdio: 'ignore' });
  t.after(() => target.kill('SIGKILL'));
  const pid = target.pid ?? 0;
  const profile = await recordCpu(pid, 4, [...inTarget]);
  assertInTarget(profile);
  assert(inclusiveNs(profile.tree, 'main.serve') / profile.tree.totalNs > 0.5, 'main.serve is named');
  assertIntact(pid);
  assert.equal(target.exitCode, null);
});

test('nobody, paranoid 2: the share that cpu has as root', async (t) => {
  if (!mayActAsRoot(t, 'sets kernel.perf_event_paranoid')) return;
  const options = { launcher: asNobody(), program: installForEveryone(t) };
  const target = await startFixture(t, 'reader', [600, 400], { launcher: asNobody() });
  const settings = { 'kernel.perf_event_paranoid': 2, 'kernel.kptr_restrict': 1 };
  const [asRoot, asUser] = await withSysctls(settings, async () => [
    await recordCpuUnlocked(target.pid, 4, ['-F', 499]),
    await recordCpuUnlocked(target.pid, 6, ['-F', 199], options),
  ]);
  assertInTarget(asUser);
  const share = kernelShare(asRoot.tree);
  const allowed = Math.max(0.05, tolerance(share, asUser.spans[0]?.samples ?? 0));
  const most = share + (await shareOfCallEnds(target.pid));
  assertBetween(kernelShare(asUser.tree), [share, most], allowed, 'kernel share, and of cpu');
});
