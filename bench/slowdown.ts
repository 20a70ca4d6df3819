/**
 * What a profiler takes from its target: work units per CPU second of the target itself, without a profiler, with
 * ours and with perf's stack copies of the same size, in turns on one process. The target's counter is read from its
 * memory, so that measuring costs it nothing.
 */
import type { Figure, Row } from './figure.ts';
import { endPerf, hasPerf, startPerf } from './perf.ts';
import { whileRecording } from './profiler.ts';
import type { Scope } from './scope.ts';
import { median, quantile, spreadOfShares } from './spread.ts';
import { startFixture } from './target.ts';
import { unitsPerCpu, workCounter } from './work-counter.ts';

const rate = 999;
const rounds = 9;
const targets = [
  { name: 'split', counter: 'rounds_done' },
  { name: 'reader', counter: 'reads_done' },
] as const;

export const slowdown: Figure = {
  name: 'slowdown',
  machine: 'steady',
  async *measure(scope) {
    for (const target of targets) {
      if (hasPerf()) yield await measureOne(scope, target);
      else yield { subject: subjectOf(target.name), must, measured: 'needs perf', holds: undefined };
    }
  },
};

const must = '<= 1.0 of perf dwarf,16384 beyond the noise of the rounds';
const subjectOf = (name: string) => `slowdown of ${name} at ${rate} Hz, ours / perf's`;

async function measureOne(scope: Scope, { name, counter }: (typeof targets)[number]): Promise<Row> {
  const pid = await startFixture(scope, name);
  const work = workCounter(pid, counter);
  scope.after(work.close);
  const ours: number[] = [];
  const perfs: number[] = [];
  for (let i = 0; i < rounds; i++) {
    // Each is compared with the plain windows on both sides of it, so that a drift of the machine cancels out.
    const before = await unitsPerCpu(pid, work.read);
    const withOurs = await whileRecording(pid, ['-F', rate], () => unitsPerCpu(pid, work.read));
    const between = await unitsPerCpu(pid, work.read);
    const withPerf = await whilePerf(scope, pid, () => unitsPerCpu(pid, work.read));
    const after = await unitsPerCpu(pid, work.read);
    ours.push(1 - withOurs / ((before + between) / 2));
    perfs.push(1 - withPerf / ((between + after) / 2));
  }
  process.kill(pid, 'SIGKILL');
  const ratio = (median(ours) / median(perfs)).toFixed(2);
  const isClear = quantile(ours, 0.25) > 0 && quantile(perfs, 0.25) > 0;
  // The two of one round met the same machine: ours is slower when most rounds say so, not when one median does.
  const excess = ours.map((slow, i) => slow - (perfs[i] ?? Number.NaN));
  return {
    subject: subjectOf(name),
    must,
    measured: `${isClear ? ratio : 'no ratio, noise is larger'}: ours ${spreadOfShares(ours, 2)}, ours - perf's ${spreadOfShares(excess, 2)}`,
    perf: spreadOfShares(perfs, 2),
    holds: isClear ? quantile(excess, 0.25) <= 0 : undefined,
  };
}

async function whilePerf<T>(scope: Scope, pid: number, work: () => Promise<T>): Promise<T> {
  const perf = await startPerf(scope, pid, ['-F', `${rate}`, '--call-graph', 'dwarf,16384']);
  const result = await work();
  await endPerf(perf);
  return result;
}
