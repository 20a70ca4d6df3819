/**
 * Bundles a program of the tests or the benches as the real one is bundled, so that it starts and runs as fast as the
 * product does.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';

/** @returns the path of the bundle, which is gone when this process ends */
export async function bundleProgram(entry: string): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'prof-tui-live-'));
  const bundle = join(folder, 'entry.mjs');
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
  // Ink names React's developer tools as an import of development builds only; it is not installed.
  const nothing = join(folder, 'nothing.mjs');
  writeFileSync(nothing, 'export default undefined;\n');
  await build({
    entryPoints: [entry],
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
  return bundle;
}
