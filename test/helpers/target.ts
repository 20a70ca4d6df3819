/**
 * Starts a fixture as a target: waits until it works, reads its own truth when it ends, and kills it by pid when
 * the test is over, whatever happened.
 */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, readlinkSync } from 'node:fs';
import { createInterface } from 'node:readline';
import type { TestContext } from 'node:test';
import { buildFixture, type Variant } from './fixtures.ts';

/** What a fixture says of itself at its end. CPU times are those of the kernel's thread clocks. */
export interface FixtureTruth {
  readonly fixture: string;
  readonly processCpuNs: number;
  readonly userNs: number;
  readonly systemNs: number;
  readonly threads: readonly { readonly tid: number; readonly name: string; readonly cpuNs: number }[];
  readonly counts: Readonly<Record<string, number>>;
}

export interface TargetOptions {
  readonly variant?: Variant;
  /** Runs this file instead of the built fixture (a copy that may be deleted, say). */
  readonly binary?: string;
  /** Command that execs or forks the fixture: a gate of gates.ts. */
  readonly launcher?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

export interface FixtureTarget {
  /** As seen from here, also when the target lives in another pid namespace. */
  readonly pid: number;
  readonly binary: string;
  /** Every line the fixture printed so far. */
  readonly lines: readonly string[];
  /** Ends it by SIGTERM (unless it ended by itself) and gives its truth. */
  finish(): Promise<FixtureTruth>;
  /** Waits for its own end. */
  ended(): Promise<FixtureTruth>;
}

/** Arguments are the fixture's: seconds, then its knobs. Resolves when the fixture said that it is ready. */
export async function startFixture(
  t: TestContext,
  name: string,
  args: readonly (string | number)[],
  options: TargetOptions = {},
): Promise<FixtureTarget> {
  const binary = options.binary ?? buildFixture(name, options.variant);
  const [command = binary, ...rest] = [...(options.launcher ?? []), binary, ...args.map(String)];
  const child = spawn(command, rest, {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, ...options.env },
  });
  t.after(() => kill(child));
  const closed = once(child, 'close');
  const lines: string[] = [];
  await readUntilReady(child, name, lines);
  const pid = options.launcher === undefined ? (child.pid ?? 0) : pidOfFixture(child.pid ?? 0, binary);
  const ended = async () => {
    await closed;
    return truthIn(lines);
  };
  const finish = () => {
    if (child.exitCode === null && child.signalCode === null) process.kill(pid, 'SIGTERM');
    return ended();
  };
  return { pid, binary, lines, finish, ended };
}

async function readUntilReady(child: ChildProcess, name: string, lines: string[]): Promise<void> {
  assert(child.stdout !== null);
  const reader = createInterface({ input: child.stdout });
  await new Promise<void>((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => reject(new Error(`fixture ${name} ended with ${code} before it was ready`)));
    reader.on('line', (line) => {
      lines.push(line);
      if (line.startsWith('{"ready":')) resolve();
    });
  });
}

/** The last truth line: a fixture that execs another one prints its own before. */
function truthIn(lines: readonly string[]): FixtureTruth {
  const line = lines.findLast((text) => text.startsWith('{"fixture":'));
  assert(line !== undefined, `the fixture ended without its truth, it printed:\n${lines.join('\n')}`);
  return JSON.parse(line) as FixtureTruth;
}

/** The process below `pid` (or `pid` itself) that runs `binary`: launchers such as unshare fork. */
function pidOfFixture(pid: number, binary: string): number {
  const found = descendants(pid).find((each) => executableOf(each) === binary);
  assert(found !== undefined, `no process below ${pid} runs ${binary}`);
  return found;
}

/** `pid` itself comes first. */
export function descendants(pid: number): number[] {
  return [pid, ...childrenOf(pid).flatMap(descendants)];
}

/** None when it has ended meanwhile. */
function childrenOf(pid: number): number[] {
  try {
    const text = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8');
    return text.split(' ').filter(Boolean).map(Number);
  } catch {
    return [];
  }
}

function executableOf(pid: number): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/exe`);
  } catch {
    return undefined;
  }
}

/** The fixture dies with its parent; a forked launcher's child is the init of its namespace or dies with it. */
export async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
  for (const pid of descendants(child.pid).reverse()) process.kill(pid, 'SIGKILL');
  await once(child, 'exit', { signal: AbortSignal.timeout(10_000) });
}
