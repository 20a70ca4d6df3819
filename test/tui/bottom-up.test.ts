/** The bottom-up view on the screen, and how selection, zoom and search go along between it and the tree. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openLive } from '../helpers/live-program.ts';
import { lineWith, type Screen, selectedLine } from '../helpers/terminal.ts';

const isBottomUp = ({ text }: Screen) => text.includes('[kernel: no symbols]') && !/[▾-] main/.test(text);

async function openBottomUp(
  t: { after(done: () => void): void },
  options: Parameters<typeof openLive>[1] = {},
) {
  const terminal = openLive('still', { test: t, ...options });
  await terminal.shows('all threads', 'escapeHtml');
  terminal.press('2');
  await terminal.until(isBottomUp, 'the bottom-up view');
  return terminal;
}

test('bottom-up: functions by self time, callers below, marked nodes in their place', async (t) => {
  const terminal = await openBottomUp(t);
  const screen = terminal.screen;
  assert.match(screen.lines[0] ?? '', /^prof-tui {2}node server\.js/);
  assert.match(screen.lines[2] ?? '', /^▲ kernel symbols hidden/);
  assert.match(screen.lines[3] ?? '', /^bottom-up of all/);
  assert.match(screen.lines[4] ?? '', /TOTAL▾ +SELF +Δ10s LAST 30s +FUNCTION +MODULE/);
  const names = screen.lines
    .slice(5, 12)
    .map((line) => line.replace(/^.*[▾▸·] ?/, '').replace(/ {2,}.*/, ''));
  assert.deepEqual(names, [
    'all threads',
    '◆ [kernel: no symbols]',
    'renderPage',
    'escapeHtml',
    'longest_match',
    'deflate_slow',
    '_start',
  ]);
  terminal.press('j', 'l');
  await terminal.selects('[kernel: no symbols]');
  const open = await terminal.until(
    (now) => / 29\.0% +0\.0% .*▸ read +libc\.so\.6/.test(now.text),
    'its caller',
  );
  assert.match(selectedLine(open), /^> 29\.0% +29\.0% .*▾◆ \[kernel: no symbols\] +kernel/);
  terminal.press('o');
  await terminal.selects('main');
  terminal.press('Y');
  await terminal.shows("stack sent to the terminal's clipboard");
  const stack = 'main\nuv_run\nfs::ReadFile\nread\n[kernel: no symbols]';
  assert.ok(terminal.bytes.includes(Buffer.from(stack).toString('base64')));
});

test('bottom-up: the function under the cursor goes along to it and back', async (t) => {
  const terminal = openLive('still', { test: t });
  await terminal.shows('escapeHtml');
  terminal.press('/');
  terminal.type('escape');
  terminal.press('enter');
  await terminal.selects('escapeHtml');
  terminal.press('i');
  await terminal.until(
    (screen) => /^> 22\.0% +22\.0% .*▸ escapeHtml/.test(selectedLine(screen)),
    'at the top',
  );
  terminal.press('l', 'l', 'j');
  await terminal.selects('longest_match');
  terminal.press('i');
  await terminal.until((screen) => /^> 17\.0% .*· longest_match/.test(selectedLine(screen)), 'its place');
});

test('bottom-up: zoom of the tree bounds it, esc leaves its own zoom first, then that one', async (t) => {
  const terminal = openLive('still', { test: t });
  await terminal.shows('escapeHtml');
  terminal.press('j', 'j', 'j');
  await terminal.selects('Server.handle');
  terminal.press('enter', '2');
  const screen = await terminal.shows('bottom-up of all › main › uv_run › Server.handle', '▸ renderPage');
  assert.ok(!screen.text.includes('longest_match'), screen.text);
  assert.match(lineWith(screen, '▸ renderPage'), / 53\.2% /);
  terminal.press('j', 'l', 'enter');
  await terminal.shows('zoom renderPage');
  terminal.press('escape');
  await terminal.until(({ text }) => !text.includes('zoom renderPage'), 'out of its own zoom');
  terminal.press('escape');
  await terminal.shows('longest_match');
  terminal.press('1');
  await terminal.shows('deflate_slow', 'all  ');
});

test('bottom-up: a search goes along, and n finds in it', async (t) => {
  const terminal = openLive('still', { test: t });
  await terminal.shows('escapeHtml');
  terminal.press('/');
  terminal.type('deflate|longest');
  terminal.press('enter');
  await terminal.selects('deflate_slow');
  terminal.press('2');
  await terminal.shows('find /deflate|longest/ 2 matches, 23.0% of time', 'bottom-up');
  await terminal.selects('deflate_slow');
  terminal.press('n');
  await terminal.selects('longest_match');
});

