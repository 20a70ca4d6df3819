/** Other versions of Node.js as targets: what `.ci/nodes` fetches once into a folder of the user's cache. */
import { existsSync, readdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';

/** The major versions that the tests want beside the one that runs them. */
export const otherMajors = [22, 24, 26] as const;

const cache = process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache');
const folder = process.env['PROF_TUI_NODES'] ?? join(cache, 'prof-tui-nodes');

/** The program of a major version; without it the test is skipped (in CI: fails). */
export function nodeOf(t: TestContext, major: number): string | undefined {
  const modules = join(folder, 'node_modules');
  const names = existsSync(modules) ? readdirSync(modules) : [];
  const found = names.find((name) => name.startsWith(`node-${major}.`));
  if (found !== undefined) return join(modules, found, 'bin/node');
  const reason = `needs Node.js ${major}: .ci/nodes fetches it`;
  if (process.env['CI'] !== undefined) throw new Error(reason);
  t.skip(reason);
  return undefined;
}
