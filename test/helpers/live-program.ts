/**
 * Bundles test/helpers/live-entry.ts as the real program is bundled, once per test file, so that each of the many
 * terminals of a test starts as fast as the product does.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import { openTerminal, type TerminalOptions, type TestTerminal } from './terminal.ts';

const folder = mkdtempSync(join(tmpdir(), 'prof-tui-live-'));
const bundle = join(folder, 'entry.mjs');
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
// Ink names React's developer tools as an import of development builds only; it is not installed.
const nothing = join(folder, 'nothing.mjs');
writeFileSync(nothing, 'export default undefined;\n');

await build({
  entryPoints: [join(import.meta.dirname, 'live-entry.ts')],
  outfile: bundle,
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'node20',
  jsx: 'automatic',
  define: { 'process.env.NODE_ENV': '"production"', 'process.env.DEV': '"false"' },
  alias: { 'react-devtools-core': nothing },
  banner: {
    js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);",
  },
  logLevel: 'error',
});

export type Story =
  | 'still'
  | 'live'
  | 'many'
  | 'hostile'
  | 'hostile-places'
  | 'empty'
  | 'one'
  | 'wide'
  | 'deep'
  | 'ends'
  | 'late-names'
  | 'throws-in-render'
  | 'throws-in-timer'
  | 'rejects'
  | 'talks';

/** The words of a shell that start a story. */
export function liveCommand(story: Story, ...flags: readonly string[]): readonly string[] {
  return [process.execPath, bundle, story, ...flags];
}

export function openLive(
  story: Story,
  options: TerminalOptions & { readonly flags?: readonly string[] } = {},
): TestTerminal {
  return openTerminal(liveCommand(story, ...(options.flags ?? [])), options);
}
