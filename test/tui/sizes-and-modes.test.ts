/** Every size of the terminal, and every way of saying that it shows less than colour and Unicode. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openLive } from '../helpers/live-program.ts';
import { type Cell, selectedLine, type TestTerminal } from '../helpers/terminal.ts';

function isColoured(cell: Cell): boolean {
  return cell.foreground !== undefined || cell.background !== undefined;
}

function cellsOf(terminal: TestTerminal) {
  const { lines } = terminal.screen;
  return lines.flatMap((_, y) =>
    Array.from({ length: terminal.emulator.cols }, (_, x) => terminal.cell(x, y)),
  );
}

test('40x12 is complete: engine, accounted, notice, tree, details, keys', async (t) => {
  const terminal = openLive('still', { test: t, cols: 40, rows: 12 });
  const screen = await terminal.shows('escapeHtml');
  assert.equal(screen.lines[0], 'node[4242] ● cpu acc 100% lost 0');
  assert.match(screen.lines[1] ?? '', /^▲ kernel symbols hidden .*… w$/);
  assert.equal(screen.lines[2], '>100% ▾ all threads');
  assert.equal(screen.lines[6], '  47%     ▾ renderPage');
  assert.equal(screen.lines[10], 'all threads  self 0.0%');
  assert.match(screen.lines[11] ?? '', /^jk move .*\? help {2}q quit$/);
});

test('40x12: help scrolls to its end and the why panel shows the cure', async (t) => {
  const terminal = openLive('still', { test: t, cols: 40, rows: 12 });
  await terminal.shows('escapeHtml');
  terminal.press('?');
  await terminal.shows('MOVE', 'esc closes  ↑↓ scroll');
  terminal.press('end');
  await terminal.shows('suspend (fg comes back)', 'EVERYWHERE');
  terminal.press('escape', 'w', 'j');
  await terminal.shows('> kernel symb', 'sudo sysctl', 'kernel.kptr_restrict=0', 'esc close');
});

test('columns go in their order as the terminal narrows', async (t) => {
  const terminal = openLive('still', { test: t, cols: 120, rows: 20 });
  await terminal.shows('LAST 30s', 'MODULE', 'SELF');
  terminal.resize(80, 20);
  await terminal.until(({ text }) => !text.includes('LAST 30s') && text.includes('MODULE'), 'no history');
  terminal.resize(66, 20);
  await terminal.until(({ text }) => !text.includes('MODULE') && text.includes('SELF'), 'no module');
  terminal.resize(56, 20);
  await terminal.until(({ text }) => !text.includes('SELF') && text.includes('TOTAL'), 'no self');
});

test('a storm of sizes ends in the right picture, and the tiniest does not end the program', async (t) => {
  const terminal = openLive('live', { test: t, cols: 200, rows: 60 });
  await terminal.shows('escapeHtml');
  const storm = [
    [10, 3],
    [1, 1],
    [200, 2],
    [2, 60],
    [19, 4],
    [40, 12],
    [300, 90],
    [1, 1],
  ] as const;
  for (const [cols, rows] of storm) {
    terminal.resize(cols, rows);
    await new Promise((resolve) => setTimeout(resolve, 30));
  }
  terminal.resize(10, 3);
  await terminal.shows('too small');
  terminal.resize(100, 30);
  const screen = await terminal.shows('prof-tui  node server.js [4242]', 'escapeHtml', 'q quit');
  assert.match(screen.lines[29] ?? '', /^jk move/);
});

test('the selection stays in view when the screen shrinks', async (t) => {
  const terminal = openLive('still', { test: t });
  await terminal.shows('escapeHtml');
  terminal.press('G');
  await terminal.selects('_start');
  terminal.resize(100, 8);
  const screen = await terminal.until(
    ({ lines }) => lines.length === 8 && /jk move/.test(lines[7] ?? ''),
    '8 rows',
  );
  assert.match(selectedLine(screen), /_start/);
});

test('--no-color: no cell has a colour, and the warning and the selection are still marked', async (t) => {
  const terminal = openLive('still', { test: t, flags: ['--no-color'] });
  const screen = await terminal.shows('escapeHtml');
  assert.ok(cellsOf(terminal).every((cell) => !isColoured(cell)));
  const y = screen.lines.indexOf(selectedLine(screen));
  assert.ok(terminal.cell(2, y).isInverse);
  assert.match(screen.lines[2] ?? '', /^▲/);
});

test('with colour the live mark, the warning and marked nodes are coloured', async (t) => {
  const terminal = openLive('still', { test: t });
  await terminal.shows('escapeHtml');
  terminal.press('E');
  const screen = await terminal.shows('◆ [kernel: no symbols]');
  const at = (text: string) => {
    const y = screen.lines.findIndex((line) => line.includes(text));
    return terminal.cell((screen.lines[y] ?? '').indexOf(text), y);
  };
  assert.ok(isColoured(at('● LIVE')));
  assert.ok(isColoured(at('▲')));
  assert.ok(isColoured(at('[kernel: no')));
  assert.ok(!isColoured(at('Server.handle')));
});

for (const [why, options] of [
  ['--ascii', { flags: ['--ascii'] }],
  ['a locale without UTF-8', { env: { LC_ALL: 'C' } }],
] as const) {
  test(`${why}: every cell is ASCII, help and panels too`, async (t) => {
    const terminal = openLive('still', { test: t, ...options });
    await terminal.shows('* LIVE', '! kernel symbols', '- all threads');
    terminal.press('E', 'w');
    await terminal.shows('+---', '| asked');
    terminal.press('escape', '/');
    await terminal.shows('Ent accept');
    terminal.press('escape', '?');
    await terminal.shows('Keys', 'MOVE');
    terminal.press('escape');
    await terminal.shows('# [kernel: no symbols]');
    assert.doesNotMatch(terminal.bytes, /[^\x00-\x7f]/);
  });
}

test('hostile names in ASCII mode stay ASCII', async (t) => {
  const terminal = openLive('hostile', { test: t, flags: ['--ascii'] });
  await terminal.shows('clear?[2J');
  assert.doesNotMatch(terminal.bytes, /[^\x00-\x7f]/);
});

test('CI=true changes nothing: it draws, takes keys and follows the size', async (t) => {
  const terminal = openLive('live', { test: t, env: { CI: 'true', CONTINUOUS_INTEGRATION: '1' } });
  await terminal.shows('escapeHtml', 'LIVE');
  terminal.press('j');
  await terminal.selects('main');
  terminal.resize(40, 12);
  await terminal.shows('node[4242]');
  terminal.press('?');
  await terminal.shows('type to filter');
});

test('300x100: every view is drawn to the last line, with the timeline, and keys answer', async (t) => {
  const terminal = openLive('timed', { test: t, cols: 300, rows: 100 });
  await terminal.shows('deflate_slow', '[ ] or drag');
  for (const [view, words] of [
    ['2', 'bottom-up of all'],
    ['3', 'icicle, root above'],
    ['4', 'functions of all'],
    ['5', 'STATE'],
    ['1', 'TOTAL'],
  ] as const) {
    terminal.press(view);
    const { lines } = await terminal.until(
      ({ text, lines: shown }) => text.includes(words) && / q quit *$/.test(shown[99] ?? ''),
      words,
    );
    assert.match(lines[0] ?? '', /^prof-tui {2}node server\.js/);
  }
});
