/**
 * Starts a command as the target: it waits, stopped, before its first instruction until capture is armed.
 * The shell that stops itself becomes the command by exec, so the pid stays the same.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { accessSync, constants, existsSync, statSync } from 'node:fs';
import { constants as osConstants } from 'node:os';
import { readProcessStat } from './target.ts';

export interface Launched {
  readonly pid: number;
  /** Lets the command run. */
  release(): void;
  /** Resolves when it has ended: its exit code, or 128 + the signal's number as shells say it. */
  readonly ended: Promise<number>;
}

/** Thrown when the command cannot be started. */
export class LaunchFailed extends Error {}

const stopThenBecome = 'kill -STOP $$; exec "$@"';

/** @param stdout where the command's output goes: our own output, or our error output when a report goes to the first */
export async function launchStopped(
  command: readonly string[],
  stdout: 'inherit' | 'stderr',
): Promise<Launched> {
  requireCommand(command[0] ?? '');
  const child = spawn('/bin/sh', ['-c', stopThenBecome, 'prof-tui', ...command], {
    stdio: ['inherit', stdout === 'stderr' ? 2 : 'inherit', 'inherit'],
  });
  const { pid } = child;
  if (pid === undefined) throw new LaunchFailed('cannot start /bin/sh');
  const ended = exitOf(child);
  await untilStopped(pid);
  return { pid, release: () => process.kill(pid, 'SIGCONT'), ended };
}

/** @throws LaunchFailed when the shell would not find or may not run it: it would tell only after capture began */
function requireCommand(name: string): void {
  const folders = name.includes('/')
    ? ['']
    : (process.env['PATH'] ?? '').split(':').map((folder) => `${folder}/`);
  const found = folders.map((folder) => folder + name).filter((path) => existsSync(path));
  if (found.length === 0) throw new LaunchFailed(`cannot start ${name}: no such command`);
  if (!found.some(isExecutable)) throw new LaunchFailed(`cannot start ${name}: not executable`);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

function exitOf(child: ChildProcess): Promise<number> {
  return new Promise((resolve) => {
    child.once('exit', (code, signal) => resolve(code ?? 128 + signalNumber(signal)));
  });
}

function signalNumber(signal: NodeJS.Signals | null): number {
  return signal === null ? 0 : osConstants.signals[signal];
}

async function untilStopped(pid: number): Promise<void> {
  const deadline = performance.now() + 5000;
  while (readProcessStat(pid)?.state !== 'T') {
    if (performance.now() > deadline) throw new LaunchFailed('the command did not start within 5 s');
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}
