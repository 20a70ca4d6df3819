/** The flame view on the screen: its keys, its sizes, what it does without colour, and profiles of odd shapes. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openLive } from '../helpers/live-program.ts';
import type { Screen, TestTerminal } from '../helpers/terminal.ts';

/** The row of the screen that a frame stands on. */
function rowOf(screen: Screen, name: string): number {
  return screen.lines.findIndex((line) => line.includes(name));
}

/** The selected frame is marked `>`, and so it can be told in every mode. */
function selectsFrame(terminal: TestTerminal, name: string): Promise<Screen> {
  return terminal.shows(`>${name}`);
}

async function openFlame(t: { after(done: () => void): void }, options: Parameters<typeof openLive>[1] = {}) {
  const terminal = openLive('still', { test: t, ...options });
  await terminal.shows('all threads');
  terminal.press('3');
  await selectsFrame(terminal, 'all threads');
  return terminal;
}

test('flame: the head stays, callees stand below their caller, marked nodes carry their mark', async (t) => {
  const terminal = await openFlame(t, { flags: ['--no-color'] });
  const screen = await terminal.shows('renderPage 47.0%');
  assert.match(screen.lines[0] ?? '', /^prof-tui {2}node server\.js/);
  assert.match(screen.lines[1] ?? '', /^ENGINE {2}cpu /);
  assert.match(screen.lines[2] ?? '', /^▲ kernel symbols hidden/);
  assert.equal(
    screen.lines[4],
    'icicle, root above   █ user  ▒ kernel  ░ jit  ▓ match   ◆ marked   ▐ 1 frame too narrow',
  );
  assert.match(screen.lines[5] ?? '', /^>all threads 100\.0% +▌$/);
  assert.match(screen.lines[6] ?? '', /^█ main 99\.0% █+▌▐$/);
  assert.match(
    screen.lines[8] ?? '',
    /^█ Server\.handle 47\.0% █+▌█ fs::ReadFile 29\.0% █+▌█ deflate_slow 23\.0% █+▌$/,
  );
  assert.match(screen.lines[10] ?? '', /^█ escapeHtml 22\.0% █*▌ +░ ◆ \[kernel: no symbols\] ░+▌$/);
  assert.match(screen.lines.at(-1) ?? '', /^jkhl move .*⏎ zoom {2}esc back {2}1-5 views/);
});

test('flame: keys walk the frames, the details follow', async (t) => {
  const terminal = await openFlame(t);
  terminal.press('j', 'down', 'j', 'j');
  await selectsFrame(terminal, 'renderPage');
  await terminal.shows('total 47.0%', 'self 25.0%');
  terminal.press('l');
  await selectsFrame(terminal, 'read');
  terminal.press('right');
  await selectsFrame(terminal, 'longest_match');
  terminal.press('right', 'h', 'left');
  await selectsFrame(terminal, 'renderPage');
  terminal.press('}', '{', 'k');
  await selectsFrame(terminal, 'Server.handle');
  terminal.press('up');
  await selectsFrame(terminal, 'uv_run');
  terminal.press('G');
  await selectsFrame(terminal, 'escapeHtml');
  terminal.press('g');
  await selectsFrame(terminal, 'all threads');
  terminal.press('ctrl+d');
  await selectsFrame(terminal, 'escapeHtml');
  terminal.press('ctrl+u');
  await selectsFrame(terminal, 'all threads');
  terminal.press('o');
  await selectsFrame(terminal, 'renderPage');
  terminal.press('y');
  await terminal.shows("name sent to the terminal's clipboard");
});

