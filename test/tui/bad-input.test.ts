/**
 * Whatever a hostile or an odd program gives: names of 4 kB, control characters in every place that has a name, right to
 * left text, nothing at all, one sample, ten thousand children, 5,000 frames. In every view, at every size.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openLive } from '../helpers/live-program.ts';
import { lineWith, type Screen, selectedLine, type TestTerminal } from '../helpers/terminal.ts';

const views = [
  ['1', /FUNCTION/],
  ['2', /bottom-up of/],
  ['3', /icicle/],
  ['4', /callers of/],
  ['5', /threads \d/],
] as const;

/** What the program itself sends: paint, and what belongs to taking and leaving the terminal. */
function assertOnlyOwnCodes(bytes: string): void {
  const rest = bytes
    .replaceAll(/\x1b\[\?(1049|25|7|2004|1000|1002|1006|2026)[hl]/g, '')
    .replaceAll(/\x1b\[(\d+;\d+H|K|[\d;]*m)/g, '')
    .replaceAll('\x18', '');
  assert.doesNotMatch(rest, /[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]/);
}

/** A terminal of 100 columns whose lines are shorter than it: nothing has spilled over. */
function assertWithin({ lines }: Screen, terminal: TestTerminal): void {
  assert.ok(
    lines.every((line) => line.length < terminal.emulator.cols),
    lines.join('\n'),
  );
}

for (const [cols, rows, flags] of [
  [100, 30, []],
  [80, 24, ['--no-color']],
  [40, 12, ['--ascii']],
] as const) {
  test(`names of functions, modules, threads and the process are harmless at ${cols}x${rows} ${flags}`, async (t) => {
    const terminal = openLive('hostile-places', { test: t, cols, rows, flags });
    const main = await terminal.shows('main');
    assertWithin(main, terminal);
    for (const [key, shown] of views) {
      terminal.press(key, 'G', 'g', 'j', 'j', 'E');
      // The breadcrumb and the heads are there only where the screen is high enough.
      const screen = await terminal.until(
        ({ text, lines }) =>
          (rows < 18 || shown.test(text)) && lines.some((line) => line.startsWith('>') || key === '3'),
        `view ${key}`,
      );
      assertWithin(screen, terminal);
    }
    terminal.press('1', '/');
    terminal.type('last_part');
    terminal.press('enter');
    await terminal.selects('last_part');
    terminal.press('a');
    await terminal.shows('hottest lines', 'last_part');
    terminal.press('escape', ',', 'y', 'Y', 'w');
    await terminal.shows('asked  ');
    terminal.press('escape', '?', 'escape', ':', 'escape', 'q');
    assert.deepEqual(await terminal.exit(), { code: 0, signal: 0 });
    // The clipboard is text in base64, closed by BEL; the rest is paint.
    assertOnlyOwnCodes(
      terminal.bytes.replaceAll(/\x1b\]52;c;[\w+/=]*\x07/g, '').split('\x1b[?1049l')[0] ?? '',
    );
  });
}

test('an empty profile: every view says something, every key is answered, nothing is a percent', async (t) => {
  const terminal = openLive('empty', { test: t });
  await terminal.shows('all threads');
  for (const [key, shown] of views) {
    terminal.press(key, ...'jkgGlhEWo}{nN#sS%,KI'.split(''), 'enter', 'escape', 'ctrl+d', 'ctrl+u');
    terminal.press(key);
    if (key !== '3') await terminal.until(({ text }) => shown.test(text), `view ${key}`);
  }
  terminal.press('1', 'a');
  await terminal.shows('this row is no function');
  const screen = await terminal.until(({ text }) => /FUNCTION/.test(text), 'the tree');
  assert.doesNotMatch(screen.lines.slice(4, -4).join('\n'), /NaN|Infinity|undefined/);
});

test('a single sample is called one sample, not 100 %', async (t) => {
  const terminal = openLive('one', { test: t });
  await terminal.shows('all threads');
  terminal.press('E');
  const screen = await terminal.shows('work');
  assert.match(lineWith(screen, 'work'), /^ +1 +1 /);
  assert.doesNotMatch(screen.lines.slice(4, -4).join('\n'), /100\.0%|NaN/);
});

test('ten thousand children: opened, walked to the end and found', async (t) => {
  const terminal = openLive('wide', { test: t });
  await terminal.shows('busy');
  terminal.press('j', 'E', 'G');
  await terminal.selects('child_');
  terminal.press('/');
  terminal.type('child_7777$');
  terminal.press('enter');
  const screen = await terminal.selects('child_7777');
  assert.match(selectedLine(screen), /<0\.1%/);
});

test('a stack of 5,000 frames: opened to its leaf, copied, and left', async (t) => {
  const terminal = openLive('deep', { test: t });
  await terminal.shows('level_0');
  terminal.press('o');
  await terminal.selects('level_4999');
  terminal.press('Y');
  await terminal.shows("stack sent to the terminal's clipboard");
  const copied = /\x1b\]52;c;([\w+/=]*)\x07/.exec(terminal.bytes)?.[1] ?? '';
  assert.match(Buffer.from(copied, 'base64').toString(), /^level_0\nlevel_1\n.*\nlevel_4999$/s);
  terminal.press('a');
  await terminal.shows('hottest lines   level_4999');
  terminal.press('escape', 'g', 'W');
  await terminal.selects('all threads');
});

test('a regular expression that is not one yet is taken as text at each key', async (t) => {
  const terminal = openLive('still', { test: t });
  await terminal.shows('escapeHtml');
  terminal.press('/');
  for (const key of ['(', '[', 'a', '\\', '{', '*', '+', '?']) {
    terminal.type(key);
    await terminal.until(({ text }) => text.includes(`${key}▏`), `${key} in the prompt`);
  }
  await terminal.shows('no match');
  terminal.press('escape');
  await terminal.until(({ text }) => !text.includes('no match'), 'the prompt closed');
});
