/**
 * Starts what is measured: a fixture of test/fixtures, which says when it works and what it did, or any command.
 * A target is killed by its pid when its scope closes.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { buildFixture, type Variant } from '../test/helpers/fixtures.ts';
import { livingCpuNs } from '../test/helpers/truth.ts';
import type { Scope } from './scope.ts';

/** Longer than any figure takes; a target ends with its scope. */
const longS = 600;
const warmCpuNs = 0.3e9;
const warmUpLimitMs = 60_000;

export function hasCommand(command: string): boolean {
  return spawnSync('sh', ['-c', 'command -v "$0"', command]).status === 0;
}

export async function stop(child: ChildProcess, signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
  const exited = once(child, 'exit');
  child.kill(signal);
  await exited;
}

/** The pid of a fixture that works now. Knobs are those of its source. */
export async function startFixture(
  scope: Scope,
  name: string,
  knobs: readonly number[] = [],
  variant: Variant = 'truth',
): Promise<number> {
  const args = [longS, ...knobs].map(String);
  const child = spawn(buildFixture(name, variant), args, { stdio: ['ignore', 'pipe', 'inherit'] });
  scope.after(() => stop(child));
  const lines = createInterface({ input: child.stdout });
  await Promise.race([once(lines, 'line'), failIfItEnds(child, name)]);
  return child.pid ?? 0;
}

/** The pid of a command that has computed for a moment, so that it is past its start. Its output is thrown away. */
export async function startCommand(scope: Scope, argv: readonly string[]): Promise<number> {
  const [command = '', ...args] = argv;
  const child = spawn(command, args, { stdio: 'ignore' });
  scope.after(() => stop(child));
  await once(child, 'spawn');
  const pid = child.pid ?? 0;
  await Promise.race([waitUntilWarm(pid), failIfItEnds(child, command)]);
  return pid;
}

/** On a busy machine a start takes its time; only a command that does not compute at all is an error. */
async function waitUntilWarm(pid: number): Promise<void> {
  const deadline = Date.now() + warmUpLimitMs;
  while (livingCpuNs(pid) < warmCpuNs) {
    if (Date.now() > deadline) throw new Error(`pid ${pid} does not compute`);
    await delay(20);
  }
}

async function failIfItEnds(child: ChildProcess, name: string): Promise<never> {
  const [code, signal] = await once(child, 'exit');
  throw new Error(`${name} ended with ${code ?? signal} before it was measured`);
}
