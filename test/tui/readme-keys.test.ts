/** The key table of the README is the key map's, and its config file is a valid one. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { parseConfig } from '../../src/config.ts';
import { keyTableMarkdown } from '../../src/tui/keys/shown-keys.ts';
import { createTheme } from '../../src/tui/theme.ts';

const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');

test('README: the key table is in step (else run scripts/key-table.ts)', () => {
  const [, table] = /<!-- keys -->\n(.*)\n<!-- \/keys -->/s.exec(readme) ?? [];
  assert.equal(table, keyTableMarkdown(createTheme({ ascii: false, color: false }).glyphs));
});

test('README: the config file shown there is taken', () => {
  const [, text = ''] = /config\.json`.*?```\n(\{.*?\n\})\n```/s.exec(readme) ?? [];
  const { settings, keys } = parseConfig(text);
  assert.equal(settings.theme, 'light');
  assert.deepEqual(keys.tree.find(({ command }) => command === 'zoom')?.keys, ['enter', 'Z']);
});
