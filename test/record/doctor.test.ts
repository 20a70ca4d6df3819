/**
 * `doctor`: each gate forced shut in turn, its state and its one cure; an open gate has no cure.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { type CliOptions, runCli } from '../helpers/cli.ts';
import {
  asNobody,
  installForEveryone,
  limited,
  mayActAsRoot,
  type RefusedCall,
  refusing,
} from '../helpers/gates.ts';
import { withSysctls } from '../helpers/sysctl.ts';
import { startFixture } from '../helpers/target.ts';
import { hasTool } from '../helpers/tools.ts';

interface GateLine {
  readonly state: string;
  readonly because: string;
  readonly cure: string | undefined;
}

/** Runs doctor and reads its table; `code` and `last` are the verdict. */
async function doctor(words: readonly (string | number)[], options: CliOptions = {}) {
  const run = await runCli(['doctor', ...words], options);
  const gates = new Map<string, GateLine>();
  const [table = ''] = run.stdout.split('what each engine would do');
  for (const line of table.split('\n')) {
    const [, name = '', state = '', because = '', cure] =
      /^ {2}(\w[\w ]*?) {2,}(\w+)(?: +(\S.*?))??(?: {2,}cure: (.*))?$/.exec(line) ?? [];
    if (name !== '') gates.set(name, { state, because, cure });
  }
  return { code: run.code, stdout: run.stdout, stderr: run.stderr, gates };
}

const wants = [
  ...['kernel samples', 'user samples', 'kernel symbols', 'ptrace', 'target memory', 'target timers'],
];
const rights = [
  ...['CAP_PERFMON', 'perf_event_paranoid', 'CAP_SYSLOG', 'kptr_restrict', 'own seccomp', 'target seccomp'],
  ...['user id', 'dumpable', 'user namespace', 'ptrace scope', 'tracer', 'open files', 'locked memory'],
];
const gateNames = [...wants, ...rights];

/** Every gate with a cure is in the way, and nothing else has one. */
function curesOf(gates: ReadonlyMap<string, GateLine>): string[] {
  return rights.filter((name) => gates.get(name)?.cure !== undefined);
}

test('root: every gate open, no cure, exit code 0', async (t) => {
  if (!mayActAsRoot(t, 'sets kernel.kptr_restrict')) return;
  const target = await startFixture(t, 'split', [60]);
  await withSysctls({ 'kernel.kptr_restrict': 0 }, async () => {
    const { code, gates, stdout } = await doctor([target.pid]);
    assert.equal(code, 0);
    assert.deepEqual([...gates.keys()], gateNames);
    for (const name of wants)
      assert.deepEqual(gates.get(name), { state: 'allowed', because: '', cure: undefined });
    assert.deepEqual(curesOf(gates), []);
    for (const name of rights) assert.match(gates.get(name)?.state ?? '', /^(allowed|passed)$/, name);
    assert.match(stdout, /^auto runs cpu \(perf_events\)/m);
    assert.match(stdout, /^ {2}auto +→ cpu /m);
    assert.match(stdout, /^ {2}ctimer +ready /m);
  });
});

test('without a target it looks at a process of this user', async () => {
  const { code, gates } = await doctor([]);
  assert.equal(code, 0);
  assert.deepEqual([...gates.keys()], gateNames);
});

test('kptr_restrict 2: symbols hidden, the cure is that setting', async (t) => {
  if (!mayActAsRoot(t, 'sets kernel.kptr_restrict')) return;
  await withSysctls({ 'kernel.kptr_restrict': 2 }, async () => {
    const { code, gates } = await doctor([]);
    assert.equal(code, 0);
    assert.equal(gates.get('kernel symbols')?.state, 'hidden');
    assert.match(gates.get('kernel symbols')?.cure ?? '', /kernel\.kptr_restrict=1/);
    assert.equal(gates.get('kernel samples')?.state, 'allowed');
    assert.deepEqual(curesOf(gates), ['kptr_restrict']);
    assert.equal(gates.get('kptr_restrict')?.state, 'hidden');
  });
});

test('nobody, paranoid 2: kernel samples refused, the cure is that setting', async (t) => {
  if (!mayActAsRoot(t, 'sets kernel.perf_event_paranoid')) return;
  const options = { launcher: asNobody(), program: installForEveryone(t) };
  const settings = { 'kernel.perf_event_paranoid': 2, 'kernel.kptr_restrict': 0 };
  await withSysctls(settings, async () => {
    const { code, gates, stdout } = await doctor([], options);
    assert.equal(code, 0);
    assert.equal(gates.get('kernel samples')?.state, 'refused');
    assert.equal(gates.get('kernel samples')?.cure, 'sudo sysctl kernel.perf_event_paranoid=1');
    assert.equal(gates.get('user samples')?.state, 'allowed');
    // kptr_restrict 0 does not show them to one who may not profile the kernel: only paranoid is in the way.
    assert.equal(gates.get('kernel symbols')?.state, 'hidden');
    assert.equal(gates.get('kernel symbols')?.cure, 'sudo sysctl kernel.perf_event_paranoid=1');
    assert.match(stdout, /^auto runs ctimer \(timer_create in the target\)/m);
    assert.match(stdout, /^ {2}cpu +refused +perf_event_paranoid=2, needs ≤ 1 {2}cure: sudo sysctl/m);
    // The right for this one program comes before the setting for everybody.
    assert.deepEqual(curesOf(gates), ['CAP_PERFMON', 'perf_event_paranoid', 'CAP_SYSLOG']);
    assert.match(gates.get('CAP_PERFMON')?.cure ?? '', /^sudo setpriv .*--ambient-caps=\+cap_38 prof-tui/);
  });
});

