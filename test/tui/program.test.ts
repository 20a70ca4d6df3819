/** The whole program on real processes, in a real terminal: what the product promises, seen on its screen. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import { program } from '../helpers/cli.ts';
import { mayActAsRoot } from '../helpers/gates.ts';
import { withSteadyMachine, withSysctls } from '../helpers/sysctl.ts';
import { startFixture } from '../helpers/target.ts';
import {
  lineWith,
  openTerminal,
  selectedLine,
  type TerminalOptions,
  type TestTerminal,
} from '../helpers/terminal.ts';

function open(
  t: TestContext,
  args: readonly (string | number)[],
  options: TerminalOptions = {},
): TestTerminal {
  const command = [process.execPath, program, ...args.map(String)];
  return openTerminal(command, { cols: 120, rows: 34, test: t, ...options });
}

/** The figure in percent that stands before the name on its line. */
function totalOf(line: string): number {
  return Number(/(\d+\.\d)%/.exec(line)?.[1]);
}

test('a running process: names, shares that fit, accounted time; the target goes on when the user quits', async (t) => {
  await withSteadyMachine(async () => {
    const target = await startFixture(t, 'split', [60]);
    const terminal = open(t, [target.pid]);
    const screen = await terminal.until(
      ({ text }) => Number(/(\d+) samples/.exec(text)?.[1]) >= 300 && /accounted \d/.test(text),
      '300 samples',
      60_000,
    );
    assert.match(screen.lines[0] ?? '', new RegExp(`^prof-tui {2}split 60 \\[${target.pid}\\] .*● LIVE`));
    assert.match(screen.lines[1] ?? '', /^ENGINE {2}\S+ .* asked auto/);
    const accounted = Number(/accounted ([\d.]+)%/.exec(screen.text)?.[1]);
    assert.ok(accounted > 90 && accounted < 110, `accounted ${accounted}`);
    const unfolded = await terminal.shows('leaf_seventy', 'leaf_twenty', 'leaf_ten');
    const ratio = totalOf(lineWith(unfolded, 'leaf_seventy')) / totalOf(lineWith(unfolded, 'leaf_twenty'));
    // 3.5 by loop counts; with 300 samples two standard errors reach from 2.4 to 5.2.
    assert.ok(ratio > 2.2 && ratio < 5.6, `70 to 20 seen as ${ratio}`);
    terminal.press('/');
    terminal.type('leaf_ten');
    terminal.press('enter');
    await terminal.selects('leaf_ten');
    terminal.press('enter');
    await terminal.until(({ lines }) => / › leaf_ten/.test(lines.join('\n')), 'zoom in the breadcrumb');
    terminal.press('escape', 'escape');
    await terminal.shows('leaf_seventy');
    terminal.press('q');
    assert.deepEqual(await terminal.exit(), { code: 0, signal: 0 });
    assert.match(terminal.screen.text, /^prof-tui: \S+ \(.+\), accounted [\d.]+% of [\d.]+ s CPU, /m);
    const truth = await target.finish();
    assert.ok(truth.processCpuNs > 0, 'it went on until now');
  });
});

test('the target ends: the view stays, its rows can be read, the summary says why', async (t) => {
  await withSteadyMachine(async () => {
    const target = await startFixture(t, 'split', [5]);
    const terminal = open(t, [target.pid]);
    await terminal.shows('● LIVE');
    await target.ended();
    const screen = await terminal.shows('■ ENDED');
    assert.match(selectedLine(screen), /all threads/);
    terminal.press('o');
    await terminal.until((now) => !selectedLine(now).includes('all threads'), 'the hottest path');
    terminal.press('q');
    assert.deepEqual(await terminal.exit(), { code: 0, signal: 0 });
    assert.match(terminal.screen.text.replaceAll('\n', ''), /prof-tui: .* samples, lost \d+; \S+/);
  });
});

