/** The key table of the README is the key map's. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { keyTableMarkdown } from '../../src/tui/keymap.ts';
import { createTheme } from '../../src/tui/theme.ts';

test('README: the key table is in step (else run scripts/key-table.ts)', () => {
  const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');
  const [, table] = /<!-- keys -->\n(.*)\n<!-- \/keys -->/s.exec(readme) ?? [];
  assert.equal(table, keyTableMarkdown(createTheme({ ascii: false, color: false }).glyphs));
});
