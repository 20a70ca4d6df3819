/** The process picker of the real program, in a real terminal. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { program } from '../helpers/cli.ts';
import { openLive } from '../helpers/live-program.ts';
import { withSteadyMachine } from '../helpers/sysctl.ts';
import { startFixture } from '../helpers/target.ts';
import { openTerminal, selectedLine } from '../helpers/terminal.ts';

test('without a pid a process is picked by typing, and shown live; the terminal comes back as it was', async (t) => {
  await withSteadyMachine(async () => {
    const target = await startFixture(t, 'split', [60]);
    const terminal = openTerminal([process.execPath, program], { test: t });
    await terminal.shows('pick a process', 'type to narrow', 'COMMAND', '⏎ pick');
    terminal.type(`split ${target.pid}`);
    const screen = await terminal.until(
      (now) => selectedLine(now).includes(String(target.pid)) && now.text.includes('1 of '),
      'the one process',
    );
    assert.match(selectedLine(screen), /split 60\s*$/);
    await terminal.shows(`[${target.pid}]: would run `);
    terminal.press('enter');
    await terminal.until(
      ({ lines }) => lines[0]?.includes(`split 60 [${target.pid}]`) === true && /● LIVE/.test(lines[0]),
      'the live view',
      60_000,
    );
    terminal.press('?');
    await terminal.shows('type to filter');
    terminal.press('escape', 'q');
    assert.deepEqual(await terminal.exit(), { code: 0, signal: 0 });
    assert.match(terminal.screen.text, /^prof-tui: /m);
    assert.equal(terminal.bufferType, 'normal');
  });
});

test('a process that ended between the pick and the attach: the picker is there again, as it was, and says so', async (t) => {
  const terminal = openLive('picker-late', { test: t });
  await terminal.shows('would run');
  terminal.type('postgres');
  await terminal.shows('filter: postgres', '1 of ');
  terminal.press('enter');
  const again = await terminal.shows('no such process: 771');
  assert.match(again.lines[0] ?? '', /filter: postgres/);
  assert.match(selectedLine(again), /postgres: writer/);
  terminal.press('enter');
  await terminal.shows('renderPage');
  terminal.press('q');
  assert.deepEqual(await terminal.exit(), { code: 0, signal: 0 });
});

test('40x12, ASCII, without colour: the picker is complete; esc leaves with code 0', async (t) => {
  const terminal = openTerminal([process.execPath, program, '--ascii', '--no-color'], {
    test: t,
    cols: 40,
    rows: 12,
  });
  await terminal.until(({ text }) => /would run|no engine can run/.test(text), 'the look');
  terminal.resize(100, 30);
  await terminal.shows('USER', 'esc clear, quit');
  terminal.press('q');
  await terminal.shows('filter: q_');
  assert.doesNotMatch(terminal.bytes, /[^\x00-\x7f]|\x1b\[[\d;]*3\dm/);
  terminal.press('escape', 'escape');
  assert.deepEqual(await terminal.exit(), { code: 0, signal: 0 });
  assert.equal(terminal.bufferType, 'normal');
});

test('without a terminal there is nobody to pick: usage error, no control codes', () => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [program], { encoding: 'utf8' });
  assert.equal(status, 2);
  assert.equal(stdout, '');
  assert.match(stderr, /^prof-tui: which process\? give a pid .*\n$/);
});
