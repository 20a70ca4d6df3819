/** Ten thousand samples a second of one thread, stacks of some 200 frames and of five: none may be lost. */

import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { readSysctl } from '../test/helpers/sysctl.ts';
import { waitForCpu } from '../test/helpers/truth.ts';
import type { Figure, Row } from './figure.ts';
import { endPerf, hasPerf, startPerf } from './perf.ts';
import { countsOf, recordCpu } from './profiler.ts';
import type { Scope } from './scope.ts';
import { median, spread } from './spread.ts';
import { startFixture } from './target.ts';

const rate = 10_000;
const repeats = 3;
const cpuSeconds = 3;
const targets = [
  { name: 'deep', what: '200 frames', knobs: [200] },
  { name: 'split', what: '5 frames', knobs: [] },
] as const;

export const lost: Figure = {
  name: 'lost',
  machine: 'steady',
  async *measure(scope) {
    for (const target of targets) yield await measureOne(scope, target);
  },
};

async function measureOne(scope: Scope, { name, what, knobs }: (typeof targets)[number]): Promise<Row> {
  const pid = await startFixture(scope, name, knobs);
  const losses: number[] = [];
  const rates: number[] = [];
  let throttled = 0;
  for (let i = 0; i < repeats; i++) {
    const run = await recordCpu(pid, cpuSeconds, ['-F', rate]);
    const counts = countsOf(run);
    losses.push(counts.lost);
    throttled += counts.throttled;
    rates.push(counts.samples / (run.accounting.cpuTimeNs / 1e9));
  }
  const perf = hasPerf() ? { perf: await perfLoss(scope, pid) } : {};
  process.kill(pid, 'SIGKILL');
  // The kernel lowers this limit by itself when samples take too long; it would hold back the rest.
  const limit = readSysctl('kernel.perf_event_max_sample_rate');
  return {
    subject: `samples lost at ${rate}/s of one thread, ${name} (${what})`,
    must: '0',
    measured: `${spread(losses, 0, 'lost')}, ${throttled} throttled, ${median(rates).toFixed(0)} per CPU second taken (limit ${limit})`,
    ...perf,
    holds: losses.every((count) => count === 0),
  };
}

async function perfLoss(scope: Scope, pid: number): Promise<string> {
  const file = join(scope.folder(), 'perf.data');
  const perf = await startPerf(scope, pid, ['-F', `${rate}`, '--call-graph', 'dwarf,16384'], file);
  await waitForCpu(pid, 1e9);
  await endPerf(perf);
  const { stdout } = spawnSync('perf', ['report', '--stats', '-i', file], { encoding: 'utf8' });
  const count = (event: string) =>
    new RegExp(`^\\s*${event} events:\\s+(\\d+)`, 'm').exec(stdout)?.[1] ?? '0';
  return `${count('LOST')} losses beside ${count('SAMPLE')} samples (dwarf,16384, 1 s)`;
}