test('hidden kernel symbols: one marked node, a cure to copy, and names as soon as they can be had', async (t) => {
  if (!mayActAsRoot(t, 'kernel.kptr_restrict is changed')) return;
  let restored: TestTerminal | undefined;
  await withSysctls({ 'kernel.kptr_restrict': 2 }, async () => {
    // Started under the lock: others may hold it for minutes.
    const target = await startFixture(t, 'reader', [120, 0]);
    const terminal = open(t, [target.pid], { lifeMs: 120_000 });
    await terminal.shows('▲ kernel symbols hidden');
    await terminal.until(({ text }) => /◆ \[kernel: no symbols\]/.test(text), 'the marked node', 60_000);
    terminal.press('w');
    await terminal.shows('kernel symbols       hidden');
    terminal.press('j', 'j');
    await terminal.shows('cure       sudo sysctl kernel.kptr_restrict=');
    terminal.press('escape');
    restored = terminal;
  });
  assert.ok(restored);
  await restored.until(
    ({ text }) => !text.includes('[kernel: no symbols]') && !text.includes('kernel symbols hidden'),
    'named kernel functions',
    60_000,
  );
  restored.press('/');
  restored.type('read_zero|read_iter_zero|vfs_read');
  restored.press('enter');
  await restored.until((screen) => /kernel/.test(selectedLine(screen)), 'a kernel function by its name');
});

test('kernel fold on a real reader keeps its time within one node', async (t) => {
  await withSteadyMachine(async () => {
    const target = await startFixture(t, 'reader', [60, 0]);
    const terminal = open(t, [target.pid]);
    await terminal.until(({ text }) => Number(/(\d+) samples/.exec(text)?.[1]) >= 200, '200 samples', 60_000);
    terminal.press('E', 'K');
    const screen = await terminal.shows('[kernel]', 'kernel folded');
    const shares = screen.lines.filter((line) => line.includes('[kernel]')).map(totalOf);
    assert.ok(Math.max(...shares) > 10, shares.join(' '));
    terminal.press('K');
    await terminal.until(({ text }) => !text.includes('[kernel]'), 'unfolded');
    terminal.press('q');
    assert.equal((await terminal.exit()).code, 0);
  });
});

test('SIGABRT, as abort() in native code raises it: the terminal is given back although no JavaScript runs', async (t) => {
  const target = await startFixture(t, 'split', [60]);
  const terminal = openTerminal(['bash', '--norc', '--noprofile', '-i'], { test: t, env: { PS1: '$ ' } });
  await terminal.shows('$');
  terminal.type(`before=$(stty -g); ${process.execPath} ${program} ${target.pid}\r`);
  await terminal.until(
    ({ text }) => terminal.bufferType === 'alternate' && text.includes('LIVE'),
    'the live view',
  );
  const children = readFileSync(`/proc/${terminal.pid}/task/${terminal.pid}/children`, 'utf8');
  process.kill(Number(children.trim().split(' ').at(-1)), 'SIGABRT');
  await terminal.until(() => terminal.bufferType === 'normal', 'the normal screen');
  terminal.type('[ "$before" = "$(stty -g)" ] && echo settings-are-""same\r');
  await terminal.shows('settings-are-same');
});

test('under 40x12 with NO_COLOR and a locale without UTF-8 the real program is plain ASCII', async (t) => {
  await withSteadyMachine(async () => {
    const target = await startFixture(t, 'split', [60]);
    const env = { NO_COLOR: '1', LC_ALL: 'C' };
    const terminal = open(t, [target.pid], { cols: 40, rows: 12, env });
    const screen = await terminal.until(({ text }) => /^[> ] *\d+% +- main/m.test(text), 'main', 60_000);
    assert.match(screen.lines[0] ?? '', /^split\[\d+\] \* \S+ acc \d+% lost 0$/);
    assert.doesNotMatch(terminal.bytes, /[^\x00-\x7f]/);
    assert.doesNotMatch(terminal.bytes, /\x1b\[[\d;]*3\dm/);
    terminal.press('q');
    assert.equal((await terminal.exit()).code, 0);
  });
});

test('wall: the banner and the head of every column of numbers say so', async (t) => {
  await withSteadyMachine(async () => {
    const target = await startFixture(t, 'sleepers', [60], { variant: 'noFramePointer' });
    const terminal = open(t, [target.pid, '-e', 'wall']);
    const screen = await terminal.until(({ text }) => /wait_for_ever/.test(text), 'the sleeper', 60_000);
    assert.match(
      screen.lines[1] ?? '',
      /^ENGINE {2}wall {2}all threads, blocked too \(snapshots of all threads\) {2}asked wall {2}accounted - \(wall time\)/,
    );
    assert.match(lineWith(screen, 'FUNCTION'), /WALL▾ +WALL S +ΔWALL WALL 30s +FUNCTION +MODULE/);
    await terminal.until(({ text }) => /◆ \[sleeping: futex\]/.test(text), 'its state and call', 60_000);
    terminal.press('q');
    assert.deepEqual(await terminal.exit(), { code: 0, signal: 0 });
    assert.match(terminal.screen.text, /^prof-tui: wall \(snapshots of all threads\), wall time, /m);
  });
});
