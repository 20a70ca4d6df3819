/**
 * What cannot be a target: each case has its exit code and one line on the error output that names the cause.
 */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { type CliRun, profileOf, runCli, startCli } from '../helpers/cli.ts';
import { asNobody, installForEveryone, mayActAsRoot } from '../helpers/gates.ts';
import { startFixture } from '../helpers/target.ts';

/** The run ended with this code, one line on stderr that fits, and nothing on stdout. */
function assertRefused(run: CliRun, code: number, line: RegExp): void {
  assert.equal(run.code, code, run.stderr);
  assert.match(run.stderr, line);
  assert.match(run.stderr, /^prof-tui: [^\n]+\n$/, 'one line');
  assert.equal(run.stdout, '');
}

/** A pid that was free a moment ago: that of a process that has ended. */
async function freePid(): Promise<number> {
  const cli = startCli(['--version']);
  await cli.run;
  return cli.child.pid ?? 0;
}

for (const command of ['record', 'doctor', 'live'] as const) {
  const words = (pid: number | string) => (command === 'live' ? [pid] : [command, pid]);

  test(`${command}: no such pid ends with 3`, async () => {
    const pid = await freePid();
    assertRefused(await runCli(words(pid)), 3, new RegExp(`no such process: ${pid}`));
    assertRefused(await runCli(words(99_999_999)), 3, /no such process: 99999999/);
    assertRefused(await runCli(words(0)), 3, /no such process: 0/);
  });

  test(`${command}: not a pid ends with 2`, async () => {
    assertRefused(await runCli(words('12.5')), 2, /not a pid: 12\.5/);
    assertRefused(await runCli([...words(1), 'more']), 2, /"more"/);
  });

  test(`${command}: a name that nothing has ends with 3`, async () => {
    assertRefused(await runCli(words('no-such-name-runs-here')), 3, /"no-such-name-runs-here"/);
  });

  test(`${command}: a kernel thread ends with 1`, async () => {
    assertRefused(await runCli(words(2)), 1, /2 \(kthreadd\) is a kernel thread/);
  });

  test(`${command}: a zombie ends with 3`, async (t) => {
    const target = await startFixture(t, 'zombie', [60]);
    const { zombie } = JSON.parse(target.lines[0] ?? '') as { zombie: number };
    assertRefused(await runCli(words(zombie)), 3, /zombie/);
  });
}

test('a name that fits two processes ends with 2 and lists them', async (t) => {
  const first = await startFixture(t, 'nondumpable', [60]);
  const second = await startFixture(t, 'nondumpable', [60]);
  const run = await runCli(['record', 'nondumpabl']);
  assertRefused(run, 2, /give the pid/);
  for (const { pid } of [first, second]) assert.match(run.stderr, new RegExp(`\\b${pid}\\b`));
});

test('a name that fits one process is that process', async (t) => {
  const target = await startFixture(t, 'big_frame', [60]);
  const run = await runCli(['record', 'big_frame', '-d', '0.3', '-f', 'json']);
  assert.equal(profileOf(run).target.pid, target.pid);
});

test('its own pid ends with 2', async () => {
  // The shell becomes the program by exec, so that it can know the pid.
  const launcher = ['sh', '-c', 'exec "$@" record $$', 'sh'];
  assertRefused(await runCli([], { launcher }), 2, /is prof-tui itself/);
});

test("another user's process ends with 4, the line names the cure", async (t) => {
  if (!mayActAsRoot(t, 'drops its rights')) return;
  const program = installForEveryone(t);
  const target = await startFixture(t, 'split', [60]);
  const run = await runCli(['record', target.pid, '-d', '1'], { launcher: asNobody(), program });
  assert.equal(run.code, 4);
  assert.match(run.stderr, new RegExp(`^prof-tui: not permitted to profile ${target.pid}: .*uid 0.*sudo `));
  assert.equal(run.stdout, '');
});

test('a process that is not dumpable ends with 4 for its own user, the line says why', async (t) => {
  if (!mayActAsRoot(t, 'drops its rights')) return;
  const program = installForEveryone(t);
  const target = await startFixture(t, 'nondumpable', [60], { launcher: asNobody() });
  const run = await runCli(['record', target.pid, '-d', '1'], { launcher: asNobody(), program });
  assert.equal(run.code, 4);
  assert.match(run.stderr, /not dumpable.*sudo /);
});

test('a target that ends while it is recorded: the recording is whole, exit code 0', async (t) => {
  const target = await startFixture(t, 'short', [60, 1500]);
  const run = await runCli(['record', target.pid, '-f', 'json', '-F', '499']);
  const profile = profileOf(run);
  assert.match(run.stderr, /target exited/);
  const truth = await target.ended();
  assert(profile.accounting.cpuTimeNs <= truth.processCpuNs * 1.01);
  assert(profile.tree.totalNs > 0);
});

test('targets that end at any moment of the attach: 0 with a whole file, or 3 with one line', async (t) => {
  for (let milliseconds = 20; milliseconds <= 400; milliseconds += 20) {
    const target = await startFixture(t, 'short', [60, milliseconds]);
    const run = await runCli(['record', target.pid, '-f', 'json', '-d', '5']);
    if (run.code === 0) profileOf(run);
    else assertRefused(run, 3, /no such process|ended before|zombie/);
  }
});

test('a refusal leaves no process behind and touches no file', async (t) => {
  if (!mayActAsRoot(t, 'drops its rights')) return;
  const program = installForEveryone(t);
  const target = await startFixture(t, 'split', [60]);
  const cli = startCli(['record', target.pid], { launcher: asNobody(), program });
  await cli.run;
  const parents = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((pid) => parentOf(Number(pid)));
  assert(!parents.includes(cli.child.pid));
  assert.match(readFileSync(`/proc/${target.pid}/status`, 'utf8'), /TracerPid:\t0/);
});

function parentOf(pid: number): number | undefined {
  try {
    return Number(/^PPid:\t(\d+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);
  } catch {
    return undefined;
  }
}
