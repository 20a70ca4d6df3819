/**
 * The in-target engine without the rest of the program: attaches and detaches many times in little time
 * (test/native/ctimer_driver.cc). Compiled once for each state of its sources, beside the built injector.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';

const root = join(import.meta.dirname, '../..');
const sources = ['ctimer_engine', 'injector_link', 'python_stacks', 'syscall_sites', 'thread_ids', 'threads'];

export interface Driven {
  readonly rounds: number;
  readonly refused: number;
  /** Call and errno of the last refusal, `ptrace 1`; empty when there was none. */
  readonly refusal: string;
  /** Call that the last failure names; empty when no engine failed. */
  readonly failure: string;
  readonly samples: number;
  readonly weightNs: number;
  readonly kernelNs: number;
  readonly withoutStack: number;
  readonly lost: number;
  readonly execs: number;
  readonly threads: number;
  /** Of the threads sampled, as seen from here. */
  readonly tids: readonly number[];
}

export interface Drive {
  readonly periodNs?: number;
  /** How long each round samples. */
  readonly ms: number;
  readonly rounds: number;
  readonly perThread?: boolean;
  /** Words before the command: a gate of gates.ts. */
  readonly launcher?: readonly string[];
}

let binary: string | undefined;

/** Path of the driver. The first call of a test file compiles it; it goes when the process ends. */
export function buildDriver(): string {
  if (binary !== undefined) return binary;
  const folder = mkdtempSync(join(tmpdir(), 'prof-tui-driver-'));
  process.once('exit', () => rmSync(folder, { recursive: true }));
  copyFileSync(join(root, 'native/build/Release/prof_tui_injector'), join(folder, 'prof_tui_injector'));
  const path = join(folder, 'ctimer_driver');
  const files = sources.map((name) => `native/capture/${name}.cc`);
  const flags = ['-std=c++20', '-O1', '-fno-exceptions', '-Inative', '-pthread', '-o', path];
  execFileSync('g++', [...flags, 'test/native/ctimer_driver.cc', ...files, '-ldl'], { cwd: root });
  binary = path;
  return path;
}

export function startDriver(t: TestContext, pid: number, of: Drive): ChildProcess {
  const words = [buildDriver(), pid, of.periodNs ?? 1_000_000, of.ms, of.rounds].map(String);
  const [command = '', ...rest] = [...(of.launcher ?? []), ...words, ...(of.perThread ? ['per-thread'] : [])];
  const child = spawn(command, rest, { stdio: ['ignore', 'pipe', 'inherit'] });
  t.after(() => child.kill('SIGKILL'));
  return child;
}

/** Runs the driver to its end. */
export async function drive(t: TestContext, pid: number, of: Drive): Promise<Driven> {
  return drivenBy(startDriver(t, pid, of));
}

/** What a started driver prints at its end. */
export async function drivenBy(child: ChildProcess): Promise<Driven> {
  let text = '';
  child.stdout?.on('data', (bytes: Buffer) => {
    text += bytes.toString();
  });
  const [code, signal] = await once(child, 'close');
  if (code !== 0) throw new Error(`the driver ended with ${code ?? signal}`);
  return JSON.parse(text) as Driven;
}
