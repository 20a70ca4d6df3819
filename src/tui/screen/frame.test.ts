import assert from 'node:assert/strict';
import { test } from 'node:test';
import headless from '@xterm/headless';
import { composeFrame, frameBytes, lineWidth } from './frame.ts';

const size = { columns: 12, rows: 5 };
const chrome = ['one', 'two', 'three', 'four', 'five'];
const band = (top: number, height: number, mark: string) => ({
  top,
  height,
  row: (line: number, width: number) => `${mark}${line}`.padEnd(width, '.'),
});

test('bands lie over the chrome, covers keep the chrome on their lines', () => {
  assert.deepEqual(composeFrame(chrome, [band(1, 3, 'b')], [{ top: 2, height: 1 }], size), [
    'one',
    'b0.........',
    'three',
    'b2.........',
    'five',
  ]);
});

test('what lies outside the screen is left out, missing chrome is blank', () => {
  assert.deepEqual(composeFrame(['one'], [band(4, 9, 'b'), band(-1, 2, 'a')], [], size), [
    'a1.........',
    '',
    '',
    '',
    'b0.........',
  ]);
});

test('a line is never filled to the last cell', () => {
  assert.equal(lineWidth({ columns: 80, rows: 24 }), 79);
  assert.equal(lineWidth({ columns: 1, rows: 1 }), 1);
});

test('equal pictures cost nothing', () => {
  assert.equal(frameBytes(chrome, [...chrome]), '');
});

test('only changed lines are sent, in one synchronized frame', () => {
  const bytes = frameBytes(chrome, ['one', 'TWO', 'three', 'four', 'FIVE']);
  assert.equal(bytes, '\x1b[?2026h\x1b[2;1HTWO\x1b[0m\x1b[K\x1b[5;1HFIVE\x1b[0m\x1b[K\x1b[?2026l');
});

test('any sequence of pictures leaves the terminal with the last one', async () => {
  const terminal = new headless.Terminal({ cols: 12, rows: 5, allowProposedApi: true });
  let seed = 7;
  const random = (below: number) => {
    seed = (seed * 1103515245 + 12345) & 0x7fffffff;
    return seed % below;
  };
  let shown: string[] = [];
  for (let turn = 0; turn < 200; turn++) {
    const next = Array.from({ length: 5 }, (_, y) =>
      random(3) === 0 || shown[y] === undefined
        ? `\x1b[1m${'日ab '.slice(random(4))}\x1b[0m${'x'.repeat(random(7))}`
        : (shown[y] ?? ''),
    );
    await new Promise<void>((resolve) => terminal.write(frameBytes(shown, next), resolve));
    shown = next;
    const onScreen = shown.map((_, y) =>
      (terminal.buffer.active.getLine(y)?.translateToString(true) ?? '').trimEnd(),
    );
    assert.deepEqual(
      onScreen,
      shown.map((line) => line.replace(/\x1b\[\d*m/g, '').trimEnd()),
    );
  }
});
