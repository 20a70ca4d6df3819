/**
 * The tools that force a permission tier: each closes just its gate, and a changed kernel setting comes back even
 * when the test that changed it is killed.
 */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { buildFixture } from './helpers/fixtures.ts';
import { asNobody, inUserNamespace, limited, mayActAsRoot, refusing } from './helpers/gates.ts';
import { readSysctl, withSteadyMachine, withSysctls } from './helpers/sysctl.ts';

const setting = 'kernel.kptr_restrict';

function run(words: readonly string[]) {
  const [command = '', ...args] = words;
  return spawnSync(command, args, { encoding: 'utf8' });
}

test('noperf: the named call gets the error, others work', () => {
  const handler = [buildFixture('handler'), '0.05'];
  assert.equal(run([...refusing('ENOSYS', 'ptrace', 'perf_event_open'), ...handler]).status, 0);
  const refused = run([...refusing('EACCES', 'timer_create'), ...handler]);
  assert.equal(refused.status, 1);
  assert.match(refused.stderr, /timer_create: Permission denied/);
  assert.match(run([...refusing('ENOSYS', 'timer_create'), ...handler]).stderr, /Function not implemented/);
});

test('noperf: kill ends the caller', () => {
  assert.equal(run([...refusing('kill', 'timer_create'), buildFixture('handler'), '0.05']).signal, 'SIGSYS');
});

test('noperf: executable memory only', () => {
  // A static program maps no library, so it lives until it asks for executable memory itself.
  const jit = [buildFixture('jit', 'static'), '0.05'];
  assert.equal(run([...refusing('EPERM', 'mmap_exec'), ...jit]).status, 0);
  assert.equal(run([...refusing('EPERM', 'mprotect_exec'), ...jit]).status, 1);
});

test('noperf: says what it does not know', () => {
  assert.match(run([buildFixture('noperf'), 'EPERM', 'no_such_call', '--', 'true']).stderr, /no_such_call/);
  assert.equal(run([buildFixture('noperf'), 'EWHAT', 'ptrace', '--', 'true']).status, 2);
  assert.equal(run([buildFixture('noperf'), 'EPERM', 'ptrace']).status, 2);
});

test('nobody: has no right, or just the named one', (t) => {
  if (!mayActAsRoot(t, 'drops its rights')) return;
  const status = (words: string[]) => run([...words, 'cat', '/proc/self/status']).stdout;
  assert.match(status(asNobody()), /Uid:\t65534\t65534\t65534[\s\S]*CapEff:\t0000000000000000/);
  assert.match(status(asNobody('cap_38')), /CapEff:\t0000004000000000/);
  assert.match(status(asNobody('cap_38', 'syslog')), /CapEff:\t0000004400000000/);
});

test('user namespace: root inside, a stranger outside', () => {
  const { stdout } = run([...inUserNamespace(), 'sh', '-c', 'id -u; readlink /proc/self/ns/user']);
  const [uid, namespace] = stdout.trim().split('\n');
  assert.equal(uid, '0');
  assert.notEqual(namespace, run(['readlink', '/proc/self/ns/user']).stdout.trim());
});

test('limits: as asked', () => {
  const { stdout } = run([...limited({ openFiles: 64, lockedBytes: 65_536 }), 'cat', '/proc/self/limits']);
  assert.match(stdout, /Max locked memory +65536 +65536/);
  assert.match(stdout, /Max open files +64 +64/);
});

test('sysctl: set inside, old value back outside', async (t) => {
  if (!mayActAsRoot(t, `changes ${setting}`)) return;
  const before = await withSteadyMachine(async () => readSysctl(setting));
  const other = before === 1 ? 2 : 1;
  await withSysctls({ [setting]: other }, async () => assert.equal(readSysctl(setting), other));
  await assert.rejects(
    withSysctls({ [setting]: other }, async () => {
      throw new Error('the work failed');
    }),
    /the work failed/,
  );
  await withSteadyMachine(async () => assert.equal(readSysctl(setting), before));
});

test('sysctl: the killed test leaves the old value', async (t) => {
  if (!mayActAsRoot(t, `changes ${setting}`)) return;
  const before = await withSteadyMachine(async () => readSysctl(setting));
  const other = before === 1 ? 2 : 1;
  const script = `
    import { withSysctls } from ${JSON.stringify(fileURLToPath(new URL('helpers/sysctl.ts', import.meta.url)))};
    await withSysctls({ '${setting}': ${other} }, async () => {
      console.log('changed');
      await new Promise((resolve) => setTimeout(resolve, 60_000));
    });`;
  const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  t.after(() => child.kill('SIGKILL'));
  await once(child.stdout, 'data');
  assert.equal(readSysctl(setting), other);
  const exited = once(child, 'exit');
  child.kill('SIGKILL');
  await exited;
  // The shared lock is given only when the guard has put the value back.
  await withSteadyMachine(async () => assert.equal(readSysctl(setting), before));
});

test('sysctl: holders of the shared lock do not wait for each other', async () => {
  assert.equal(await withSteadyMachine(() => withSteadyMachine(async () => 'both')), 'both');
});