test('flame: enter zooms and makes room, esc and backspace go back, the tree keeps zoom and selection', async (t) => {
  const terminal = await openFlame(t);
  terminal.press('j', 'j', 'j', 'enter');
  const zoomed = await terminal.shows('all › main › uv_run › Server.handle');
  assert.equal(rowOf(zoomed, '>Server.handle 47.0%'), 5);
  assert.ok(!zoomed.text.includes('deflate_slow'), zoomed.text);
  terminal.press('j', 'enter');
  await terminal.shows('Server.handle › renderPage');
  terminal.press('backspace', '1');
  await terminal.shows('TOTAL');
  const tree = await terminal.selects('renderPage');
  assert.match(tree.lines[5] ?? '', /^ +47\.0% .*▾ Server\.handle/);
  terminal.press('3', 'escape');
  const out = await terminal.shows('deflate_slow');
  assert.equal(rowOf(out, '>Server.handle'), 8);
});

test('flame: a frame in a closed part of the tree is revealed there', async (t) => {
  const terminal = await openFlame(t);
  terminal.press('j', 'j', 'j', 'l', 'j', 'j');
  await selectsFrame(terminal, '◆ [kernel: no symbols]');
  terminal.press('shift+tab');
  await terminal.shows('TOTAL');
  await terminal.selects('[kernel: no symbols]');
  terminal.press('tab');
  await selectsFrame(terminal, '◆ [kernel: no symbols]');
});

test('flame: I flips it, the root stands below and j still goes down', async (t) => {
  const terminal = await openFlame(t);
  terminal.press('I');
  const flipped = await terminal.shows('flame, root below');
  const last = rowOf(flipped, '───') - 1;
  assert.match(flipped.lines[last] ?? '', /^>all threads/);
  assert.match(flipped.lines[last - 1] ?? '', /main 99\.0%/);
  terminal.press('k', 'k');
  await selectsFrame(terminal, 'uv_run');
  terminal.press('j');
  await selectsFrame(terminal, 'main');
  terminal.press('I');
  await terminal.shows('icicle, root above');
});

test('flame: a search marks its frames and n goes through them', async (t) => {
  const terminal = await openFlame(t, { flags: ['--no-color'] });
  terminal.press('/');
  terminal.type('read$|Page');
  await terminal.shows('2 matches, 76.0% of time');
  terminal.press('enter');
  await selectsFrame(terminal, 'renderPage');
  const found = await terminal.shows('▓ read 29.0% ▓');
  const y = rowOf(found, '▓ read');
  const cell = terminal.cell((found.lines[y] ?? '').indexOf('read'), y);
  assert.ok(cell.isBold && cell.isUnderlined);
  terminal.press('n');
  await selectsFrame(terminal, 'read');
  terminal.press('N');
  await selectsFrame(terminal, 'renderPage');
  terminal.press('escape');
  await terminal.until(({ text }) => !text.includes('▓ read'), 'no mark after the search');
});

test('flame: in colour a module and a kind have their own, the rest is as without', async (t) => {
  const terminal = await openFlame(t);
  const screen = await terminal.shows('renderPage 47.0%');
  const backgroundAt = (name: string) => {
    const y = rowOf(screen, name);
    return terminal.cell((screen.lines[y] ?? '').indexOf(name), y).background;
  };
  assert.deepEqual(backgroundAt('uv_run'), backgroundAt('renderPage'));
  assert.notDeepEqual(backgroundAt('uv_run'), backgroundAt('deflate_slow'));
  assert.deepEqual(backgroundAt('◆ [kernel: no'), { kind: 'palette', value: 5 });
});

test('flame: a click selects a frame, a second one zooms', async (t) => {
  const terminal = await openFlame(t);
  const screen = await terminal.shows('fs::ReadFile');
  const y = rowOf(screen, 'fs::ReadFile') + 1;
  const x = (screen.lines[y - 1] ?? '').indexOf('fs::ReadFile') + 1;
  terminal.type(`\x1b[<0;${x};${y}M\x1b[<0;${x};${y}m`);
  await selectsFrame(terminal, 'fs::ReadFile');
  terminal.type(`\x1b[<0;${x};${y}M\x1b[<0;${x};${y}m`);
  await terminal.shows('all › main › uv_run › fs::ReadFile');
});

