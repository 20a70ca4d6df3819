/**
 * Runs the built program the way a user does, without a terminal, and reads what it printed.
 * Types follow docs/formats.md: the tests hold the program to the documented contract, not to its own types.
 */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { on, once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { withSteadyMachine } from './sysctl.ts';
import { waitForCpu } from './truth.ts';

export const program = fileURLToPath(new URL('../../bin/prof-tui.js', import.meta.url));

export interface CliOptions {
  /** Words before the command: a gate of gates.ts. */
  readonly launcher?: readonly string[];
  /** Another copy of bin/prof-tui.js. */
  readonly program?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** After this time the program is killed and the run has `signal` SIGKILL. */
  readonly deadlineMs?: number;
}

export interface CliRun {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface StartedCli {
  readonly child: ChildProcess;
  /** Resolves at its end, with all it printed. */
  readonly run: Promise<CliRun>;
}

export function startCli(args: readonly (string | number)[], options: CliOptions = {}): StartedCli {
  const words = [process.execPath, options.program ?? program, ...args.map(String)];
  const [command = '', ...rest] = [...(options.launcher ?? []), ...words];
  const child = spawn(command, rest, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, XDG_CONFIG_HOME: '/nonexistent', ...options.env },
  });
  const timer = setTimeout(() => child.kill('SIGKILL'), options.deadlineMs ?? 60_000);
  const stdout: Buffer[] = [];
  const stderr: Buffer[] = [];
  child.stdout.on('data', (bytes: Buffer) => stdout.push(bytes));
  child.stderr.on('data', (bytes: Buffer) => stderr.push(bytes));
  const run = once(child, 'close').then(([code, signal]): CliRun => {
    clearTimeout(timer);
    const text = (parts: Buffer[]) => Buffer.concat(parts).toString('utf8');
    return { code, signal, stdout: text(stdout), stderr: text(stderr) };
  });
  return { child, run };
}

export function runCli(args: readonly (string | number)[], options: CliOptions = {}): Promise<CliRun> {
  return startCli(args, options).run;
}

export interface RecordedNode {
  readonly name: string;
  readonly module: string;
  readonly kind: string;
  readonly runtime?: string;
  readonly script?: string;
  readonly line?: number;
  readonly selfNs: number;
  readonly totalNs: number;
  readonly children: readonly RecordedNode[];
}

export interface RecordedSpan {
  readonly asked: string;
  readonly planned: string;
  readonly engine: string;
  readonly mechanism: string;
  readonly unit: string;
  readonly kernelPart: string;
  readonly kernelSymbols: string;
  readonly reason: string;
  readonly startNs: number;
  readonly endNs: number;
  readonly periodNs: number;
  readonly cpuTimeNs: number;
  readonly samples: number;
  readonly weightNs: number;
  readonly lost: number;
  readonly throttled: number;
  readonly truncated: number;
  readonly skipped: number;
}

export interface RecordedProfile {
  readonly tool: { readonly name: string; readonly version: string };
  readonly target: {
    readonly pid: number;
    readonly exe: string;
    readonly command: string;
    readonly startedAt: string;
  };
  readonly frequencyHz: number;
  readonly spans: readonly RecordedSpan[];
  readonly accounting: {
    readonly cpuTimeNs: number;
    readonly userTimeNs: number;
    readonly systemTimeNs: number;
    readonly weightNs: number;
    readonly accounted: number;
  };
  readonly warnings: readonly {
    readonly code: string;
    readonly title: string;
    readonly cause: string;
    readonly cure: string | null;
  }[];
  readonly threads: readonly { readonly tid: number; readonly name: string; readonly weightNs: number }[];
  readonly tree: RecordedNode;
}

/** `record PID -f json -o -` with further arguments, while kernel settings are steady; it must end well. */
export async function recordJson(
  pid: number,
  args: readonly (string | number)[],
  options: CliOptions = {},
): Promise<RecordedProfile> {
  const words = ['record', pid, '-f', 'json', '-o', '-', ...args];
  return profileOf(await withSteadyMachine(() => runCli(words, options)));
}

/** Records until the target has used this much CPU time, then ends the recording as ^C does. */
export function recordCpu(
  pid: number,
  cpuSeconds: number,
  args: readonly (string | number)[] = ['-F', 999],
  options: CliOptions = {},
): Promise<RecordedProfile> {
  return withSteadyMachine(() => recordCpuUnlocked(pid, cpuSeconds, args, options));
}

/** The same for a caller that holds the machine lock itself. */
export async function recordCpuUnlocked(
  pid: number,
  cpuSeconds: number,
  args: readonly (string | number)[] = ['-F', 999],
  options: CliOptions = {},
): Promise<RecordedProfile> {
  const cli = startCli(['record', pid, '-f', 'json', '-o', '-', ...args], options);
  await Promise.race([untilRecording(cli), cli.run]);
  if (cli.child.exitCode === null) await waitForCpu(pid, cpuSeconds * 1e9);
  cli.child.kill('SIGINT');
  return profileOf(await cli.run);
}

/** Resolves when the program has said on its error output that it records. */
export async function untilRecording(cli: StartedCli): Promise<void> {
  let said = '';
  for await (const [bytes] of on(cli.child.stderr as NonNullable<typeof cli.child.stderr>, 'data')) {
    said += String(bytes);
    if (/^recording .*$/m.test(said)) return;
  }
}

/** The profile that a run printed as JSON; fails with the run's words when it did not end well. */
export function profileOf(run: CliRun): RecordedProfile {
  assert.equal(run.code, 0, `record ended with ${run.code ?? run.signal}: ${run.stderr}`);
  return JSON.parse(run.stdout) as RecordedProfile;
}

export interface FoldedStack {
  /** Root first. */
  readonly frames: readonly string[];
  readonly count: number;
}

export interface FoldedProfile {
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly stacks: readonly FoldedStack[];
}

/** Reads collapsed stacks; each line must be well formed, the first one is the metadata with weight 0. */
export function parseFolded(text: string): FoldedProfile {
  assert(text.endsWith('\n'), 'folded text ends with a line end');
  const [first = '', ...rest] = text.slice(0, -1).split('\n');
  const metadata = /^# prof-tui (\{[^;]*\}) 0$/.exec(first)?.[1];
  assert(metadata !== undefined, `not a metadata line: ${first}`);
  return { metadata: JSON.parse(metadata) as Record<string, unknown>, stacks: rest.map(parseStack) };
}

function parseStack(line: string): FoldedStack {
  const [, stack, count] = /^(\S.*) (\d+)$/.exec(line) ?? [];
  assert(stack !== undefined && count !== undefined, `not a folded line: ${line}`);
  const frames = stack.split(';');
  assert(
    frames.every((frame) => frame !== ''),
    `an empty frame: ${line}`,
  );
  return { frames, count: Number(count) };
}
