/**
 * A recording as users meet it: it grows while a real process is captured, survives what ends the program, and opens
 * and exports with every weight it was captured with.
 */
import assert from 'node:assert/strict';
import {
  closeSync,
  existsSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { RecordingFile } from '../../src/commands/recording-file.ts';
import { beginRun, summarizeRun } from '../../src/commands/run-summary.ts';
import { loadNative } from '../../src/engine/native.ts';
import { CaptureSession } from '../../src/engine/session.ts';
import { describeTarget } from '../../src/engine/target.ts';
import {
  parseFolded,
  profileOf,
  program,
  type RecordedProfile,
  runCli,
  startCli,
  untilRecording,
} from '../helpers/cli.ts';
import {
  exportedJson,
  parseSpeedscope,
  speedscopeStacks,
  sumStacks,
  totalOf,
  treeStacks,
} from '../helpers/exported.ts';
import { startFixture } from '../helpers/target.ts';
import { openTerminal } from '../helpers/terminal.ts';
import { inclusiveShare } from '../helpers/tree.ts';
import { waitForCpu } from '../helpers/truth.ts';

function folderFor(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'prof-tui-recording-'));
  t.after(() => rmSync(folder, { recursive: true }));
  return folder;
}

async function jsonOf(file: string): Promise<RecordedProfile> {
  return profileOf(await runCli(['export', file, '-f', 'json']));
}

/** The samples and what none of them carries make up the target's CPU clock; events may count a little more than it. */
function assertBalanced({ tree, accounting }: RecordedProfile): void {
  assert.equal(tree.totalNs, Math.max(accounting.weightNs, accounting.cpuTimeNs));
}

test('record -o FILE.proftui, then open and export: the engine, the shape and all weights are in it', async (t) => {
  const { pid } = await startFixture(t, 'split', [60]);
  const file = join(folderFor(t), 'run.proftui');
  const cli = startCli(['record', pid, '-F', 499, '-o', file]);
  await untilRecording(cli);
  await waitForCpu(pid, 1.5e9);
  cli.child.kill('SIGINT');
  const run = await cli.run;
  assert.equal(run.code, 0, run.stderr);
  assert.equal(statSync(file).mode & 0o777, 0o600);
  const said = Number(/(\d+) samples/.exec(run.stderr)?.[1]);

  const profile = await jsonOf(file);
  assert.equal(profile.target.pid, pid);
  assert.equal(
    profile.spans.reduce((sum, span) => sum + span.samples, 0),
    said,
  );
  assertBalanced(profile);
  assert(profile.accounting.weightNs > 5e8);
  const share = inclusiveShare(profile.tree, 'leaf_seventy');
  assert(Math.abs(share - 0.7) < 0.1, `${share}`);

  const report = await runCli(['open', file]);
  assert.equal(report.code, 0, report.stderr);
  assert.match(report.stdout, new RegExp(`^ENGINE +${profile.spans[0]?.engine} `, 'm'));
  assert.match(report.stdout, /leaf_seventy/);

  const speedscope = parseSpeedscope(
    Buffer.from((await runCli(['export', file, '-f', 'speedscope'])).stdout),
  );
  assert.equal(totalOf(speedscopeStacks(speedscope)), Math.round(profile.tree.totalNs));
  const folded = parseFolded((await runCli(['export', file, '-f', 'folded'])).stdout);
  const counts = totalOf(sumStacks(folded.stacks.map(({ frames, count }) => [frames, count] as const)));
  const periodNs = profile.spans[0]?.periodNs ?? Number.NaN;
  assert.equal(counts, Math.round(profile.tree.totalNs / periodNs));

  const again = join(folderFor(t), 'again.proftui');
  // What is there is replaced as a whole.
  writeFileSync(again, 'x'.repeat(1e6));
  assert.equal((await runCli(['export', file, '-o', again])).code, 0);
  const rewritten = await jsonOf(again);
  assert.deepEqual(treeStacks(rewritten.tree), treeStacks(profile.tree));
  assert.deepEqual(rewritten.spans, profile.spans);
  assert.deepEqual(rewritten.accounting, profile.accounting);
});

