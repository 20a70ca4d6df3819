import assert from 'node:assert/strict';
import { test } from 'node:test';
import { helpLines } from '../help-lines.ts';
import { createTheme } from '../theme.ts';
import { commandEverywhere, commandOf, keyLists, type ListName } from './keymap.ts';
import { footerHints, keyLines, keyTableMarkdown } from './shown-keys.ts';

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
  for (const list of Object.keys(keyLists) as ListName[]) {
    for (const { command, keys } of keyLists[list]) {
      for (const key of keys) assert.equal(commandOf(list, key), command);
    }
  }
  assert.equal(commandOf('tree', '€'), undefined);
});

test('^C quits from anywhere, no list has a key for itself that means something everywhere, ^D is never destructive', () => {
  assert.equal(commandEverywhere('ctrl+c'), 'quit');
  const everywhere = new Set<string>(keyLists.everywhere.flatMap(({ keys }) => keys));
  for (const [name, list] of Object.entries(keyLists)) {
    if (name === 'everywhere') continue;
    for (const { keys } of list) for (const key of keys) assert.ok(!everywhere.has(key), `${name} ${key}`);
  }
  assert.equal(commandOf('tree', 'ctrl+d'), 'half-down');
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
  assert.ok(table.includes('| Everywhere | `^C` | quit |'));
  assert.ok(table.includes('| Program | `q` | quit |'));
});
