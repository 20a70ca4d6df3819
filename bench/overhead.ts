/**
 * What each engine takes from its target at an everyday rate: work units per CPU second of the target, paired with
 * windows without a profiler on both sides.
 */
import type { Figure, Row } from './figure.ts';
import { whileRecording } from './profiler.ts';
import type { Scope } from './scope.ts';
import { median, percent, quantile, spreadOfShares } from './spread.ts';
import { startFixture } from './target.ts';
import { unitsPerCpu, workCounter } from './work-counter.ts';

const rate = 100;
const rounds = 15;
const engines = [
  { name: 'ctimer in the target', words: ['-e', 'ctimer'], most: 0.003 },
  { name: 'cpu', words: ['-e', 'cpu'], most: 0.005 },
  { name: 'external snapshots', words: ['-e', 'ctimer', '--no-inject'], most: 0.01 },
] as const;

export const overhead: Figure = {
  name: 'overhead',
  machine: 'steady',
  async *measure(scope) {
    for (const engine of engines) yield await measureOne(scope, engine);
  },
};

async function measureOne(scope: Scope, { name, words, most }: (typeof engines)[number]): Promise<Row> {
  const pid = await startFixture(scope, 'split');
  const work = workCounter(pid, 'rounds_done');
  scope.after(work.close);
  const slowdowns: number[] = [];
  let before = await unitsPerCpu(pid, work.read);
  for (let i = 0; i < rounds; i++) {
    const profiled = await whileRecording(pid, [...words, '-F', rate], () => unitsPerCpu(pid, work.read));
    const after = await unitsPerCpu(pid, work.read);
    slowdowns.push(1 - profiled / ((before + after) / 2));
    before = after;
  }
  process.kill(pid, 'SIGKILL');
  return {
    subject: `overhead of ${name} at ${rate} Hz, split`,
    must: `<= ${percent(most)} within the noise of the rounds`,
    measured: spreadOfShares(slowdowns, 2),
    // Most rounds above the bound speak against it; where half of them lie below zero, the noise is larger.
    holds: median(slowdowns) <= most || (quantile(slowdowns, 0.25) > most ? false : undefined),
  };
}
