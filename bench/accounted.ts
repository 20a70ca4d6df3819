/** The first promise: the weights of the samples are the target's CPU time, whatever kind of program it is. */
import type { Figure, Row } from './figure.ts';
import { hasPerf, perfAccounted } from './perf.ts';
import { recordSeconds } from './profiler.ts';
import type { Scope } from './scope.ts';
import { percent, spreadOfShares } from './spread.ts';
import { startFixture } from './target.ts';

const seconds = 5;
const repeats = 3;
const targets = [
  { name: 'split', kind: 'CPU-bound', knobs: [] },
  { name: 'reader', kind: 'reads in a loop', knobs: [] },
  { name: 'sender', kind: 'sends in a loop', knobs: [] },
  { name: 'many_threads', kind: '50 threads', knobs: [50] },
] as const;

export const accounted: Figure = {
  name: 'accounted',
  machine: 'steady',
  async *measure(scope) {
    for (const target of targets) yield await measureOne(scope, target);
  },
};

async function measureOne(scope: Scope, { name, kind, knobs }: (typeof targets)[number]): Promise<Row> {
  const pid = await startFixture(scope, name, knobs);
  const shares: number[] = [];
  for (let i = 0; i < repeats; i++) {
    const { accounting } = await recordSeconds(pid, seconds);
    shares.push(accounting.accounted);
  }
  const perf = hasPerf() ? percent(await perfAccounted(scope, pid, seconds)) : undefined;
  process.kill(pid, 'SIGKILL');
  return {
    subject: `accounted in ${seconds} s, ${name} (${kind})`,
    must: '99..101 %',
    measured: spreadOfShares(shares),
    ...(perf && { perf }),
    holds: shares.every((share) => share >= 0.99 && share <= 1.01),
  };
}
