/**
 * Switching under load: what the engines carried before and after adds up to the CPU clock, nothing is carried twice
 * or lost at a cut, and a refusal changes nothing. Shares and sums only: the machine may be busy.
 */
import assert from 'node:assert/strict';
import { chmodSync, copyFileSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { engineKinds, loadNative } from '../../src/engine/native.ts';
import { recorded, startApart, startCapture, untilStatus } from '../helpers/capture.ts';
import type { RecordedProfile, RecordedSpan } from '../helpers/cli.ts';
import { buildFixture } from '../helpers/fixtures.ts';
import { asNobody, mayActAsRoot } from '../helpers/gates.ts';
import { tickShare } from '../helpers/kernel-share.ts';
import { withSteadyMachine } from '../helpers/sysctl.ts';
import { startFixture } from '../helpers/target.ts';
import { inclusiveNs, inclusiveShare, kernelShare, nodesNamed } from '../helpers/tree.ts';
import { livingCpuNs, tolerance, waitForCpu } from '../helpers/truth.ts';

const sumOf = (spans: readonly RecordedSpan[], of: (span: RecordedSpan) => number): number =>
  spans.reduce((sum, span) => sum + of(span), 0);

function assertNear(seen: number, truth: number, allowed: number, what: string): void {
  assert(Math.abs(seen - truth) <= allowed, `${what}: ${seen}, expected ${truth} ± ${allowed}`);
}

/** Spans follow each other without a gap, and they, the tree and the clock are one sum. */
function assertWhole({ spans, accounting, tree }: RecordedProfile, room = 0.01): void {
  spans.forEach((span, i) => {
    assert(span.endNs > span.startNs, `span ${i} has a length`);
    if (i > 0) assert.equal(span.startNs, spans[i - 1]?.endNs, `span ${i} begins where the one before ended`);
  });
  const { cpuTimeNs, weightNs } = accounting;
  assertNear(tree.totalNs, cpuTimeNs, cpuTimeNs * room, 'the tree, and the clock');
  assertNear(
    sumOf(spans, (span) => span.weightNs),
    weightNs,
    weightNs * 1e-6,
    'weight of the spans, and of all',
  );
  assertNear(
    sumOf(spans, (span) => span.cpuTimeNs),
    cpuTimeNs,
    cpuTimeNs * 0.001,
    'clock of the spans, and of all',
  );
}

/** A span that claims to see all carries its own clock: more would be counted twice, less lost at its cuts. */
function assertCarriesAll(span: RecordedSpan, what: string): void {
  const allowed = span.cpuTimeNs * 0.05 + 2 * span.periodNs;
  assertNear(span.weightNs, span.cpuTimeNs, allowed, `${what} (${span.engine}): weight, and clock`);
  assert(span.samples <= span.cpuTimeNs / span.periodNs + 10, `${what}: ${span.samples} samples`);
}

test('20 switches under load: each span carries its own clock, shares stay true', async (t) => {
  const target = await startApart(t, 'split', [600]);
  await withSteadyMachine(async () => {
    const session = await startCapture(t, target.pid);
    const before = livingCpuNs(target.pid);
    const asks = ['ctimer', 'cpu-clock', 'cpu'] as const;
    for (let i = 0; i < 20; i++) {
      await waitForCpu(target.pid, 0.2e9);
      const asked = asks[i % 3] ?? 'cpu';
      await session.switchTo(asked);
      assert.equal(session.status.running, asked, JSON.stringify(session.status.warnings));
    }
    await waitForCpu(target.pid, 0.2e9);
    await session.stop();
    const used = livingCpuNs(target.pid) - before;
    const profile = recorded(session);
    const { spans, accounting, tree } = profile;
    assertWhole(profile);
    assert.deepEqual(
      spans.map((span) => span.engine),
      ['cpu', ...Array.from({ length: 20 }, (_, i) => asks[i % 3] ?? 'cpu')],
    );
    spans.forEach((span, i) => {
      if (span.engine !== 'cpu-clock') assertCarriesAll(span, `span ${i}`);
    });
    assertNear(accounting.cpuTimeNs, used, used * 0.02 + 20e6, 'clock of the session, and of the kernel');
    // The user-only spans may miss what interrupts took from a thread that stays in user mode.
    assert(accounting.accounted >= 0.93 && accounting.accounted <= 1.01, `accounted ${accounting.accounted}`);
    const samples = sumOf(spans, (span) => span.samples);
    for (const [leaf, truth] of [
      ['leaf_seventy', 0.7],
      ['leaf_twenty', 0.2],
      ['leaf_ten', 0.1],
    ] as const) {
      assertNear(inclusiveNs(tree, leaf) / accounting.weightNs, truth, tolerance(truth, samples), leaf);
    }
  });
});

test('cpu, cpu-clock, cpu: each span has its own remainder, both labels at once, kernel share true', async (t) => {
  const target = await startFixture(t, 'reader', [600, 400]);
  await withSteadyMachine(async () => {
    const session = await startCapture(t, target.pid);
    for (const asked of ['cpu-clock', 'cpu'] as const) {
      await waitForCpu(target.pid, 1.5e9);
      await session.switchTo(asked);
    }
    await waitForCpu(target.pid, 1.5e9);
    await session.stop();
    const profile = recorded(session);
    assertWhole(profile);
    const [first, second, third] = profile.spans;
    assert(first && second && third);
    assert.deepEqual(
      profile.spans.map((span) => span.kernelPart === 'excluded'),
      [false, true, false],
    );
    assertCarriesAll(first, 'first');
    assertCarriesAll(third, 'third');
    const [leftOut] = nodesNamed(profile.tree, '[kernel: not sampled]');
    assertNear(
      leftOut?.totalNs ?? 0,
      second.cpuTimeNs - second.weightNs,
      second.cpuTimeNs * 0.05,
      'what the user-only span left out',
    );
    assert(inclusiveShare(profile.tree, '[not sampled]') < 0.03);
    assertNear(kernelShare(profile.tree), tickShare(profile), 0.06, 'kernel share, and by ticks');
  });
});

test('another rate is another span: its period, its number of samples', async (t) => {
  const target = await startFixture(t, 'split', [600]);
  const session = await startCapture(t, target.pid, { frequencyHz: 199 });
  await waitForCpu(target.pid, 1e9);
  await session.changeRate(997);
  assert.equal(session.status.frequencyHz, 997);
  await session.changeRate(997);
  await waitForCpu(target.pid, 1e9);
  await session.stop();
  const profile = recorded(session);
  assertWhole(profile);
  assert.deepEqual(
    profile.spans.map((span) => span.periodNs),
    [Math.round(1e9 / 199), Math.round(1e9 / 997)],
  );
  for (const span of profile.spans) {
    assertCarriesAll(span, `${span.periodNs} ns`);
    const expected = span.cpuTimeNs / span.periodNs;
    assertNear(span.samples, expected, expected * 0.2 + 5, 'samples');
  }
});

test('wishes while a change is under way: the last one counts; a stop waits for the change', async (t) => {
  const target = await startFixture(t, 'split', [600]);
  const session = await startCapture(t, target.pid);
  await Promise.all([
    session.switchTo('cpu-clock'),
    session.changeRate(99),
    session.switchTo('cpu-clock'),
    session.switchTo('cpu'),
  ]);
  assert.equal(session.status.running, 'cpu');
  assert.equal(session.status.frequencyHz, 99);
  assert.deepEqual(
    session.status.spans.map((span) => span.engine),
    ['cpu', 'cpu-clock', 'cpu'],
  );
  const last = session.switchTo('cpu-clock');
  await session.stop();
  await last;
  assert.equal(session.status.state, 'stopped');
  assert.equal(session.status.spans.length, 4);
  assertWhole(recorded(session));
});

test('a refused switch leaves the running engine alone, and says so until one succeeds', async (t) => {
  const target = await startApart(t, 'split', [600]);
  const session = await startCapture(t, target.pid);
  const tracer = await startFixture(t, 'tracer', [600, target.pid]);
  await session.switchTo('ctimer');
  const { running, spans, warnings, switching } = session.status;
  assert.deepEqual([running, spans.length, switching], ['cpu', 1, undefined]);
  const [warning] = warnings;
  assert.equal(warning?.code, 'switch-refused');
  assert.match(
    warning?.title ?? '',
    new RegExp(`^ctimer is refused, cpu goes on: .*traced by ${tracer.pid}`),
  );
  assert.equal(warning?.cure, `end process ${tracer.pid}`);
  const row = session.status.engines.find((each) => each.ask === 'ctimer');
  assert.deepEqual([row?.runs, row?.cure], [undefined, `end process ${tracer.pid}`]);
  const { samples } = session.status;
  await untilStatus(session, (status) => status.samples > samples + 20, 'samples of the old engine');
  await tracer.finish();
  await session.switchTo('ctimer');
  assert.equal(session.status.running, 'ctimer');
  assert(!session.status.warnings.some((each) => each.code === 'switch-refused'));
});

test('snapshots that a tracer shuts out die: the ladder goes on by itself and says why', async (t) => {
  const target = await startApart(t, 'split', [600]);
  const session = await startCapture(t, target.pid, { asked: 'ctimer', mayInject: false });
  assert.equal(session.status.mechanism, 'external snapshots');
  await waitForCpu(target.pid, 0.3e9);
  await startFixture(t, 'tracer', [600, target.pid]);
  await untilStatus(session, (status) => status.running === 'cpu', 'cpu');
  const codes = session.status.warnings.map((warning) => warning.code);
  assert.deepEqual(codes, ['engine-died', 'fell-back']);
  assert.match(session.status.warnings[0]?.title ?? '', /^ctimer ended, running cpu: ptrace says EPERM$/);
  await waitForCpu(target.pid, 0.3e9);
  await session.stop();
  assertWhole(recorded(session));
});

test("stops of a child of ours, whose news Node's own wait takes: it runs on, also afterwards", async (t) => {
  const target = await startFixture(t, 'split', [600]);
  // Node takes the first such stop for its end.
  t.after(() => {
    if (existsSync(`/proc/${target.pid}`)) process.kill(target.pid, 'SIGKILL');
  });
  const session = await startCapture(t, target.pid, { asked: 'ctimer', mayInject: false });
  assert.equal(session.status.mechanism, 'external snapshots');
  await waitForCpu(target.pid, 2e9);
  await session.stop();
  await waitForCpu(target.pid, 0.3e9);
  assertWhole(recorded(session));
});

test('perf events that the kernel ended die: another set is opened by itself', async (t) => {
  if (!mayActAsRoot(t, 'starts a target of another user')) return;
  const folder = mkdtempSync(join(tmpdir(), 'prof-tui-unreadable-'));
  t.after(() => rmSync(folder, { recursive: true }));
  chmodSync(folder, 0o755);
  // Whoever may not read a program may not watch it: the kernel ends the events of a process that executes one
  // (begin_new_exec, fs/exec.c).
  const unreadable = join(folder, 'split');
  copyFileSync(buildFixture('split'), unreadable);
  chmodSync(unreadable, 0o711);
  const target = await startFixture(t, 'forker', [3, unreadable, 600], { launcher: asNobody() });
  const session = await startCapture(t, target.pid);
  await untilStatus(session, (status) => status.spans.length === 2, 'a second span');
  assert.equal(session.status.running, 'cpu');
  assert.match(
    session.status.warnings[0]?.title ?? '',
    /^cpu ended, running cpu: the kernel ended its events/,
  );
  await waitForCpu(target.pid, 1e9);
  await session.stop();
  const profile = recorded(session);
  // The last moments before the exec are counted by the dying events and by the clocks of the threads.
  assertWhole(profile, 0.04);
  assert(inclusiveShare(profile.tree, 'leaf_seventy') > 0.1, 'the new program is in the tree');
});

test('suspended and resumed: a gap between two spans, its CPU time not sampled', async (t) => {
  const target = await startFixture(t, 'split', [600]);
  const session = await startCapture(t, target.pid);
  await waitForCpu(target.pid, 0.5e9);
  await session.suspend();
  await waitForCpu(target.pid, 0.5e9);
  await session.resume();
  assert.deepEqual(
    session.status.warnings.map((warning) => warning.code),
    ['suspended'],
  );
  await waitForCpu(target.pid, 0.5e9);
  await session.stop();
  const { spans, tree, accounting } = recorded(session);
  const [first, second, ...others] = spans;
  assert(first && second);
  assert.deepEqual(others, []);
  assert(second.startNs > first.endNs, 'a gap');
  for (const span of spans) assertCarriesAll(span, 'a span');
  const gapNs = accounting.cpuTimeNs - first.cpuTimeNs - second.cpuTimeNs;
  assert(gapNs >= 0.45e9, `${gapNs} ns in the gap`);
  assertNear(nodesNamed(tree, '[not sampled]')[0]?.totalNs ?? 0, gapNs, gapNs * 0.1, 'not sampled');
});

test('native: after a stop a start begins anew; the time between is not explained by anybody', async (t) => {
  const target = await startFixture(t, 'split', [600]);
  const { Session } = loadNative();
  const native = new Session(target.pid);
  const kind = engineKinds.indexOf('perf');
  const weights = [0, 0];
  const gather = (): void => {
    const { span, weightNs } = native.drain();
    span.forEach((number, i) => {
      weights[number] = (weights[number] ?? 0) + (weightNs[i] ?? 0);
    });
  };
  await native.start(kind, 2_000_000);
  await waitForCpu(target.pid, 0.5e9);
  await native.stop();
  const stopped = native.state();
  await waitForCpu(target.pid, 0.5e9);
  const { cut, refusal } = await native.start(kind, 2_000_000);
  assert.equal(refusal, undefined);
  await waitForCpu(target.pid, 0.5e9);
  await native.stop();
  gather();
  const ended = native.state();
  assert(cut.cpuNs - stopped.cpuNs >= 0.45e9, 'the clock ran on');
  assert(cut.elapsedNs > stopped.elapsedNs);
  assertNear(weights[0] ?? 0, stopped.cpuNs, stopped.cpuNs * 0.03, 'before the stop');
  const second = ended.cpuNs - cut.cpuNs;
  assertNear(weights[1] ?? 0, second, second * 0.03, 'after the start');
});
