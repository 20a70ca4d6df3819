/**
 * `record -- CMD`: from the first instruction to the end, the command's output and exit kept apart from ours.
 */
import assert from 'node:assert/strict';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { ask, nameOf } from '../faults/engines.ts';
import {
  type CliRun,
  profileOf,
  type RecordedProfile,
  runCli,
  startCli,
  untilRecording,
} from '../helpers/cli.ts';
import { buildFixture } from '../helpers/fixtures.ts';
import { asNobody, installForEveryone, mayActAsRoot, refusing } from '../helpers/gates.ts';
import { withSteadyMachine } from '../helpers/sysctl.ts';
import type { FixtureTruth } from '../helpers/target.ts';
import { openTerminal } from '../helpers/terminal.ts';
import { chainTo, inclusiveShare } from '../helpers/tree.ts';
import { tolerance } from '../helpers/truth.ts';

/** What the command printed of itself: with a report on standard output all of its own goes to stderr. */
function truthOf(run: CliRun): FixtureTruth {
  const line = run.stderr.split('\n').find((text) => text.startsWith('{"fixture":'));
  assert(line !== undefined, run.stderr);
  return JSON.parse(line) as FixtureTruth;
}

function assertWhole(run: CliRun, profile: RecordedProfile, room: number): void {
  const { cpuTimeNs, accounted } = profile.accounting;
  const truth = truthOf(run).processCpuNs;
  assert(Math.abs(cpuTimeNs - truth) < truth * 0.02, `${cpuTimeNs} ns, the command says ${truth}`);
  assert(Math.abs(accounted - 1) < room, `accounted ${accounted}`);
  // The command works for a wall time: on a busy machine there are few samples of it.
  const share = inclusiveShare(profile.tree, 'leaf_seventy');
  const noise = tolerance(0.7, profile.spans[0]?.samples ?? 1);
  assert(Math.abs(share - 0.7) < noise, `leaf_seventy ${share}, ± ${noise}`);
  assert.match(chainTo(profile.tree, 'leaf_ten')[0] ?? '', /main › serve_split › leaf_ten$/);
}

function temporaryFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'prof-tui-launch-'));
  t.after(() => rmSync(folder, { recursive: true }));
  chmodSync(folder, 0o755);
  return folder;
}

test('a command is recorded from its first instruction to its end', async () => {
  const split = buildFixture('split');
  const run = await withSteadyMachine(() => runCli(['record', '-F', 999, '-f', 'json', '--', split, 2]));
  const profile = profileOf(run);
  assertWhole(run, profile, 0.03);
  assert.match(run.stderr, /^recording split \[\d+\] with cpu /m);
  assert.equal(profile.target.exe, split);
  assert.equal(profile.target.command, `${split} 2`);
  assert.match(run.stderr, /split ended with code 0$/m);
});

for (const [engine, room] of [
  ['ctimer', 0.05],
  ['snapshots', 0.05],
  ['cpu-clock', 0.03],
] as const) {
  test(`our own child may be traced and watched: ${engine} runs as asked and accounts for it`, async () => {
    const words = [
      'record',
      ...ask(engine),
      '--strict',
      '-F',
      499,
      '-f',
      'json',
      '--',
      buildFixture('split'),
      2,
    ];
    const run = await withSteadyMachine(() => runCli(words));
    const profile = profileOf(run);
    assert.equal(profile.spans[0]?.engine, nameOf(engine));
    assertWhole(run, profile, room);
    assert.match(run.stderr, /split ended with code 0$/m);
  });
}

test('the end of a command is never taken by the stops of its samples', async () => {
  const work = 'i=0; while [ $i -lt 60000 ]; do i=$((i+1)); done; exit 5';
  for (let round = 0; round < 8; round++) {
    const run = await runCli([
      'record',
      '-e',
      'ctimer',
      '--no-inject',
      '-F',
      999,
      '-f',
      'json',
      '--',
      'sh',
      '-c',
      work,
    ]);
    assert.equal(run.code, 5, run.stderr);
    assert.match(run.stderr, /^sh ended with code 5$/m);
  }
});

test('arguments after -- are the command, its code is ours', async () => {
  const command = ['sh', '-c', 'echo "$1" >&2; exit 7', 'sh', '--help'];
  const run = await runCli(['record', '-f', 'json', '--', ...command]);
  assert.equal(run.code, 7);
  assert.equal((JSON.parse(run.stdout) as RecordedProfile).target.command.includes('--help'), true);
  assert.match(run.stderr, /^--help$/m);
  assert.match(run.stderr, /^sh ended with code 7$/m);
});

test('a command that a signal ends: its name, and 128 + its number', async () => {
  const run = await runCli(['record', '-f', 'json', '--', 'sh', '-c', 'kill -USR1 $$']);
  assert.equal(run.code, 128 + 10);
  assert.match(run.stderr, /^sh was ended by signal SIGUSR1$/m);
});

test('what cannot be started: 1, one line with the reason, no file', async (t) => {
  const folder = temporaryFolder(t);
  const file = (name: string, text: string, mode: number): string => {
    writeFileSync(join(folder, name), text, { mode });
    return join(folder, name);
  };
  const cases: readonly (readonly [command: string, reason: RegExp])[] = [
    ['no-such-command-here', /no such command/],
    [join(folder, 'nowhere'), /no such command/],
    [file('plain', 'exit 0\n', 0o644), /not executable/],
    [folder, /not executable/],
    [file('no-format', 'exit 0\n', 0o755), /not a program that this machine can run \(ENOEXEC\)/],
    [file('no-interpreter', '#!/no/such/interpreter\n', 0o755), /interpreter .* does not exist \(ENOENT\)/],
  ];
  const before = readdirSync(folder);
  for (const [command, reason] of cases) {
    const run = await runCli(['record', '-o', join(folder, 'out.json'), '--', command]);
    assert.equal(run.code, 1, run.stderr);
    assert.match(run.stderr, /^prof-tui: cannot start [^\n]+\n$/, 'one line');
    assert.match(run.stderr, reason);
    assert(run.stderr.includes(command));
    assert.equal(run.stdout, '');
  }
  assert.deepEqual(readdirSync(folder), before);
});

