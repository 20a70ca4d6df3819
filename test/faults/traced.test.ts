/** A target that a debugger traces: perf_events do not mind, snapshots give way with the reason, nobody is disturbed. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { profileOf, recordCpu, runCli } from '../helpers/cli.ts';
import { startFixture } from '../helpers/target.ts';
import { hasTool } from '../helpers/tools.ts';
import { ask, assertSampled } from './engines.ts';

interface Debugger {
  readonly pid: number;
  /** It lets the target go and ends. */
  leave(): Promise<void>;
}

function tracerOf(pid: number): number {
  return Number(/^TracerPid:\t(\d+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1]);
}

/** gdb on the target: it stands, or runs on under gdb. */
async function attachDebugger(t: TestContext, pid: number, runsOn: boolean): Promise<Debugger> {
  const child = spawn('gdb', ['-nx', '-q', '-p', String(pid), '-ex', runsOn ? 'continue' : 'info threads'], {
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  t.after(() => void child.kill('SIGKILL'));
  child.stderr.resume();
  let said = '';
  child.stdout.on('data', (bytes: Buffer) => {
    said += String(bytes);
  });
  const marker = runsOn ? /Continuing/ : /^\* 1/m;
  const deadline = Date.now() + 30_000;
  while (!marker.test(said)) {
    assert(Date.now() < deadline && child.exitCode === null, `gdb says: ${said}`);
    await delay(20);
  }
  return {
    pid: child.pid ?? 0,
    async leave() {
      const closed = once(child, 'close');
      if (runsOn) child.kill('SIGINT');
      child.stdin.end('detach\nquit\n');
      await closed;
    },
  };
}

test('traced by gdb and running: cpu runs, ctimer gives way with the reason, --strict says no', async (t) => {
  if (!hasTool(t, 'gdb', 'gdb')) return;
  const target = await startFixture(t, 'split', [600]);
  const gdb = await attachDebugger(t, target.pid, true);
  assertSampled(await recordCpu(target.pid, 1.5, ['-e', 'cpu', '-F', 499]), 'cpu');
  const fallen = await recordCpu(target.pid, 1, ['-e', 'ctimer', '-F', 499]);
  assert.equal(fallen.spans[0]?.asked, 'ctimer');
  assert.notEqual(fallen.spans[0]?.engine, 'ctimer');
  const warning = fallen.warnings.find(({ code }) => code === 'fell-back');
  assert.match(
    warning?.title ?? '',
    new RegExp(`asked ctimer, running \\S+, because the target is traced by ${gdb.pid}`),
  );
  const strict = await runCli(['record', target.pid, '-e', 'ctimer', '--strict', '-d', '1']);
  assert.equal(strict.code, 4);
  assert.match(strict.stderr, new RegExp(`traced by ${gdb.pid}`));
  assert.equal(tracerOf(target.pid), gdb.pid, 'gdb has it still');
  await gdb.leave();
  assertSampled(await recordCpu(target.pid, 1.5, ['-e', 'ctimer', '-F', 499]), 'ctimer');
});

test('held by gdb: a recording without samples, and gdb has it still', async (t) => {
  if (!hasTool(t, 'gdb', 'gdb')) return;
  const target = await startFixture(t, 'split', [600]);
  const gdb = await attachDebugger(t, target.pid, false);
  for (const engine of ['cpu', 'cpu-clock'] as const) {
    const run = await runCli(['record', target.pid, ...ask(engine), '-d', '0.5', '-f', 'json']);
    assert.equal(profileOf(run).accounting.cpuTimeNs, 0);
    assert.equal(tracerOf(target.pid), gdb.pid);
  }
  await gdb.leave();
  await target.finish();
});