test("another user's target: refused with the owner named, exit code 4", async (t) => {
  if (!mayActAsRoot(t, 'drops its rights')) return;
  const options = { launcher: asNobody(), program: installForEveryone(t) };
  const target = await startFixture(t, 'split', [60]);
  const { code, gates } = await doctor([target.pid], options);
  assert.equal(code, 4);
  for (const name of ['user samples', 'target memory']) {
    assert.equal(gates.get(name)?.state, 'refused');
    assert.match(gates.get(name)?.because ?? '', /uid 0/);
  }
  assert.equal(gates.get('user id')?.state, 'refused');
  assert.equal(gates.get('user id')?.cure, `sudo prof-tui ${target.pid}`);
  assert.equal(gates.get('dumpable')?.cure, undefined);
});

test('a target that is not dumpable: that gate alone has the cure', async (t) => {
  if (!mayActAsRoot(t, 'drops its rights')) return;
  const options = { launcher: asNobody(), program: installForEveryone(t) };
  const target = await startFixture(t, 'nondumpable', [60], { launcher: asNobody() });
  await withSysctls({ 'kernel.perf_event_paranoid': 1, 'kernel.kptr_restrict': 0 }, async () => {
    const { code, gates } = await doctor([target.pid], options);
    assert.equal(code, 4);
    assert.deepEqual(curesOf(gates), ['dumpable']);
    assert.equal(gates.get('user id')?.state, 'allowed');
  });
});

test('few open files and little locked memory: each found by trying, with its cure', async (t) => {
  if (!mayActAsRoot(t, 'drops its rights')) return;
  const program = installForEveryone(t);
  const target = await startFixture(t, 'many_threads', [60, 50], { launcher: asNobody() });
  const settings = { 'kernel.perf_event_paranoid': 1, 'kernel.perf_event_mlock_kb': 16 };
  await withSysctls(settings, async () => {
    const launcher = [...limited({ openFiles: 60, lockedBytes: 65536 }), ...asNobody()];
    const { gates } = await doctor([target.pid], { launcher, program });
    assert.equal(gates.get('open files')?.state, 'refused');
    assert.match(gates.get('open files')?.because ?? '', /^60: .*EMFILE/);
    assert.match(gates.get('open files')?.cure ?? '', /^sudo prlimit --pid \$\$ --nofile=/);
    assert.equal(gates.get('locked memory')?.state, 'refused');
    assert.match(gates.get('locked memory')?.cure ?? '', /^sudo prlimit --pid \$\$ --memlock=/);
  });
});

const filtered: readonly (readonly [RefusedCall, string])[] = [
  ['perf_event_open', 'user samples'],
  ['ptrace', 'ptrace'],
  ['process_vm_readv', 'target memory'],
];
for (const [call, gate] of filtered) {
  test(`seccomp refuses ${call}: the gate "${gate}" is shut and has a cure`, async (t) => {
    const target = await startFixture(t, 'split', [60]);
    const { gates } = await doctor([target.pid], { launcher: refusing('EPERM', call) });
    assert.equal(gates.get(gate)?.state, 'refused');
    assert.match(gates.get(gate)?.because ?? '', /EPERM/);
    assert(gates.get(gate)?.cure !== undefined);
    assert.equal(gates.get('own seccomp')?.state, 'refused');
    assert.match(gates.get('own seccomp')?.because ?? '', new RegExp(`^refuses ${call} \\(EPERM\\)$`));
    assert.deepEqual(curesOf(gates), ['own seccomp']);
  });
}

test('a traced target: the tracer is named', async (t) => {
  if (!hasTool(t, 'gdb', 'gdb')) return;
  const target = await startFixture(t, 'split', [60]);
  const gdb = spawn('gdb', ['-q', '-nx', '-p', String(target.pid)], { stdio: ['pipe', 'ignore', 'ignore'] });
  try {
    await untilTraced(target.pid);
    const { gates } = await doctor([target.pid]);
    assert.equal(gates.get('ptrace')?.state, 'refused');
    assert.match(gates.get('ptrace')?.because ?? '', new RegExp(`traced by ${gdb.pid}`));
    assert.deepEqual(curesOf(gates), ['tracer']);
  } finally {
    // Before the target: the end of a traced process waits for its tracer.
    gdb.kill('SIGKILL');
    await once(gdb, 'exit');
  }
});

async function untilTraced(pid: number): Promise<void> {
  const deadline = Date.now() + 20_000;
  while (!/TracerPid:\t[1-9]/.test(readFileSync(`/proc/${pid}/status`, 'utf8'))) {
    if (Date.now() > deadline) throw new Error('gdb did not attach');
    await delay(20);
  }
}
