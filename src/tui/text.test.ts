import assert from 'node:assert/strict';
import { test } from 'node:test';
import stringWidth from 'string-width';
import {
  cellWidth,
  clean,
  cutEnd,
  fitPieces,
  padEnd,
  padStart,
  shortenName,
  takeEnd,
  takeStart,
} from './text.ts';
import { createTheme } from './theme.ts';

test('clean: control, C1 and bidi characters become dots, all else stays', () => {
  assert.equal(clean('a\x1b[2Jb\x07\x7f\x9bc\u202ed\u2066'), 'a·[2Jb···c·d·');
  assert.equal(clean('日本 é 👩‍👩‍👧 plain'), '日本 é 👩‍👩‍👧 plain');
});

test('width counts cells: wide characters two, marks none', () => {
  assert.equal(cellWidth('plain'), 5);
  assert.equal(cellWidth('日本'), 4);
  assert.equal(cellWidth('e\u0301'), 1);
  assert.equal(cellWidth('👩‍👩‍👧'), 2);
});

test('every glyph this program draws is as wide as it is reckoned', () => {
  const { glyphs } = createTheme({ ascii: false, color: false });
  for (const glyph of JSON.stringify(Object.values(glyphs)).matchAll(/[^\x00-\x7f]/gu)) {
    assert.equal(stringWidth(glyph[0]), 1, glyph[0]);
    assert.equal(cellWidth(glyph[0]), 1, glyph[0]);
  }
});

test('start and end are taken by whole graphemes', () => {
  assert.equal(takeStart('日本語', 5), '日本');
  assert.equal(takeEnd('日本語', 5), '本語');
  assert.equal(takeStart('e\u0301e\u0301', 1), 'e\u0301');
  assert.equal(takeStart('abc', -1), '');
  assert.equal(takeEnd('abc', 0), '');
});

test('a cut text fits and says that it was cut', () => {
  assert.equal(cutEnd('abcdef', 6, '…'), 'abcdef');
  assert.equal(cutEnd('abcdef', 4, '…'), 'abc…');
  assert.equal(cutEnd('日本語', 4, '…'), '日…');
  assert.equal(cutEnd('abc', 0, '…'), '');
});

test('padding reckons in cells', () => {
  assert.equal(padEnd('日', 4), '日  ');
  assert.equal(padStart('日', 4), '  日');
  assert.equal(padEnd('long', 2), 'long');
});

const names: readonly (readonly [name: string, room: number, short: string])[] = [
  ['short', 10, 'short'],
  ['std::vector<std::pair<int, long>>::push_back', 26, 'std::vector<…>::push_back'],
  ['v8::Runtime_Compile(int, unsigned long*)', 24, 'v8::Runtime_Compile(…)'],
  ['map<int, int>::find(int const&, long)', 20, 'map<…>::find(…)'],
  ['operator<<(std::ostream&, int)', 18, 'operator<<(…)'],
  ['(JavaScript to WebAssembly)', 16, '(JavaS…Assembly)'],
  ['<module> a_long_program.py:1', 20, '<module…program.py:1'],
  ['<T as Trait>::method(u32)', 20, '<…>::method(u32)'],
  ['abcdefghijklmnopqrstuvwxyz', 11, 'abcd…uvwxyz'],
  ['anything', 0, ''],
  ['anything', 1, '…'],
];
for (const [name, room, short] of names) {
  test(`name ${name} in ${room} cells`, () => {
    assert.equal(shortenName(name, room, '…'), short);
  });
}

test('a shortened name always fits, and keeps its end', () => {
  const name = 'ns::Outer<日本, int>::very_long_method_name(std::string const&, unsigned long) const';
  for (let room = 1; room < 100; room++) {
    const short = shortenName(name, room, '…');
    assert.ok(cellWidth(short) <= room, `${short} in ${room}`);
    if (room >= 20) assert.ok(short.endsWith(' const'), short);
  }
});

test('pieces of the highest rank go first, rank 0 stays, order is kept', () => {
  const pieces = [
    { text: 'aaaa', rank: 0 },
    { text: 'bbbb', rank: 2 },
    { text: '', rank: 0 },
    { text: 'cccc', rank: 1 },
  ];
  const kept = (width: number) =>
    fitPieces(pieces, ' ', width)
      .map((piece) => piece.text)
      .join(' ');
  assert.equal(kept(14), 'aaaa bbbb cccc');
  assert.equal(kept(13), 'aaaa cccc');
  assert.equal(kept(4), 'aaaa');
  assert.equal(kept(1), 'aaaa');
});
