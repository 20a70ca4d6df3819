/**
 * Writes the key table of the README from the key map, between its two markers.
 * `node --import tsx scripts/key-table.ts`; a test fails when the README has fallen behind.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { keyTableMarkdown } from '../src/tui/keys/shown-keys.ts';
import { createTheme } from '../src/tui/theme.ts';

const readme = fileURLToPath(new URL('../README.md', import.meta.url));
const { glyphs } = createTheme({ ascii: false, color: false });
const text = readFileSync(readme, 'utf8');
const block = `<!-- keys -->\n${keyTableMarkdown(glyphs)}\n<!-- /keys -->`;
writeFileSync(
  readme,
  text.replace(/<!-- keys -->.*<!-- \/keys -->/s, () => block),
);
