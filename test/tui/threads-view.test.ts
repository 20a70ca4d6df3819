/** The threads view on the screen, and how a choice of threads bounds all other views. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openLive } from '../helpers/live-program.ts';
import { lineWith, type Screen, selectedLine } from '../helpers/terminal.ts';

async function openThreads(
  t: { after(done: () => void): void },
  options: Parameters<typeof openLive>[1] = {},
) {
  const terminal = openLive('still', { test: t, ...options });
  await terminal.shows('all threads', 'main');
  terminal.press('5');
  await terminal.shows('thread-100', 'thread-101');
  return terminal;
}

const without = (word: string) => (screen: Screen) => !screen.text.includes(word);

test('threads: share, name, number, state; the head stays, the details follow', async (t) => {
  const terminal = await openThreads(t);
  const screen = terminal.screen;
  assert.match(screen.lines[0] ?? '', /^prof-tui {2}node server\.js/);
  assert.match(screen.lines[2] ?? '', /^▲ kernel symbols hidden/);
  assert.match(screen.lines[3] ?? '', /^threads 2/);
  assert.match(screen.lines[4] ?? '', /^ TOTAL▾ +CPU +THREAD +TID +STATE +LAST 30s +HOTTEST$/);
  assert.match(selectedLine(screen), /^>100\.0% +all threads/);
  assert.match(lineWith(screen, 'thread-100'), /^ {2}77\.0% +thread-100 +100 +run/);
  await terminal.until(
    (now) =>
      /fs::ReadFile › read$/.test(lineWith(now, 'thread-100')) &&
      /deflate_slow › longest_match$/.test(lineWith(now, 'thread-101')),
    'the hottest function of each',
  );
  assert.match(lineWith(screen, 'thread-101'), /^ {2}23\.0% +thread-101 +101 +sleep/);
  terminal.press('j', 'j');
  await terminal.selects('thread-101');
  await terminal.shows('thread-101   thread 101   sleep', 'total 23.0% 232 ms', '23 samples');
  assert.match(terminal.screen.lines.at(-1) ?? '', /^⏎ only this {2}t in, out {2}jk move .*q quit$/);
});

test('threads: enter shows the tree of one, every view is bounded to it, esc ends that', async (t) => {
  const terminal = await openThreads(t);
  terminal.press('j', 'j', 'enter');
  await terminal.shows('only thread 101 thread-101', 'TOTAL▾    SELF', 'deflate_slow');
  // The whole tree stands until that of the thread has been summed.
  const isBounded = ({ lines }: Screen) => /^> +23 +0 .*▾ thread 101 thread-101/.test(lines[5] ?? '');
  const tree = await terminal.until(isBounded, 'the tree of the thread');
  assert.ok(!tree.text.includes('renderPage'), tree.text);
  assert.match(lineWith(tree, 'deflate_slow'), / 23 +6 /);
  terminal.press('2');
  const bottomUp = await terminal.shows('bottom-up of all', 'only thread 101', '▸ longest_match');
  assert.match(lineWith(bottomUp, 'longest_match'), / 17 +17 /);
  assert.ok(without('escapeHtml')(bottomUp));
  terminal.press('3');
  const flame = await terminal.shows('icicle', 'longest_match 17');
  assert.ok(without('renderPage')(flame));
  terminal.press('5');
  const threads = await terminal.shows('● thread-101');
  assert.match(lineWith(threads, 'thread-100'), / 77\.0% /);
  terminal.press('1', 'escape');
  await terminal.until(
    (screen) => without('only thread')(screen) && screen.text.includes('renderPage'),
    'all',
  );
});

test('threads: t opens the view, takes threads in and out, the first row is all of them', async (t) => {
  const terminal = openLive('still', { test: t });
  await terminal.shows('escapeHtml');
  terminal.press('t', 'j', 't', 'j', 't');
  await terminal.shows('● thread-100', '● thread-101', 'only 2 threads');
  terminal.press('t');
  await terminal.shows('only thread 100 thread-100');
  terminal.press('1');
  await terminal.until(
    (screen) => screen.text.includes('fs::ReadFile') && without('deflate_slow')(screen),
    'thread 100 alone',
  );
  terminal.press('5', 'g', 'enter');
  await terminal.shows('deflate_slow', 'TOTAL▾    SELF');
  assert.ok(without('only thread')(terminal.screen));
});

test('threads: names and numbers are found, sort and units are the same keys', async (t) => {
  const terminal = await openThreads(t);
  terminal.press('/');
  terminal.type('101$');
  await terminal.shows('1 match');
  terminal.press('enter');
  await terminal.selects('thread-101');
  terminal.press('escape', 'S');
  const reversed = await terminal.shows('TOTAL▴');
  assert.ok(reversed.text.indexOf('thread-101') < reversed.text.indexOf('thread-100'));
  terminal.press('%');
  await terminal.until((screen) => /^>232 ms/m.test(screen.text), 'time');
});

test('threads: a click selects, a second one shows only that thread', async (t) => {
  const terminal = await openThreads(t);
  const y = terminal.screen.lines.findIndex((line) => line.includes('thread-101')) + 1;
  terminal.type(`\x1b[<0;20;${y}M\x1b[<0;20;${y}m`);
  await terminal.selects('thread-101');
  terminal.type(`\x1b[<0;20;${y}M\x1b[<0;20;${y}m`);
  await terminal.shows('only thread 101', 'deflate_slow');
});

test('threads: a bounded view grows with the data; pause freezes list and choice', async (t) => {
  const terminal = openLive('live', { test: t });
  await terminal.shows('escapeHtml');
  terminal.press('5', 'j', 'j', 'enter', '%', '%');
  const first = await terminal.until(({ text }) => /^> +\d+ .*thread 101/m.test(text), 'samples');
  const row = selectedLine(first);
  await terminal.until(
    (screen) => selectedLine(screen) !== row && /thread 101/.test(selectedLine(screen)),
    'more',
  );
  terminal.press('space');
  const paused = selectedLine(await terminal.shows('PAUSED +'));
  terminal.press('5', 'k', 'enter');
  await terminal.shows('another choice of threads needs the live view');
  const frozen = lineWith(terminal.screen, 'thread-100').slice(0, 40);
  const later = await terminal.until(({ text }) => / PAUSED \+[3-9]\d\d samples/.test(text), '300 samples');
  assert.equal(lineWith(later, 'thread-100').slice(0, 40), frozen);
  terminal.press('1');
  await terminal.until(
    (screen) => screen.text.includes('FUNCTION') && selectedLine(screen) === paused,
    'as frozen',
  );
  terminal.press('space', 'r');
  await terminal.shows('counters begin anew', 'only thread 101');
});

for (const [cols, rows, flags] of [
  [80, 24, []],
  [40, 12, []],
  [100, 30, ['--no-color']],
  [40, 12, ['--ascii']],
] as const) {
  test(`threads at ${cols}x${rows} ${flags.join(' ')}`, async (t) => {
    const terminal = await openThreads(t, { cols, rows, flags });
    assert.match(lineWith(terminal.screen, 'thread-101'), /23(\.0)?% .*thread-101 +101 +sleep/);
    terminal.press('j', 't');
    await terminal.shows(`${flags[0] === '--ascii' ? '*' : '●'} thread-100`);
    terminal.press('1');
    await terminal.shows('thread 100 thread-100', 'renderPage');
    if (flags[0] === '--ascii') assert.doesNotMatch(terminal.bytes, /[^\x00-\x7f]/);
  });
}

test('threads: an empty profile has one row, and nothing to choose', async (t) => {
  const terminal = openLive('empty', { test: t });
  await terminal.shows('all threads');
  terminal.press('5', 'j', 't', 'enter');
  await terminal.shows('TOTAL▾    SELF');
  terminal.press('5');
  await terminal.until((screen) => /^> +0 +all threads/.test(selectedLine(screen)), 'one row');
});