for (const [cols, rows] of [
  [100, 30],
  [80, 24],
  [40, 12],
] as const) {
  for (const flags of [[], ['--no-color'], ['--ascii']]) {
    test(`flame at ${cols}x${rows} ${flags.join(' ')}: frames, notice, details and keys`, async (t) => {
      const terminal = await openFlame(t, { cols, rows, flags });
      const screen = await terminal.shows('renderPage');
      const notice = rowOf(screen, 'kernel symbols');
      assert.equal(notice, rows >= 14 ? 2 : 1);
      assert.ok(rowOf(screen, 'main') > notice, screen.text);
      assert.equal(rowOf(screen, 'Server.handle'), rowOf(screen, '>all threads') + 3);
      assert.match(screen.lines.at(-1) ?? '', /^jkhl move .*\? help {2}q quit$/);
      if (flags.includes('--ascii')) assert.doesNotMatch(terminal.bytes, /[^\x00-\x7f]/);
    });
  }
}

test('flame: live data moves widths, the selection stays, and space freezes it', async (t) => {
  const terminal = openLive('live', { test: t });
  await terminal.shows('all threads');
  terminal.press('3', '%', '%', 'j');
  const first = await selectsFrame(terminal, 'main');
  const [, before = ''] = />main (\S+)/.exec(first.text) ?? [];
  await terminal.until(
    ({ text }) => text.includes('>main') && !text.includes(`>main ${before} `),
    'more samples',
  );
  terminal.press('space');
  const paused = await terminal.shows('PAUSED +');
  const [frozen = ''] = />main \S+/.exec(paused.text) ?? [];
  const later = await terminal.until(({ text }) => / PAUSED \+[3-9]\d\d samples/.test(text), '300 samples');
  assert.ok(later.text.includes(frozen), later.text);
});

test('flame: hostile names neither move the cursor nor spill over their frame', async (t) => {
  const terminal = openLive('hostile', { test: t });
  await terminal.shows('main');
  terminal.press('3');
  const screen = await terminal.shows('>all threads', '日本語の関数名');
  assert.ok(!terminal.bytes.includes('\x1b[2J') && !terminal.bytes.includes('\x1b]0;'));
  assert.ok(!screen.text.includes('\u202e'));
  assert.ok(
    screen.lines.every((line) => !/clear/.test(line) || line.includes('clear·[2J')),
    screen.text,
  );
});

test('flame: an empty profile and a single sample', async (t) => {
  const empty = openLive('empty', { test: t });
  await empty.shows('all threads');
  empty.press('3', 'j', 'l', 'enter', 'escape', 'I');
  await empty.shows('>all threads 0', 'flame, root below');
  const one = openLive('one', { test: t });
  await one.shows('all threads');
  one.press('3', 'j', 'j', 'j');
  const screen = await one.shows('>work 1');
  assert.ok(rowOf(screen, 'main 1') > 0);
});

test('flame: ten thousand children are one block that says so; a match among them is out of reach', async (t) => {
  const terminal = openLive('wide', { test: t });
  await terminal.shows('main');
  terminal.press('3');
  const screen = await terminal.shows('▐ 10,000 frames too narrow', ' 10,000 frames ');
  assert.match(screen.lines[rowOf(screen, 'busy')] ?? '', /busy 33\.3% +▌▐▐ 10,000 frames ▐+$/);
  terminal.press('/');
  terminal.type('child_77$');
  await terminal.shows('1 match');
  terminal.press('enter');
  await terminal.shows('every match is narrower than a cell');
});

test('flame: a stack 5,000 frames deep is scrolled through, down and up', async (t) => {
  const terminal = openLive('deep', { test: t });
  await terminal.shows('level_0');
  terminal.press('3', 'G');
  await selectsFrame(terminal, 'level_4999');
  terminal.press('k');
  await selectsFrame(terminal, 'level_4998');
  terminal.press('g');
  await terminal.shows('>all threads', 'other 40.0%');
  terminal.press('ctrl+d', 'ctrl+d', 'ctrl+d', 'ctrl+d');
  await selectsFrame(terminal, 'level_39 60.0%');
  terminal.press('k', 'k');
  await selectsFrame(terminal, 'level_37 60.0%');
});
