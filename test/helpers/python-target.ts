/** Python programs as targets: test/fixtures/python, run by every interpreter of the machine that is known by its frames. */
import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { apart } from './capture.ts';
import { type NodeTarget, startProgram } from './node-target.ts';

export interface Interpreter {
  readonly path: string;
  /** `3.11.2`. */
  readonly version: string;
}

/**
 * Debian's, those that pyenv has installed, and those that `PROF_TUI_PYTHONS` lists (as a PATH does, of executables);
 * one of each minor version from 3.11 on.
 */
export function interpreters(): Interpreter[] {
  const byMinor = new Map<string, Interpreter>();
  const listed = (process.env['PROF_TUI_PYTHONS'] ?? '').split(delimiter).filter((path) => path !== '');
  for (const path of ['/usr/bin/python3', ...listed, ...pyenvPaths()]) {
    const version = versionOf(path);
    const minor = /^3\.(1[1-4])\./.exec(version)?.[1];
    if (minor !== undefined && !byMinor.has(minor)) byMinor.set(minor, { path, version });
  }
  return [...byMinor.values()];
}

function pyenvPaths(): string[] {
  const folder = join(homedir(), '.pyenv/versions');
  try {
    return readdirSync(folder).map((version) => join(folder, version, 'bin/python3'));
  } catch {
    return [];
  }
}

function versionOf(path: string): string {
  try {
    const text = execFileSync(path, ['--version'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
    return text.replace('Python ', '').trim();
  } catch {
    return '';
  }
}

export function pythonProgram(name: string): string {
  return fileURLToPath(new URL(`../fixtures/python/${name}`, import.meta.url));
}

export function startPython(
  t: TestContext,
  { path }: Interpreter,
  name: string,
  args: readonly string[] = [],
): Promise<NodeTarget> {
  return startProgram(
    t,
    path,
    [pythonProgram(name), ...args],
    { ...process.env, PYTHONDONTWRITEBYTECODE: '1' },
    apart,
  );
}
