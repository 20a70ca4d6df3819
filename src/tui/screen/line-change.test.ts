import assert from 'node:assert/strict';
import { test } from 'node:test';
import headless from '@xterm/headless';
import { lineChange } from './line-change.ts';

const columns = 60;

function put({ column, text }: { column: number; text: string }): string {
  return `\x1b[1;${column + 1}H${text}`;
}

/** What a terminal shows after these bytes: each cell with its attributes. */
async function screenAfter(...bytes: readonly string[]): Promise<string[]> {
  const terminal = new headless.Terminal({ cols: columns, rows: 1, allowProposedApi: true });
  await new Promise<void>((resolve) => terminal.write(bytes.join(''), resolve));
  const line = terminal.buffer.active.getLine(0);
  return Array.from({ length: columns }, (_, x) => {
    const cell = line?.getCell(x);
    return `${cell?.getChars() || ' '}${cell?.getFgColor()}/${cell?.isBold()}/${cell?.isInverse()}`;
  });
}

let seed = 17;
function random(below: number): number {
  seed = (seed * 48_271) % 2_147_483_647;
  return seed % below;
}

const pieces = [
  'ab',
  'x',
  '12.5%',
  ' ',
  '▁▂▃',
  '▾',
  '日本',
  'é',
  '\x1b[31m',
  '\x1b[0m',
  '\x1b[1m',
  '\x1b[7m',
];

function randomLine(): string[] {
  return Array.from({ length: 1 + random(14) }, () => pieces[random(pieces.length)] as string);
}

/** Some pieces are others, or gone, or new. */
function altered(line: readonly string[]): string[] {
  return line.flatMap((piece) => {
    const other = pieces[random(pieces.length)] as string;
    return [[piece], [piece], [piece], [other], [], [piece, other]][random(6)] as string[];
  });
}

test('the changed part alone leads to the same screen as the whole line, for any two lines', async () => {
  for (let round = 0; round < 600; round++) {
    const line = randomLine();
    const [before, after] = [line.join(''), altered(line).join('')];
    const whole = put(lineChange(undefined, before));
    assert.deepEqual(
      await screenAfter(whole, put(lineChange(before, after))),
      await screenAfter(put(lineChange(undefined, after))),
      JSON.stringify({ before, after, change: lineChange(before, after) }),
    );
  }
});

test('of a row whose figures and bars move, neither name nor module is sent again', () => {
  const row = (share: string, bars: string) =>
    ` ${share}  10.0% ${bars} ▾ \x1b[1mServer.handle\x1b[0m                     node`;
  const { column, text } = lineChange(row('31.0%', '▁▁▂▃▄'), row('32.5%', '▁▂▃▄▅'));
  assert.deepEqual({ column, text }, { column: 2, text: '2.5%  10.0% ▁▂▃▄▅\x1b[0m' });
});

test('nothing is kept behind a glyph that may be two cells wide, unless as many stood there before', () => {
  assert.equal(lineChange('▁ one', '▁ two').column, 0);
  assert.equal(lineChange('a▁▁ name', 'b▁  name').text, 'b▁  name\x1b[0m\x1b[K');
  assert.equal(lineChange('a▁▁ name', 'b▂▃ name').text, 'b▂▃\x1b[0m');
});
