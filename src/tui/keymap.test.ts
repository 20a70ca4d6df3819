import assert from 'node:assert/strict';
import { test } from 'node:test';
import { helpLines } from './help-lines.ts';
import {
  engineCommand,
  engineKeys,
  flameCommand,
  flameKeys,
  footerHints,
  functionCommand,
  functionKeys,
  keyLines,
  keyLists,
  keyTableMarkdown,
  outputCommand,
  threadCommand,
  threadKeys,
  treeCommand,
  treeKeys,
  whyCommand,
  whyKeys,
} from './keymap.ts';
import { createTheme } from './theme.ts';

const { glyphs } = createTheme({ ascii: false, color: false });

for (const [mode, list] of Object.entries(keyLists)) {
  test(`${mode}: no key has two commands, no command is declared twice`, () => {
    const keys = list.flatMap((binding) => binding.keys);
    assert.equal(new Set(keys).size, keys.length);
    const commands = list.map((binding) => binding.command);
    assert.equal(new Set(commands).size, commands.length);
  });
}

test('every key finds its command', () => {
  for (const { command, keys } of treeKeys) for (const key of keys) assert.equal(treeCommand(key), command);
  for (const { command, keys } of flameKeys) for (const key of keys) assert.equal(flameCommand(key), command);
  for (const { command, keys } of functionKeys)
    for (const key of keys) assert.equal(functionCommand(key), command);
  for (const { command, keys } of threadKeys)
    for (const key of keys) assert.equal(threadCommand(key), command);
  for (const { command, keys } of whyKeys) for (const key of keys) assert.equal(whyCommand(key), command);
  for (const { command, keys } of engineKeys)
    for (const key of keys) assert.equal(engineCommand(key), command);
  assert.equal(treeCommand('€'), undefined);
});

test('^C quits from anywhere and ^D is never destructive', () => {
  assert.equal(treeCommand('ctrl+c'), 'quit');
  assert.equal(whyCommand('ctrl+c'), 'quit');
  assert.equal(engineCommand('ctrl+c'), 'quit');
  assert.equal(outputCommand('ctrl+c'), 'quit');
  assert.equal(treeCommand('ctrl+d'), 'half-down');
});

test('the footer names movement first and the way out last', () => {
  const hints = footerHints('tree', glyphs);
  assert.equal(hints[0], 'jk move');
  assert.equal(hints.at(-1), 'q quit');
  assert.ok(hints.includes('1-5 views'));
  assert.equal(footerHints('why', glyphs).at(-1), 'esc close');
  assert.equal(footerHints('engine', glyphs).at(-1), 'esc close');
  assert.equal(footerHints('output', glyphs).at(-1), 'esc close');
});

test('the footers of the lists have their own keys, and nothing to open', () => {
  for (const mode of ['functions', 'threads'] as const) {
    const hints = footerHints(mode, glyphs);
    assert.ok(!hints.some((hint) => /open|close|hottest|zoom/.test(hint)), hints.join());
    assert.ok(hints.some((hint) => hint.endsWith(' back')) && hints.includes('1-5 views'));
    assert.equal(hints.at(-1), 'q quit');
  }
});

test('the footer of the flame view has its own movement, and no key of the tree that it hides', () => {
  const hints = footerHints('flame', glyphs);
  assert.equal(hints[0], 'jkhl move');
  assert.ok(hints.includes('⏎ zoom') && !hints.includes('l open'));
  assert.equal(hints.at(-1), 'q quit');
});

test('help shows every declared key at any size, cut nowhere at 100 columns', () => {
  for (const columns of [40, 79, 100, 200]) {
    const lines = helpLines(glyphs, '', { columns, rows: 24 });
    const text = lines.map((line) => line.text).join('\n');
    for (const line of keyLines(glyphs)) assert.ok(text.includes(line.keys), `${line.keys} at ${columns}`);
    if (columns >= 100) assert.ok(!text.includes('…'), text);
  }
});

test('help filters by key, section and words, without regard to case', () => {
  const size = { columns: 80, rows: 24 };
  const shown = (filter: string) => helpLines(glyphs, filter, size).map((line) => line.text.trim());
  assert.deepEqual(shown('hottest path'), ['TREE', 'o              open the hottest path from here']);
  assert.ok(shown('MOVE').length > 8);
  assert.deepEqual(shown('no such key'), []);
});

test('the key table of the README has a row per key', () => {
  const table = keyTableMarkdown(glyphs).split('\n');
  assert.equal(table.length, Object.values(keyLists).flat().length + 2);
  assert.ok(table.includes('| Move | `j` `↓` | next row |'));
  assert.ok(table.includes('| Program | `q` `^C` | quit |'));
});