test('killed while recording: what was captured until a moment before opens, and the end is said to be missing', async (t) => {
  const { pid } = await startFixture(t, 'split', [60]);
  const file = join(folderFor(t), 'run.proftui');
  const cli = startCli(['record', pid, '-F', 499, '-o', file]);
  await untilRecording(cli);
  const first = statSync(file).size;
  // Two more blocks: at least one whole second of samples.
  while (statSync(file).size <= first) await waitForCpu(pid, 3e8);
  const second = statSync(file).size;
  while (statSync(file).size <= second) await waitForCpu(pid, 3e8);
  cli.child.kill('SIGKILL');
  await cli.run;
  const profile = await jsonOf(file);
  assert(profile.accounting.weightNs > 1e8, `${profile.accounting.weightNs} ns`);
  assert.equal(profile.target.pid, pid);
  assert.deepEqual(
    profile.warnings.filter(({ code }) => code === 'recording-cut').map(({ title }) => title.slice(0, 18)),
    ['recording ends at '],
  );
  assertBalanced(profile);
});

test('a disk that is full: the place is named, capture goes on, and all of it is kept elsewhere', async (t) => {
  const { pid } = await startFixture(t, 'split', [60]);
  const run = await runCli(['record', pid, '-d', 1, '-f', 'proftui', '-o', '/dev/full']);
  assert.equal(run.code, 1);
  assert.match(run.stderr, /^▲ \/dev\/full ends here: the disk is full; capture goes on/m);
  const kept =
    /^prof-tui: cannot write \/dev\/full to its end: the disk is full; all that was captured is in (\S+)$/m.exec(
      run.stderr,
    )?.[1];
  assert(kept !== undefined && existsSync(kept), run.stderr);
  t.after(() => rmSync(kept));
  assert((await jsonOf(kept)).accounting.weightNs > 0);
});

test('open shows a recording in the full view: its engine, why, and that nothing is live', async (t) => {
  const { pid } = await startFixture(t, 'split', [60]);
  const file = join(folderFor(t), 'run.proftui');
  assert.equal((await runCli(['record', pid, '-d', 1, '-F', 499, '-o', file])).code, 0);
  const cut = join(folderFor(t), 'cut.proftui');
  writeFileSync(cut, readFileSync(file).subarray(0, -20));
  const terminal = openTerminal([process.execPath, program, 'open', cut], { test: t });
  const { text } = await terminal.shows('RECORDED', 'leaf_seventy');
  assert.match(text, /^ENGINE +(cpu|ctimer|cpu-clock) /m);
  assert.match(text, /^▲ recording ends at 00:00:0/m);
  terminal.press('w');
  await terminal.shows('file       recorded 20', 'spans      00:00:00-00:00:0');
  terminal.press('w', 'r');
  await terminal.shows('a recording stays as it is');
  terminal.press('q');
  assert.deepEqual(await terminal.exit(), { code: 0, signal: 0 });
});

test('what cannot be opened: one line that says why, exit code 1', async (t) => {
  const folder = folderFor(t);
  const file = (name: string, bytes: Buffer | string): string => {
    writeFileSync(join(folder, name), bytes);
    return join(folder, name);
  };
  const future = Buffer.from('PROFTUI\0\u0009\0\0\0', 'latin1');
  const cases: readonly (readonly [path: string, says: RegExp])[] = [
    [join(folder, 'missing'), /no such file$/],
    [folder, /it is a folder$/],
    [file('empty', ''), /it is empty$/],
    [file('future', future), /a recording of version 9; this prof-tui reads version 1$/],
    [file('stump', future.subarray(0, 8)), /cut within its first bytes/],
    [file('noise', Buffer.from([1, 2, 3, 4, 5, 250, 251])), /no format that prof-tui reads/],
  ];
  for (const [path, says] of cases) {
    for (const command of [
      ['open', path],
      ['export', path, '-f', 'json'],
    ]) {
      const run = await runCli(command);
      assert.equal(run.code, 1, `${path}: ${run.stderr}`);
      assert.match(run.stderr, /^prof-tui: cannot open [^\n]*\n$/);
      assert.match(run.stderr.trim(), says);
      assert.equal(run.stdout, '');
    }
  }
});