test('a command starts with default signals and none of our descriptors', async () => {
  const status = await runCli(['record', '-f', 'json', '--', 'cat', '/proc/self/status']);
  for (const field of ['SigBlk', 'SigIgn', 'SigCgt']) {
    assert.match(status.stderr, new RegExp(`^${field}:\\t0+$`, 'm'));
  }
  assert.match(status.stderr, /^TracerPid:\t0$/m);
  const descriptors = await runCli(['record', '-f', 'json', '--', 'ls', '-1', '/proc/self/fd']);
  // 3 is the folder that ls reads.
  assert.deepEqual(descriptors.stderr.match(/^\d+$/gm), ['0', '1', '2', '3']);
});

test('-d ends the recording, not the command', async () => {
  // It closes what it has of ours, so that the run is over when prof-tui is.
  const command = ['sh', '-c', 'exec sleep 600 >&- 2>&-'];
  const run = await runCli(['record', '-d', '0.3', '-o', '/dev/null', '--', ...command]);
  assert.equal(run.code, 0, run.stderr);
  assert.doesNotMatch(run.stderr, /ended with code|ended by signal/);
  const pid = Number(/^recording sh \[(\d+)\]/m.exec(run.stderr)?.[1]);
  // Throws if it is gone.
  process.kill(pid, 'SIGKILL');
});

test('a signal ends the recording: it is written, then the command is ended', async (t) => {
  const file = join(temporaryFolder(t), 'out.json');
  const cli = startCli(['record', '-o', file, '--', 'sleep', 600]);
  await untilRecording(cli);
  cli.child.kill('SIGINT');
  const run = await cli.run;
  assert.equal(run.code, 0, run.stderr);
  assert.match(run.stderr, /^sleep was ended by signal SIGTERM$/m);
  assert.equal((JSON.parse(readFileSync(file, 'utf8')) as RecordedProfile).target.command, 'sleep 600');
});

test('a command that does not listen to SIGTERM is killed', async () => {
  const stubborn = 'trap "" TERM; echo deaf >&2; while :; do sleep 0.1; done';
  const cli = startCli(['record', '-f', 'json', '--', 'sh', '-c', stubborn]);
  let said = '';
  await new Promise<void>((resolve) => {
    cli.child.stderr?.on('data', (bytes: Buffer) => {
      said += String(bytes);
      if (said.includes('deaf')) resolve();
    });
  });
  cli.child.kill('SIGTERM');
  const run = await cli.run;
  assert.equal(run.code, 0, run.stderr);
  assert.match(run.stderr, /^sh was ended by signal SIGKILL$/m);
});

test('^C on the terminal: the recording is whole, the shell has its prompt again', async (t) => {
  const file = join(temporaryFolder(t), 'out.json');
  const terminal = openTerminal(['bash', '--norc', '--noprofile', '-i'], {
    test: t,
    env: { PS1: 'prompt$ ' },
  });
  await terminal.shows('prompt$');
  terminal.type(`${process.execPath} bin/prof-tui.js record -o ${file} -- sleep 600; echo "code=$?"\r`);
  await terminal.shows('recording sleep');
  terminal.press('ctrl+c');
  await terminal.shows('code=0');
  assert.match(terminal.screen.text, /sleep was ended by signal SIG(INT|TERM)/);
  assert(existsSync(file));
});

test('ptrace refused: the exec is seen by the engine, name and accounts are right', async () => {
  const words = ['record', '-F', 999, '-f', 'json', '--', buildFixture('split'), 2];
  const run = await withSteadyMachine(() => runCli(words, { launcher: refusing('EPERM', 'ptrace') }));
  const profile = profileOf(run);
  assertWhole(run, profile, 0.03);
  assert.equal(profile.target.exe, buildFixture('split'));
});

test('ptrace refused: an exec that fails still is one line and 1', async (t) => {
  const path = join(temporaryFolder(t), 'no-format');
  writeFileSync(path, 'exit 0\n', { mode: 0o755 });
  const run = await runCli(['record', '-f', 'json', '--', path], { launcher: refusing('EPERM', 'ptrace') });
  assert.equal(run.code, 1);
  assert.match(run.stderr, /^prof-tui: cannot start .* \(ENOEXEC\)\n$/);
  assert.equal(run.stdout, '');
});

test('no pidfd_open: the end is seen all the same, though nobody has reaped it', async () => {
  const run = await runCli(['record', '-f', 'json', '--', buildFixture('split'), 1], {
    launcher: refusing('ENOSYS', 'pidfd_open'),
  });
  assert(profileOf(run).accounting.cpuTimeNs > 0);
  assert.match(run.stderr, /split ended with code 0$/m);
});

test('a setuid program keeps the rights that its file gives', async (t) => {
  if (!mayActAsRoot(t, 'makes a setuid file')) return;
  const path = join(temporaryFolder(t), 'id');
  copyFileSync('/usr/bin/id', path);
  chmodSync(path, 0o4755);
  const program = installForEveryone(t);
  const run = await runCli(['record', '-f', 'json', '--', path, '-u'], { launcher: asNobody(), program });
  assert.match(run.stderr, /^0$/m, `effective uid: ${run.stderr}`);
  assert.match(run.stderr, /id ended with code 0$/m);
});
