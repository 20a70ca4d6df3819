/**
 * Runs unwind_replay (native/replay), compiles the small programs it looks at, and finds the foreign tools that
 * serve as oracles. No assertions here.
 */
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import type { TestContext } from 'node:test';

const root = join(import.meta.dirname, '../..');
export const nativeFolder = join(root, 'native');
const programFolder = join(import.meta.dirname, 'programs');
export const replayPath = join(nativeFolder, 'build/Release/unwind_replay');

/** Everything a test file makes; removed when its process ends. */
export const workFolder = mkdtempSync(join(tmpdir(), 'prof-tui-unwind-'));
process.on('exit', () => rmSync(workFolder, { recursive: true, force: true }));

/** What unwind_replay prints, as lines. Throws when it fails, with what it said on stderr. */
export function replay(args: readonly string[], input = '', program = replayPath): readonly string[] {
  const result = spawnSync(program, args, { input, encoding: 'utf8', maxBuffer: 1 << 30, env: {} });
  if (result.error) throw result.error;
  if (result.status !== 0) {
    throw new Error(`unwind_replay ${args.join(' ')}: ${result.signal ?? result.status}\n${result.stderr}`);
  }
  return result.stdout.split('\n').filter((line) => line !== '');
}

/** Compiles one of test/unwind/programs; returns the executable's path. */
export function compile(source: string, flags: readonly string[]): string {
  const output = join(workFolder, `${source}${flags.join('')}`.replaceAll(/[^\w.-]/g, '_'));
  if (!existsSync(output)) execFileSync('gcc', [...flags, join(programFolder, source), '-o', output]);
  return output;
}

const debianPackages = {
  gcc: 'gcc',
  'g++': 'g++',
  gdb: 'gdb',
  perf: 'linux-perf',
  openssl: 'openssl',
  xz: 'xz-utils',
  python3: 'python3',
  sort: 'coreutils',
  setpriv: 'util-linux',
} as const;
export type Tool = keyof typeof debianPackages;

/**
 * Whether all tools are in the PATH. If not, the test is skipped with the name of the Debian package; on a CI
 * machine, where they must be, it fails.
 */
export function hasTools(t: TestContext, ...tools: readonly Tool[]): boolean {
  const folders = (process.env['PATH'] ?? '').split(delimiter);
  const missing = tools.filter((tool) => !folders.some((folder) => existsSync(join(folder, tool))));
  if (missing.length === 0) return true;
  const reason = `needs the Debian package ${missing.map((tool) => debianPackages[tool]).join(', ')}`;
  if (process.env['CI']) throw new Error(reason);
  t.skip(reason);
  return false;
}

/** Whether the test runs as root, which it needs to see other users' processes or to become another user. */
export function hasRoot(t: TestContext): boolean {
  if (process.getuid?.() === 0) return true;
  t.skip('needs root');
  return false;
}

/** Starts a program whose output is dropped, and kills it when the test ends. */
export function startTarget(t: TestContext, command: string, args: readonly string[] = []): number {
  const child = spawn(command, args, { stdio: 'ignore', env: { PATH: process.env['PATH'] ?? '' } });
  t.after(() => child.kill('SIGKILL'));
  if (child.pid === undefined) throw new Error(`cannot start ${command}`);
  return child.pid;
}

/** CPU time of a process in clock ticks, from its stat file (proc(5)). */
function cpuTicks(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return Number(fields[11]) + Number(fields[12]);
}

/** Waits until a condition holds. Throws after ten seconds, naming what it waited for. */
export async function until(what: string, isTrue: () => boolean): Promise<void> {
  for (const deadline = Date.now() + 10_000; !isTrue(); ) {
    if (Date.now() > deadline) throw new Error(`waited in vain for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** Waits until the process has worked for a while, so that its start is over. */
export function untilBusy(pid: number, ticks = 10): Promise<void> {
  return until(`CPU time of ${pid}`, () => cpuTicks(pid) >= ticks);
}

/** Stops a process with SIGSTOP and waits until the kernel says so. */
export async function stop(pid: number): Promise<void> {
  process.kill(pid, 'SIGSTOP');
  await until(`${pid} to stop`, () => /^State:\s+T/m.test(readFileSync(`/proc/${pid}/status`, 'utf8')));
}
