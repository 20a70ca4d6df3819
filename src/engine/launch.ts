/**
 * Starts a command as the target through the native launcher: it stands before its first instruction until capture
 * is armed, and is a child of ours, so that it may be traced where attaching is not allowed.
 */
import { accessSync, constants, existsSync, statSync } from 'node:fs';
import { constants as osConstants } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import { errnoName } from './errno.ts';
import { commandOutputs, type Native } from './native.ts';

/** Where the command's output goes: with ours, all of it to our error output, or into a pipe that we read. */
export type CommandStreams = (typeof commandOutputs)[number];

/** How a command ended: by itself with a code, or by a signal (0: by itself). */
export interface CommandEnd {
  readonly code: number;
  readonly signal: number;
}

/** Thrown when the command cannot be started. */
export class LaunchFailed extends Error {}

/** How long a command that was asked to end may take before it is killed. */
const patienceMs = 2000;
const lookMs = 20;

export class LaunchedCommand {
  readonly pid: number;
  readonly name: string;
  /** Read end of what it prints, for `pipe`; the caller's to close. */
  readonly outputFd: number;
  readonly #native: Native;
  readonly #execResultFd: number;
  /** Its group is its own only where it has a session of its own. */
  readonly #signalled: number;
  #end: CommandEnd | undefined;

  /** @throws LaunchFailed with one line that names the command and what refused it */
  constructor(native: Native, argv: readonly string[], streams: CommandStreams) {
    this.name = argv[0] ?? '';
    const environment = Object.entries(process.env).map(([name, value]) => `${name}=${value}`);
    const path = findCommand(this.name);
    const result = native.launch(path, argv, environment, commandOutputs.indexOf(streams));
    if (result.refusal) throw launchFailed(this.name, result.refusal.errno);
    this.#native = native;
    this.pid = result.pid;
    this.outputFd = result.outputFd;
    this.#execResultFd = result.execResultFd;
    this.#signalled = streams === 'pipe' ? -this.pid : this.pid;
  }

  /** Lets the command run. @throws LaunchFailed when it can only now be seen that it cannot */
  release(): void {
    const errno = this.#native.release(this.pid, this.#execResultFd);
    if (errno !== 0) throw launchFailed(this.name, errno);
  }

  /** How it ended; undefined while it runs. */
  get end(): CommandEnd | undefined {
    if (this.#end !== undefined) return this.#end;
    this.#end = this.#native.reap(this.pid);
    return this.#end;
  }

  /** Sends a signal to it, and to its group where that is its own; nothing once it has ended. */
  signal(signal: NodeJS.Signals): void {
    if (this.end !== undefined) return;
    try {
      process.kill(this.#signalled, signal);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
  }

  /** Asks it to end, insists after two seconds, and resolves with how it ended. */
  async endNow(): Promise<CommandEnd> {
    this.signal('SIGTERM');
    // A stopped process takes its end only when it goes on.
    this.signal('SIGCONT');
    const deadline = performance.now() + patienceMs;
    while (this.end === undefined && performance.now() < deadline) await delay(lookMs);
    this.signal('SIGKILL');
    let { end } = this;
    for (; end === undefined; { end } = this) await delay(lookMs);
    return end;
  }
}

/** `CMD ended with code N`, `CMD was ended by signal SIGTERM`. */
export function endLine(name: string, { code, signal }: CommandEnd): string {
  return signal === 0
    ? `${name} ended with code ${code}`
    : `${name} was ended by signal ${signalName(signal)}`;
}

/** The exit code that tells of this end, as shells say it. */
export function exitCodeOf({ code, signal }: CommandEnd): number {
  return signal === 0 ? code : 128 + signal;
}

/** @throws LaunchFailed when a shell would not find it or may not run it */
function findCommand(name: string): string {
  const folders = name.includes('/')
    ? ['']
    : (process.env['PATH'] ?? '').split(':').map((folder) => `${folder || '.'}/`);
  const found = folders.map((folder) => folder + name).filter((path) => existsSync(path));
  const path = found.find(isExecutable);
  if (path !== undefined) return path;
  throw new LaunchFailed(
    `cannot start ${name}: ${found.length === 0 ? 'no such command' : 'not executable'}`,
  );
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

function launchFailed(name: string, errno: number): LaunchFailed {
  const code = errnoName(errno);
  const known: Readonly<Record<string, string>> = {
    EACCES: 'not executable (EACCES)',
    ENOENT: 'the interpreter that it names does not exist (ENOENT)',
    ENOEXEC: 'not a program that this machine can run (ENOEXEC)',
  };
  return new LaunchFailed(`cannot start ${name}: ${known[code] ?? code}`);
}

/** Real-time signals have no name. */
function signalName(number: number): string {
  const [name] = Object.entries(osConstants.signals).find(([, value]) => value === number) ?? [];
  return name ?? String(number);
}
