import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type InputEvent, InputParser } from './input.ts';

const key = (name: string): InputEvent => ({ type: 'key', key: name });

/** Everything a terminal sends that this program understands, and some that it must swallow. */
const sequences: readonly (readonly [name: string, bytes: string, events: readonly InputEvent[]])[] = [
  ['letters', 'jjK', [key('j'), key('j'), key('K')]],
  ['arrows', '\x1b[A\x1b[B\x1b[C\x1b[D', [key('up'), key('down'), key('right'), key('left')]],
  ['application arrows', '\x1bOA\x1bOD', [key('up'), key('left')]],
  ['arrow with modifier', '\x1b[1;5A', [key('up')]],
  [
    'home and end',
    '\x1b[H\x1b[F\x1bOH\x1b[1~\x1b[4~\x1b[7~\x1b[8~',
    ['home', 'end', 'home', 'home', 'end', 'home', 'end'].map(key),
  ],
  ['pages', '\x1b[5~\x1b[6~', [key('pageup'), key('pagedown')]],
  ['three ways back', '\x7f\x08\x1b[3~', [key('backspace'), key('backspace'), key('backspace')]],
  ['enter', '\r\n\x1bOM', [key('enter'), key('enter'), key('enter')]],
  ['F1 in three dialects', '\x1bOP\x1b[11~\x1b[[A', [key('f1'), key('f1'), key('f1')]],
  ['other console keys are dropped', '\x1b[[Bj', [key('j')]],
  ['control keys', '\x03\x04\x0c\x1a', [key('ctrl+c'), key('ctrl+d'), key('ctrl+l'), key('ctrl+z')]],
  ['space and tab', ' \t\x1b[Z', [key('space'), key('tab'), key('shift+tab')]],
  ['wide and astral characters', 'é日😀', [key('é'), key('日'), key('😀')]],
  [
    'wheel',
    '\x1b[<64;10;5M\x1b[<65;1;1M',
    [
      { type: 'mouse', action: 'wheel-up', x: 9, y: 4 },
      { type: 'mouse', action: 'wheel-down', x: 0, y: 0 },
    ],
  ],
  [
    'press, movement and release of the left button; others count for nothing',
    '\x1b[<0;3;7M\x1b[<32;4;7M\x1b[<0;5;9m\x1b[<2;3;7M\x1b[<34;3;7M\x1b[<2;3;7m\x1b[<35;3;7M',
    [
      { type: 'mouse', action: 'press', x: 2, y: 6 },
      { type: 'mouse', action: 'drag', x: 3, y: 6 },
      { type: 'mouse', action: 'release', x: 4, y: 8 },
    ],
  ],
  [
    'a paste is one event and runs nothing',
    '\x1b[200~qr\x1b[A\rK\x1b[201~j',
    [{ type: 'paste', text: 'qr\x1b[A\rK' }, key('j')],
  ],
  ['focus and unknown sequences are dropped', '\x1b[I\x1b[O\x1b[?62;4c\x1b[99~j', [key('j')]],
  ['answers of the terminal are dropped', '\x1b]11;rgb:0000/0000/0000\x07\x1bP1$r0m\x1b\\j', [key('j')]],
];

for (const [name, text, expected] of sequences) {
  const bytes = Buffer.from(text);
  test(`input: ${name}, whole and cut at every byte`, () => {
    for (let cut = 0; cut <= bytes.length; cut++) {
      const parser = new InputParser();
      const events = [...parser.feed(bytes.subarray(0, cut)), ...parser.feed(bytes.subarray(cut))];
      assert.deepEqual(events, expected, `cut at ${cut}`);
      assert.equal(parser.waitMs, undefined, `nothing held after a cut at ${cut}`);
    }
  });
  test(`input: ${name}, byte by byte`, () => {
    const parser = new InputParser();
    assert.deepEqual(Array.from(bytes, (byte) => parser.feed(Uint8Array.of(byte))).flat(), expected);
  });
}

test('a lone Esc waits, then is the Esc key', () => {
  const parser = new InputParser();
  assert.deepEqual(parser.feed(Buffer.from('\x1b')), []);
  assert.equal(parser.waitMs, 30);
  assert.deepEqual(parser.expire(), [key('escape')]);
  assert.equal(parser.waitMs, undefined);
});

test('Esc and another key in one read are two keys', () => {
  assert.deepEqual(new InputParser().feed(Buffer.from('\x1bj')), [key('escape'), key('j')]);
});

test('Esc before a sequence is a key of its own', () => {
  assert.deepEqual(new InputParser().feed(Buffer.from('\x1b\x1b[A')), [key('escape'), key('up')]);
});

test('the rest of a sequence that never came is no text', () => {
  const parser = new InputParser();
  assert.deepEqual(parser.feed(Buffer.from('\x1b[1;')), []);
  assert.deepEqual(parser.expire(), [key('escape')]);
  assert.deepEqual(parser.feed(Buffer.from('j')), [key('j')]);
});

test('a paste without an end is given up after a while, and keys work again', () => {
  const parser = new InputParser();
  assert.deepEqual(parser.feed(Buffer.from('\x1b[200~abc')), []);
  assert.equal(parser.waitMs, 1000);
  assert.deepEqual(parser.expire(), [{ type: 'paste', text: 'abc' }]);
  assert.deepEqual(parser.feed(Buffer.from('q')), [key('q')]);
});

test('no bytes make the parser throw or hold more than a sequence', () => {
  let seed = 1;
  const random = () => {
    seed = (seed * 1103515245 + 12345) & 0x7fffffff;
    return seed / 0x7fffffff;
  };
  const alphabet = '\x1b[O]P<0123456789;~ABMm\x07\\?\x00\xffj';
  for (let round = 0; round < 2000; round++) {
    const parser = new InputParser();
    const text = Array.from({ length: 40 }, () => alphabet[Math.floor(random() * alphabet.length)]).join('');
    parser.feed(Buffer.from(text, 'latin1'));
    parser.expire();
    assert.ok(parser.feed(Buffer.from('\x1b[201~q')).length <= 80);
  }
});
