/** The built program as a user runs it: recordings as JSON, and what its own threads cost. */
import { readdirSync, readFileSync } from 'node:fs';
import {
  type CliOptions,
  profileOf,
  type RecordedProfile,
  type StartedCli,
  startCli,
  untilRecording,
} from '../test/helpers/cli.ts';
import { waitForCpu } from '../test/helpers/truth.ts';

export interface Counts {
  readonly samples: number;
  readonly lost: number;
  readonly throttled: number;
  readonly truncated: number;
}

/** Records for some seconds of wall time. */
export async function recordSeconds(pid: number, seconds: number, args: readonly (string | number)[] = []) {
  const cli = startCli(['record', pid, '-d', seconds, '-f', 'json', '-o', '-', ...args]);
  return profileOf(await cli.run);
}

/** A running recording whose tree nobody reads; end it by `endRecording`. */
export async function startRecording(
  pid: number,
  args: readonly (string | number)[],
  options: CliOptions = {},
): Promise<StartedCli> {
  const words = ['record', pid, '-f', 'json', '-o', '-', ...args];
  const cli = startCli(words, { deadlineMs: 180_000, ...options });
  const ended = cli.run.then(({ stderr }) => {
    throw new Error(`record ended before it began: ${stderr}`);
  });
  await Promise.race([untilRecording(cli), ended]);
  ended.catch(() => {});
  return cli;
}

export async function endRecording(cli: StartedCli): Promise<RecordedProfile> {
  cli.child.kill('SIGINT');
  return profileOf(await cli.run);
}

/** Does some work while a recording runs. */
export async function whileRecording<T>(
  pid: number,
  args: readonly (string | number)[],
  work: () => Promise<T>,
  options: CliOptions = {},
): Promise<T> {
  const cli = await startRecording(pid, args, options);
  const result = await work();
  await endRecording(cli);
  return result;
}

/** Records until the target has used this much CPU. */
export async function recordCpu(
  pid: number,
  cpuSeconds: number,
  args: readonly (string | number)[],
): Promise<RecordedProfile> {
  const cli = await startRecording(pid, args);
  await waitForCpu(pid, cpuSeconds * 1e9);
  return endRecording(cli);
}

/** Sums over the engine spans of a recording. */
export function countsOf({ spans }: RecordedProfile): Counts {
  const sum = (read: (span: RecordedProfile['spans'][number]) => number) =>
    spans.reduce((total, span) => total + read(span), 0);
  return {
    samples: sum((span) => span.samples),
    lost: sum((span) => span.lost),
    throttled: sum((span) => span.throttled),
    truncated: sum((span) => span.truncated),
  };
}

/** Which of the profiler's threads a tid is. */
export type Part = 'main' | 'drain' | 'worker' | 'other';

/** The system calls in which a thread waits (x86-64): poll, epoll_pwait. */
const pollCall = '7';
const epollPwaitCall = '281';

/**
 * The parts by where their threads wait: the drain thread blocks all signals and waits in poll(2); a JavaScript
 * thread (main or the worker for names) blocks none and waits in its event loop. Asked again until each was met
 * asleep. The rest are V8's helpers and the builder of unwind tables.
 */
export async function findThreads(pid: number): Promise<ReadonlyMap<number, Part>> {
  const found = new Map<number, Part>([[pid, 'main']]);
  const deadline = Date.now() + 5000;
  while (!hasAll(found) && Date.now() < deadline) {
    for (const tid of tidsOf(pid)) {
      const part = partOf(pid, tid);
      if (part) found.set(tid, part);
    }
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  if (!hasAll(found)) throw new Error(`threads of ${pid} not told apart: ${[...found.values()]}`);
  return found;
}

function hasAll(found: ReadonlyMap<number, Part>): boolean {
  const values = [...found.values()];
  return values.includes('drain') && values.includes('worker');
}

function partOf(pid: number, tid: number): Part | undefined {
  if (tid === pid) return 'main';
  const [call = ''] = readTask(pid, tid, 'syscall').split(' ');
  const [, blocked = ''] = /^SigBlk:\s*(\w+)/m.exec(readTask(pid, tid, 'status')) ?? [];
  if (call === pollCall && blocked.startsWith('fffffff')) return 'drain';
  if (call === epollPwaitCall && /^0+$/.test(blocked)) return 'worker';
  return undefined;
}

/** CPU time of each part so far, in ns, from the scheduler's exact clock. */
export function partCpuNs(pid: number, threads: ReadonlyMap<number, Part>): Record<Part, number> {
  const sums: Record<Part, number> = { main: 0, drain: 0, worker: 0, other: 0 };
  for (const tid of tidsOf(pid)) {
    sums[threads.get(tid) ?? 'other'] += Number(readTask(pid, tid, 'schedstat').split(' ')[0]);
  }
  return sums;
}

function tidsOf(pid: number): number[] {
  return readdirSync(`/proc/${pid}/task`).map(Number);
}

/** '' when the thread ended in between. */
function readTask(pid: number, tid: number, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/task/${tid}/${file}`, 'utf8');
  } catch {
    return '';
  }
}
