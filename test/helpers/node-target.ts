/** Node programs as targets: test/fixtures/node, run by the Node of the tests or by a copy of it, without any flag. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { descendants, kill } from './target.ts';

export interface NodeTarget {
  readonly pid: number;
  /** Every line it printed so far. */
  readonly lines: readonly string[];
  /** Ends it by SIGTERM; resolves when it has. */
  finish(): Promise<void>;
}

export function nodeProgram(name: string): string {
  return fileURLToPath(new URL(`../fixtures/node/${name}`, import.meta.url));
}

/** Resolves when the program said that it is ready; it is killed when the test is over. */
export async function startNode(
  t: TestContext,
  name: string,
  args: readonly string[] = [],
  { executable = process.execPath, flags = [] as readonly string[] } = {},
): Promise<NodeTarget> {
  const { NODE_OPTIONS: _, ...env } = process.env;
  return startProgram(t, executable, [...flags, nodeProgram(name), ...args], env);
}

/** Any program whose first line begins with `{"ready":`. `launcher`: a command that runs it as its child. */
export async function startProgram(
  t: TestContext,
  executable: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  launcher: readonly string[] = [],
): Promise<NodeTarget> {
  const [command = executable, ...words] = [...launcher, executable, ...args];
  const child = spawn(command, words, { stdio: ['ignore', 'pipe', 'inherit'], env });
  t.after(() => kill(child));
  const closed = once(child, 'close');
  const lines: string[] = [];
  await untilReady(child, lines);
  const pid = child.pid === undefined ? undefined : descendants(child.pid).at(launcher.length > 0 ? 1 : 0);
  assert(pid !== undefined);
  const finish = async () => {
    process.kill(pid, 'SIGTERM');
    await closed;
  };
  return { pid, lines, finish };
}

async function untilReady(child: ChildProcess, lines: string[]): Promise<void> {
  assert(child.stdout !== null);
  const reader = createInterface({ input: child.stdout });
  await new Promise<void>((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => reject(new Error(`it ended with ${code} before it was ready`)));
    reader.on('line', (line) => {
      lines.push(line);
      if (line.startsWith('{"ready":')) resolve();
    });
  });
}

/** `name file:line` of each function of a program that has a name, read from its text. */
export function functionsIn(name: string): Set<string> {
  const found = new Set<string>();
  const lines = readFileSync(nodeProgram(name), 'utf8').split('\n');
  lines.forEach((line, i) => {
    const called = /function (\w+)\(|const (\w+) = \(/.exec(line);
    if (called) found.add(`${called[1] ?? called[2]} ${name}:${i + 1}`);
  });
  return found;
}

/** A copy of Node that exports a constant under another name of the same length. */
export function nodeWithout(t: TestContext, constant: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'prof-tui-node-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const copy = join(folder, 'node');
  copyFileSync(process.execPath, copy);
  const bytes = readFileSync(copy);
  for (let at = bytes.indexOf(constant); at >= 0; at = bytes.indexOf(constant, at + 1)) bytes[at] = 0x78; // x
  writeFileSync(copy, bytes);
  return copy;
}