test('what another tool wrote opens and is written anew; that its engine is unknown stands in every file', async (t) => {
  const file = join(folderFor(t), 'other.folded');
  writeFileSync(file, 'main;work;ksys_read_[k] 300\nmain;[kernel: no symbols] 100\nmain 100\n');
  const report = await runCli(['open', file]);
  assert.equal(report.code, 0, report.stderr);
  assert.match(report.stdout, /^prof-tui \S+ +other\.folded +\d/);
  assert.match(report.stdout, /^ENGINE +unknown \(imported from folded .*\) +asked unknown/m);
  assert.match(report.stdout, /60\.0% +0\.0% +work\n/);
  assert.match(report.stdout, /20\.0% +20\.0% +◆ \[kernel: no symbols\] +kernel/);
  for (const format of ['md', 'html', 'json', 'folded', 'speedscope', 'pprof', 'firefox', 'jfr', 'proftui']) {
    const out = join(folderFor(t), format);
    const run = await runCli(['export', file, '-f', format, '-o', out]);
    assert.equal(run.code, 0, `${format}: ${run.stderr}`);
    const bytes = readFileSync(out);
    const text = (bytes[0] === 0x1f ? gunzipSync(bytes) : bytes).toString('utf8');
    if (format !== 'proftui') assert.match(text, /unknown/, format);
  }
  const folded = (await runCli(['export', file, '-f', 'folded'])).stdout;
  assert.deepEqual(
    parseFolded(folded)
      .stacks.map(({ count }) => count)
      .sort(),
    [100, 100, 300],
  );
});

test('diff: any two files, by share or by time; each one that cannot be opened is named', async (t) => {
  const folder = folderFor(t);
  const [a, b] = [join(folder, 'a.folded'), join(folder, 'b.folded')] as const;
  writeFileSync(a, 'main;parse 60\nmain;write 40\n');
  writeFileSync(b, 'main;parse 20\nmain;write 180\n');
  const byShare = await runCli(['diff', a, b]);
  assert.equal(byShare.code, 0, byShare.stderr);
  assert.match(byShare.stdout, /^ +60\.0% +10\.0% +-50\.0% +parse$/m);
  const byTime = await runCli(['diff', a, b, '--by', 'time']);
  assert.match(byTime.stdout, /^ +40 ms +180 ms +\+140 ms +write$/m);
  const terminal = openTerminal([process.execPath, program, 'diff', a, b], { test: t, cwd: folder });
  await terminal.shows('a.folded to b.folded', 'difference: b.folded compared with a.folded');
  await terminal.until(({ text }) => /^ +-50\.0 +-50\.0 .*parse/m.test(text), 'the difference');
  terminal.press('x', 'ctrl+u');
  terminal.type('report.txt');
  terminal.press('enter');
  await terminal.shows('the report is in report.txt');
  terminal.press('q');
  assert.equal((await terminal.exit()).code, 0);
  const report = join(folder, 'other.txt');
  assert.equal((await runCli(['diff', a, b, '-o', report])).code, 0);
  assert.equal(readFileSync(join(folder, 'report.txt'), 'utf8'), readFileSync(report, 'utf8'));
  const missing = await runCli(['diff', a, join(folder, 'c')]);
  assert.deepEqual([missing.code, missing.stdout], [1, '']);
  assert.match(missing.stderr, /^prof-tui: cannot open \S+c: no such file\n$/);
});

