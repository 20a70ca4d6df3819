/**
 * perf(1) as the yardstick: records beside us on the same target, and its samples as lists of names.
 * Its files go to a folder of the scope. Debian package linux-perf.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { livingCpuNs, waitForCpu } from '../test/helpers/truth.ts';
import type { Scope } from './scope.ts';
import { hasCommand, stop } from './target.ts';

export interface PerfSample {
  readonly weightNs: number;
  /** Leaf first; `[unknown]` where perf has no name. */
  readonly frames: readonly PerfFrame[];
}

export interface PerfFrame {
  readonly name: string;
  readonly isKernel: boolean;
}

export function hasPerf(): boolean {
  return hasCommand('perf');
}

/** perf record on a pid, until `endPerf`; resolves once it counts. */
export async function startPerf(
  scope: Scope,
  pid: number,
  args: readonly string[],
  output = '/dev/null',
): Promise<ChildProcess> {
  // It answers on its control pipe when the events are on: before that nothing is measured.
  const words = ['record', '-q', '-e', 'cpu-clock', ...args, '-p', String(pid), '-o', output];
  const child = spawn('perf', [...words, '-D', '-1', '--control', 'fd:3,4'], {
    stdio: ['ignore', 'ignore', 'pipe', 'pipe', 'pipe'],
  });
  scope.after(() => stop(child));
  let complaints = '';
  child.stderr?.on('data', (bytes: Buffer) => {
    complaints += bytes;
  });
  const [control, answers] = [child.stdio[3], child.stdio[4]] as [
    NodeJS.WritableStream,
    NodeJS.ReadableStream,
  ];
  control.write('enable\n');
  const refused = once(child, 'exit').then(([code]) => {
    throw new Error(`perf record ended with ${code}: ${complaints}`);
  });
  await Promise.race([once(answers, 'data'), refused]);
  refused.catch(() => {});
  return child;
}

export function endPerf(perf: ChildProcess): Promise<void> {
  return stop(perf, 'SIGINT');
}

/** Records until the target has used this much CPU, then reads the samples with their names. */
export async function perfSamples(
  scope: Scope,
  pid: number,
  cpuSeconds: number,
  args: readonly string[],
): Promise<PerfSample[]> {
  const file = join(scope.folder(), 'perf.data');
  const perf = await startPerf(scope, pid, args, file);
  await waitForCpu(pid, cpuSeconds * 1e9);
  await endPerf(perf);
  return readSamples(file);
}

/** What perf's samples weigh against the CPU time the target used while perf counted, 0..1. */
export async function perfAccounted(scope: Scope, pid: number, seconds: number): Promise<number> {
  const file = join(scope.folder(), 'perf.data');
  const perf = await startPerf(scope, pid, ['-F', '99'], file);
  const beforeNs = livingCpuNs(pid);
  await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
  const usedNs = livingCpuNs(pid) - beforeNs;
  await endPerf(perf);
  return readSamples(file).reduce((sum, { weightNs }) => sum + weightNs, 0) / usedNs;
}

export function readSamples(file: string): PerfSample[] {
  const args = ['script', '--no-inline', '-F', 'period,ip,sym,dso', '-i', file];
  const { stdout, status, stderr } = spawnSync('perf', args, { encoding: 'utf8', maxBuffer: 1 << 30 });
  if (status !== 0) throw new Error(`perf script ended with ${status}: ${stderr}`);
  const samples: { weightNs: number; frames: PerfFrame[] }[] = [];
  for (const line of stdout.split('\n')) {
    // A sample begins with its period; its frames follow on lines of their own or, for one frame, behind it.
    const period = /^ *(\d+)(?= |$)/.exec(line);
    if (period) samples.push({ weightNs: Number(period[1]), frames: [] });
    const frame = parseFrame(period ? line.slice(period[0].length) : line);
    if (frame) samples.at(-1)?.frames.push(frame);
  }
  return samples;
}

/** `ADDRESS NAME (MODULE)`; addresses of user code are relative to their mapping, those of the kernel absolute. */
function parseFrame(text: string): PerfFrame | undefined {
  const [, address, name] = /^\s*([0-9a-f]+) (.+) \([^()]+\)\s*$/.exec(text) ?? [];
  if (address === undefined || name === undefined) return undefined;
  return { name, isKernel: /^f{4}[0-9a-f]{12}$/.test(address) };
}
