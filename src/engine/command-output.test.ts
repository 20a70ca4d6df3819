import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CommandOutput } from './command-output.ts';

function linesAfter(...chunks: readonly (string | Buffer)[]): readonly string[] {
  const output = new CommandOutput();
  for (const chunk of chunks) output.append(Buffer.from(chunk));
  return output.lines.lines;
}

test('lines over pieces, the last one may be unfinished', () => {
  assert.deepEqual(linesAfter('one\ntw', 'o\n\nthr'), ['one', 'two', '', 'thr']);
  assert.deepEqual(linesAfter(), []);
});

test('a character cut in two by the pipe is whole', () => {
  const bytes = Buffer.from('añ日\n');
  for (let at = 1; at < bytes.length; at++) {
    assert.deepEqual(linesAfter(bytes.subarray(0, at), bytes.subarray(at)), ['añ日']);
  }
});

test('nothing that steers a terminal is left', () => {
  assert.deepEqual(linesAfter('\x1b[1;31mred\x1b[0m \x1b]0;title\x07\x1b(Bx\x1b7\n'), ['red x']);
  assert.deepEqual(linesAfter('bell\x07 del\x7f c1\x9b2J bidi\u202e\n'), ['bell· del· c1·2J bidi·']);
  assert.deepEqual(linesAfter('10%\r20%\r30%\r\nab\tc\n'), ['30%', 'ab      c']);
});

test('a flood keeps the last 64 KiB from a whole line on, and counts what went', () => {
  const output = new CommandOutput();
  for (let i = 0; i < 20_000; i++) output.append(Buffer.from(`line ${i}\n`));
  output.append(Buffer.alloc(0));
  const { first, lines } = output.lines;
  assert.equal(lines.at(-1), 'line 19999');
  assert.equal(lines[0], `line ${first}`);
  assert.equal(first + lines.length, 20_000);
  const size = lines.join('\n').length;
  assert(size > 60_000 && size <= 65_536, `${size}`);
});
