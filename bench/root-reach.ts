/**
 * How many stacks reach the root of their thread, in programs as Debian ships them: no frame pointers, no symbols,
 * big frames. The native session is driven directly, because it tells how large the stack copies grew meanwhile.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { loadNative, type NativeState } from '../src/engine/native.ts';
import { livingCpuNs } from '../test/helpers/truth.ts';
import type { Figure, Row } from './figure.ts';
import { hasPerf, type PerfSample, perfSamples } from './perf.ts';
import { type Program, programs } from './programs.ts';
import type { Scope } from './scope.ts';
import { percent, spreadOfShares } from './spread.ts';
import { startCommand } from './target.ts';

const repeats = 3;
const cpuSeconds = 2;
const periodNs = Math.round(1e9 / 999);
const kernelAndUser = 0;

export const rootReach: Figure = {
  name: 'root-reach',
  machine: 'steady',
  async *measure(scope) {
    const folder = scope.folder();
    for (const program of programs) {
      const argv = program.prepare(folder);
      if (argv === undefined) yield skipped(program);
      else yield await measureOne(scope, program, argv);
    }
  },
};

const subjectOf = ({ name }: Program) => `stacks that reach the root, ${name}`;
const mustOf = ({ least }: Program) => `>= ${percent(least)}`;

function skipped(program: Program): Row {
  const measured = `not installed (Debian package ${program.debianPackage})`;
  return { subject: subjectOf(program), must: mustOf(program), measured, holds: undefined };
}

async function measureOne(scope: Scope, program: Program, argv: readonly string[]): Promise<Row> {
  const pid = await startCommand(scope, argv);
  const reaches: Reach[] = [];
  for (let i = 0; i < repeats; i++) reaches.push(await measureReach(pid));
  const perf = hasPerf() ? { perf: await perfReach(scope, pid) } : {};
  process.kill(pid, 'SIGKILL');
  const sizes = [...new Set(reaches.map(({ stackKib }) => stackKib))].join(', ');
  return {
    subject: subjectOf(program),
    must: mustOf(program),
    measured: `${spreadOfShares(
      reaches.map(({ grown }) => grown),
      2,
    )} at the final copy of ${sizes} KiB; growth included ${spreadOfShares(
      reaches.map(({ whole }) => whole),
      2,
    )}`,
    ...perf,
    holds: reaches.every(({ grown }) => grown >= program.least),
  };
}

interface Reach {
  /** Of all samples, those before the copies grew too. */
  readonly whole: number;
  /** Of the samples since the copies have had their final size. */
  readonly grown: number;
  readonly stackKib: number;
}

async function measureReach(pid: number): Promise<Reach> {
  const session = new (loadNative().Session)(pid);
  const { refusal } = await session.start(kernelAndUser, periodNs);
  if (refusal) throw new Error(`${refusal.syscall} ${refusal.subject}: errno ${refusal.errno}`);
  let grownAt = session.state();
  const goalNs = livingCpuNs(pid) + cpuSeconds * 1e9;
  while (livingCpuNs(pid) < goalNs) {
    await delay(20);
    session.drain();
    const state = session.state();
    if (state.stackBytes !== grownAt.stackBytes) grownAt = state;
  }
  await session.stop();
  const end = session.state();
  return {
    whole: 1 - end.truncated / end.samples,
    grown: reachSince(grownAt, end),
    stackKib: Math.round(end.stackBytes / 1024),
  };
}

function reachSince(from: NativeState, to: NativeState): number {
  return 1 - (to.truncated - from.truncated) / (to.samples - from.samples);
}

/** What perf ends a whole stack in: the entry of a process or of a thread, or the last libc frame before it. */
const rootNames =
  /^(_start|__libc_start_(call_)?main\S*|(__)?clone3?|__GI___clone\S*|start_thread|runtime\.goexit\S*)$/;

async function perfReach(scope: Scope, pid: number): Promise<string> {
  const samples = await perfSamples(scope, pid, 0.5, ['-F', '499', '--call-graph', 'dwarf']);
  const isWhole = ({ frames }: PerfSample) =>
    frames.some(({ name }) => rootNames.test(name.replace(/@.*/, '')));
  return `dwarf, 8 KiB: ${percent(samples.filter(isWhole).length / samples.length)}`;
}