test('bottom-up: sort, reverse, close all, open all, units and details', async (t) => {
  const terminal = await openBottomUp(t);
  terminal.press('s', 's');
  const byName = await terminal.shows('FUNCTION▾');
  assert.ok(byName.text.indexOf('_start') < byName.text.indexOf('deflate_slow'));
  terminal.press('S');
  await terminal.shows('FUNCTION▴');
  terminal.press('E');
  const open = await terminal.until(({ text }) => (text.match(/· main/g) ?? []).length >= 3, 'all callers');
  assert.ok(open.text.includes('▾ renderPage'));
  terminal.press('W', 'l');
  await terminal.until(({ text }) => !text.includes('main'), 'closed');
  terminal.press('%');
  await terminal.shows('293 ms');
  terminal.press('%', 'G');
  await terminal.until((screen) => / 29 +29 /.test(lineWith(screen, '[kernel: no symbols]')), 'samples');
  await terminal.shows('callers 1');
});

for (const [cols, rows, flags] of [
  [80, 24, []],
  [40, 12, []],
  [100, 30, ['--no-color']],
  [40, 12, ['--ascii']],
] as const) {
  test(`bottom-up at ${cols}x${rows} ${flags.join(' ')}`, async (t) => {
    const terminal = await openBottomUp(t, { cols, rows, flags });
    const screen = await terminal.shows('longest_match', 'renderPage');
    assert.match(screen.lines.at(-1) ?? '', /^jk move .*\? help {2}q quit$/);
    terminal.press('j');
    await terminal.selects('[kernel: no symbols]');
    if (flags[0] === '--ascii') assert.doesNotMatch(terminal.bytes, /[^\x00-\x7f]/);
  });
}

test('bottom-up: live data changes figures, pause freezes them, reset and kernel fold are followed', async (t) => {
  const terminal = openLive('live', { test: t });
  await terminal.shows('escapeHtml');
  terminal.press('2', '%', '%');
  const first = await terminal.until(({ text }) => /\d +\d+ .*▸ escapeHtml/.test(text), 'rows');
  const row = lineWith(first, 'escapeHtml');
  await terminal.until((screen) => lineWith(screen, 'escapeHtml') !== row, 'more samples');
  terminal.press('space');
  const paused = await terminal.shows('PAUSED +');
  const frozen = lineWith(paused, 'renderPage').slice(0, 20);
  const later = await terminal.until(({ text }) => / PAUSED \+[3-9]\d\d samples/.test(text), '300 samples');
  assert.equal(lineWith(later, 'renderPage').slice(0, 20), frozen);
  terminal.press('space', 'K');
  await terminal.until(({ text }) => /[▸▾] \[kernel\] /.test(text), 'folded');
});

test('bottom-up: late names come into place', async (t) => {
  const terminal = openLive('late-names', { test: t });
  await terminal.shows('fn_0');
  terminal.press('2');
  await terminal.shows('bottom-up of all', 'fn_4');
  terminal.signal('SIGUSR2');
  await terminal.until(({ text }) => text.includes('escapeHtml') && !text.includes('fn_'), 'names');
});

test('bottom-up: empty, one sample, ten thousand functions, a stack 5,000 frames deep', async (t) => {
  const empty = openLive('empty', { test: t });
  await empty.shows('all threads');
  empty.press('2', 'j', 'l', 'o', 'enter', 'escape', 'E');
  await empty.until(({ text }) => text.includes('bottom-up of all') && /^> +0 /m.test(text), 'an empty list');
  const one = openLive('one', { test: t });
  await one.shows('all threads');
  one.press('2', 'G', 'l', 'l');
  await one.selects('main');
  const wide = openLive('wide', { test: t });
  await wide.shows('main');
  wide.press('2');
  await wide.shows('▸ busy');
  wide.press('G');
  await wide.until(({ text }) => /^> .*child_9999/m.test(text), 'the last of ten thousand');
  const deep = openLive('deep', { test: t });
  await deep.shows('level_0');
  deep.press('2');
  await deep.shows('level_4999');
  deep.press('j', 'o');
  await deep.selects('level_0');
});

test('bottom-up: hostile names stay harmless', async (t) => {
  const terminal = openLive('hostile', { test: t });
  await terminal.shows('main');
  terminal.press('2');
  await terminal.shows('bottom-up of all', 'clear·[2J·]0;title·screen');
  assert.ok(!terminal.bytes.includes('\x1b[2J') && !terminal.bytes.includes('\x1b]0;'));
});
