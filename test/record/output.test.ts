/**
 * Where a recording goes and how it ends: files are whole or not there, pipes stay free of control codes, a reader
 * that leaves is no crash, ^C keeps what was captured.
 */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { parseFolded, profileOf, program, runCli, startCli, untilRecording } from '../helpers/cli.ts';
import { mayActAsRoot } from '../helpers/gates.ts';
import { type FixtureTarget, startFixture } from '../helpers/target.ts';
import { waitForCpu } from '../helpers/truth.ts';

function folderFor(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'prof-tui-output-'));
  t.after(() => rmSync(folder, { recursive: true }));
  return folder;
}

const split = (t: TestContext): Promise<FixtureTarget> => startFixture(t, 'split', [60]);

for (const [ending, read] of [
  ['json', (text: string) => assert.equal(JSON.parse(text).tool.name, 'prof-tui')],
  ['folded', (text: string) => assert(parseFolded(text).stacks.length > 0)],
  ['txt', (text: string) => assert.match(text, /^ENGINE /m)],
  ['md', (text: string) => assert.match(text, /^- `ENGINE /m)],
  ['speedscope.json', (text: string) => assert.match(JSON.parse(text).$schema, /speedscope/)],
  ['html', (text: string) => assert.match(text, /^<!doctype html>[\s\S]*<\/html>\n$/)],
  ['jfr', (_: string, bytes: Buffer) => assert.equal(bytes.toString('latin1', 0, 4), 'FLR\0')],
  ['pb.gz', (_: string, bytes: Buffer) => assert(gunzipSync(bytes).length > bytes.length)],
  ['json.gz', (_: string, bytes: Buffer) => JSON.parse(gunzipSync(bytes).toString('utf8'))],
] as const) {
  test(`-o FILE.${ending}: the ending chooses the format, the file is private, nothing else is left`, async (t) => {
    const { pid } = await split(t);
    const folder = folderFor(t);
    const file = join(folder, `out.${ending}`);
    const run = await runCli(['record', pid, '-d', '0.5', '-o', file]);
    assert.equal(run.code, 0, run.stderr);
    assert.equal(run.stdout, '');
    assert(run.stderr.includes(file));
    const bytes = readFileSync(file);
    read(bytes.toString('utf8'), bytes);
    assert.equal(statSync(file).mode & 0o777, 0o600);
    assert.deepEqual(readdirSync(folder), [`out.${ending}`]);
  });
}

test('a binary format refuses a terminal at once, with 2 and one line; a pipe gets it', async (t) => {
  const { pid } = await split(t);
  for (const format of ['pprof', 'firefox', 'jfr']) {
    const command = [process.execPath, program, 'record', pid, '-f', format]
      .map((word) => `'${word}'`)
      .join(' ');
    // No duration: only a refusal before the recording ends in time. script(1) gives a terminal.
    const result = spawnSync('script', ['-qec', command, '/dev/null'], { encoding: 'utf8', timeout: 20_000 });
    assert.equal(result.status, 2, result.stdout);
    assert.match(result.stdout, /^prof-tui: \w+ is binary and no text for a terminal: [^\n]*\r?\n$/);
  }
  const script = `"$0" "$1" record ${pid} -d 0.3 -f pprof | gunzip | wc -c`;
  const piped = spawnSync('bash', ['-c', script, process.execPath, program], { encoding: 'utf8' });
  assert(Number(piped.stdout) > 100, piped.stderr);
});

test('-f wins over the ending', async (t) => {
  const { pid } = await split(t);
  const file = join(folderFor(t), 'out.json');
  await runCli(['record', pid, '-d', '0.3', '-f', 'folded', '-o', file]);
  parseFolded(readFileSync(file, 'utf8'));
});

test('-o: what cannot be written is said at once, with 1', async (t) => {
  const { pid } = await split(t);
  const folder = folderFor(t);
  mkdirSync(join(folder, 'sub'));
  const cases = [join(folder, 'missing/out.json'), join(folder, 'sub'), '/proc/out.json'];
  for (const file of cases) {
    // No duration: only a refusal before the recording ends in time.
    const run = await runCli(['record', pid, '-o', file], { deadlineMs: 10_000 });
    assert.equal(run.code, 1, `${file}: ${run.stderr}`);
    assert.match(run.stderr, /^prof-tui: cannot write [^\n]+: [^\n]+\n$/);
  }
  assert.deepEqual(readdirSync(folder), ['sub']);
});

test('-o: a full disk ends with 1 and says so; a device is written, not replaced', async (t) => {
  if (!mayActAsRoot(t, 'makes a device node')) return;
  const { pid } = await split(t);
  const device = join(folderFor(t), 'full');
  // What /dev/full is: every write says ENOSPC. full(4).
  assert.equal(spawnSync('mknod', ['-m', '666', device, 'c', '1', '7']).status, 0);
  const run = await runCli(['record', pid, '-d', '0.3', '-o', device]);
  assert(statSync(device).isCharacterDevice());
  assert.equal(run.code, 1, run.stderr);
  const line = /^prof-tui: cannot write .*full: the disk is full; what was captured is in (\/\S+)$/m;
  const rescued = line.exec(run.stderr)?.[1];
  assert(rescued !== undefined, run.stderr);
  t.after(() => rmSync(rescued));
  assert.match(readFileSync(rescued, 'utf8'), /leaf_seventy/);
  assert.equal(statSync(rescued).mode & 0o077, 0, 'nobody else may read it');
});

test('-o: a named pipe is written, not replaced', async (t) => {
  const { pid } = await split(t);
  const pipe = join(folderFor(t), 'pipe');
  assert.equal(spawnSync('mkfifo', [pipe]).status, 0);
  const reader = spawn('cat', [pipe], { stdio: ['ignore', 'pipe', 'inherit'] });
  t.after(() => reader.kill('SIGKILL'));
  const text = reader.stdout.setEncoding('utf8').toArray();
  const run = await runCli(['record', pid, '-d', '0.3', '-f', 'json', '-o', pipe]);
  assert.equal(run.code, 0, run.stderr);
  assert(statSync(pipe).isFIFO());
  assert.equal(JSON.parse((await text).join('')).target.pid, pid);
});

test('-o /dev/null works and stays a device', async (t) => {
  const { pid } = await split(t);
  const run = await runCli(['record', pid, '-d', '0.3', '-o', '/dev/null']);
  assert.equal(run.code, 0, run.stderr);
  assert.equal(statSync('/dev/null').isCharacterDevice(), true);
});

test('killed while recording: the old file is untouched', async (t) => {
  const { pid } = await split(t);
  const file = join(folderFor(t), 'out.json');
  assert.equal((await runCli(['record', pid, '-d', '0.3', '-o', file])).code, 0);
  const before = readFileSync(file, 'utf8');
  const cli = startCli(['record', pid, '-o', file]);
  await untilRecording(cli);
  cli.child.kill('SIGKILL');
  await cli.run;
  assert.equal(readFileSync(file, 'utf8'), before);
});

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  test(`${signal} while recording: what was captured is written, exit code 0`, async (t) => {
    const { pid } = await split(t);
    const cli = startCli(['record', pid, '-f', 'json', '-F', '499']);
    await untilRecording(cli);
    await waitForCpu(pid, 5e8);
    cli.child.kill(signal);
    const profile = profileOf(await cli.run);
    assert(profile.accounting.weightNs > 4e8, `${profile.accounting.weightNs} ns`);
  });
}

test('stdout closed early: exit code 1, one line, no stack trace', async (t) => {
  const { pid } = await split(t);
  // `true` reads nothing and is gone long before the recording ends.
  const script = `"$0" "$1" record ${pid} -d 0.5 -f json -o - | true; echo "\${PIPESTATUS[0]}"`;
  const result = spawnSync('bash', ['-c', script, process.execPath, program], { encoding: 'utf8' });
  assert.equal(result.stdout, '1\n', result.stderr);
  assert.match(result.stderr, /^prof-tui: cannot write standard output: the reader closed the pipe$/m);
  assert.doesNotMatch(result.stderr, /^ +at /m);
});

test('a slow reader gets all of it', async (t) => {
  const { pid } = await split(t);
  const script = `"$0" "$1" record ${pid} -d 0.5 -f json | { sleep 1; cat; }`;
  const result = spawnSync('bash', ['-c', script, process.execPath, program], { encoding: 'utf8' });
  assert.equal(JSON.parse(result.stdout).target.pid, pid);
});

test('no control codes in a pipe, neither on stdout nor on stderr', async (t) => {
  const { pid } = await split(t);
  for (const args of [['record', pid, '-d', '0.3'], [pid, '-d', '0.3'], ['doctor', pid], ['--help']]) {
    const run = await runCli(args, { env: { FORCE_COLOR: '1', TERM: 'xterm-256color' } });
    assert.equal(run.code, 0, run.stderr);
    assert.doesNotMatch(run.stdout + run.stderr, /[\u0000-\u0008\u000b-\u001f\u007f]/);
  }
});

test('the live view without a terminal is the text report, progress on stderr', async (t) => {
  const { pid } = await split(t);
  const run = await runCli([pid, '-d', '0.5']);
  assert.match(run.stdout, /^ENGINE +cpu/m);
  assert.match(run.stdout, /leaf_seventy/);
  assert.match(run.stderr, /^recording split \[\d+\] with cpu/m);
});

test('hostile names: control codes of the target never reach the output', async (t) => {
  const { pid } = await startFixture(t, 'split', [60, '\u001b[31mred\u0007']);
  for (const format of ['text', 'folded', 'json']) {
    const run = await runCli(['record', pid, '-d', '0.3', '-f', format]);
    assert.doesNotMatch(run.stdout + run.stderr, /[\u001b\u0007]|\\u001b/);
  }
});