test('in the live view: ! records what was seen before and what comes, x exports; both say where', async (t) => {
  const { pid } = await startFixture(t, 'split', [60]);
  const folder = folderFor(t);
  const terminal = openTerminal([process.execPath, program, String(pid)], { test: t, cwd: folder });
  await terminal.shows('LIVE', 'leaf_seventy');
  terminal.press('!');
  await terminal.shows(`recording to prof-tui-split-${pid}-`, 'REC');
  terminal.press('x');
  await terminal.shows(`export to prof-tui-split-${pid}-`, '.html');
  terminal.press('ctrl+u');
  terminal.type('out.folded');
  await terminal.shows('export to out.folded');
  terminal.press('enter');
  await terminal.shows('folded written to out.folded');
  terminal.press('x', 'ctrl+u');
  terminal.type('out.folded');
  terminal.press('enter');
  await terminal.shows('out.folded is there already');
  // Typed into the prompt, a key that means something elsewhere is text.
  terminal.press('x', 'ctrl+u', 'q');
  await terminal.shows('export to q');
  terminal.press('escape');
  await terminal.until(({ text }) => !text.includes('export to'), 'the prompt to close');
  terminal.press('!');
  await terminal.until(
    ({ text }) => text.includes('recording in prof-tui-') && !text.includes(' REC '),
    'its end',
  );
  terminal.press('!');
  await terminal.shows('REC');
  terminal.press('q');
  assert.deepEqual(await terminal.exit(), { code: 0, signal: 0 });
  assert.match(terminal.screen.text, /^prof-tui: recording in prof-tui-split-\S+\.proftui \(\d+ KiB\)$/m);

  assert(parseFolded(readFileSync(join(folder, 'out.folded'), 'utf8')).stacks.length > 0);
  const recordings = readdirSync(folder).filter((name) => name.endsWith('.proftui'));
  assert.equal(recordings.length, 2);
  for (const name of recordings) {
    const profile = await jsonOf(join(folder, name));
    assertBalanced(profile);
    assert.deepEqual(
      profile.warnings.filter(({ code }) => code === 'recording-cut'),
      [],
    );
    const samples = profile.spans.reduce((sum, span) => sum + span.samples, 0);
    // What was seen before the key is in it: the live view had opened the tree by then.
    assert(samples >= 30, `${samples} samples`);
    assert.equal(statSync(join(folder, name)).mode & 0o777, 0o600);
  }
});

test('an older recording stays until the new one has begun, and then is replaced as a whole', async (t) => {
  const folder = folderFor(t);
  const [old, fresh] = [join(folder, 'old.proftui'), join(folder, 'fresh.proftui')] as const;
  writeFileSync(old, 'x'.repeat(1e6), { mode: 0o644 });
  for (const file of [old, fresh]) {
    const run = await runCli(['record', '-o', file, '--', join(folder, 'no-such-program')]);
    assert.equal(run.code, 1, run.stderr);
  }
  assert.equal(statSync(old).size, 1e6);
  assert.equal(existsSync(fresh), false);
  const run = await runCli(['record', '-o', old, '--', 'sleep', '0.3']);
  assert.equal(run.code, 0, run.stderr);
  assert.equal(statSync(old).mode & 0o777, 0o600);
  assert.equal(
    (await jsonOf(old)).warnings.some(({ code }) => code === 'recording-cut'),
    false,
  );
});

test('a rate changed and counters reset while it is recorded: the file says what the live tree says, to the ns', async (t) => {
  const { pid } = await startFixture(t, 'split', [60]);
  const file = join(folderFor(t), 'run.proftui');
  const session = await CaptureSession.start({
    target: describeTarget(pid),
    asked: 'auto',
    strict: false,
    mayInject: true,
    frequencyHz: 499,
    native: loadNative(),
    workerUrl: new URL('../../dist/symbolizer-worker.js', import.meta.url),
  });
  await waitForCpu(pid, 3e8);
  // Begun in the midst: what was gathered before is in it.
  const begin = beginRun(session);
  const fd = openSync(file, 'wx');
  const recording = new RecordingFile(session, begin, fd, assert.fail);
  await session.changeRate(199);
  await waitForCpu(pid, 3e8);
  await session.changeRate(99);
  session.reset();
  await waitForCpu(pid, 3e8);
  await session.changeRate(499);
  await waitForCpu(pid, 3e8);
  await session.stop();
  recording.end();
  closeSync(fd);
  const live = exportedJson(summarizeRun(session, begin));
  assert(live.spans.length >= 2);
  assert(live.accounting.weightNs > 0);
  const recorded = await jsonOf(file);
  assert.deepEqual(treeStacks(recorded.tree), treeStacks(live.tree));
  assert.equal(recorded.tree.totalNs, live.tree.totalNs);
  assert.deepEqual(recorded.spans, live.spans);
  assert.deepEqual(recorded.accounting, live.accounting);
  assert.deepEqual(recorded.threads, live.threads);
  assert.deepEqual(recorded.warnings, live.warnings);
});
