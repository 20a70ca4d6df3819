/**
 * What one sample costs natively. Live: CPU time of the drain thread by its samples, reading the ring included. Replayed: unwinding alone, over the stack copies of a perf.data.
 */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { loadNative } from '../src/engine/native.ts';
import { waitForCpu } from '../test/helpers/truth.ts';
import { type DrainCost, measureDrainCost } from './drain-cost.ts';
import type { Figure, Row } from './figure.ts';
import { endPerf, hasPerf, startPerf } from './perf.ts';
import { nodeText } from './programs.ts';
import type { Scope } from './scope.ts';
import { median, spread } from './spread.ts';
import { startCommand, startFixture } from './target.ts';

const slowHz = 999;
const fastHz = 10_000;
const repeats = 5;
const replay = fileURLToPath(new URL('../native/build/Release/unwind_replay', import.meta.url));

export const sampleCost: Figure = {
  name: 'sample-cost',
  machine: 'steady',
  async *measure(scope) {
    const node = () => startCommand(scope, [process.execPath, '-e', nodeText]);
    const targets = [
      { name: 'split', start: () => startFixture(scope, 'split') },
      { name: 'deep, 200 frames', start: () => startFixture(scope, 'deep', [200]) },
      { name: 'node', start: node },
    ];
    for (const { name, start } of targets) {
      const pid = await start();
      yield await measureLive(name, pid);
      yield hasPerf() && existsSync(replay) ? await measureReplay(scope, name, pid) : notReplayed(name);
      process.kill(pid, 'SIGKILL');
    }
  },
};

/** One process, both rates in turns; the slope between them is what a sample costs without the wake-ups. */
async function measureLive(name: string, pid: number): Promise<Row> {
  const native = loadNative();
  const slow: DrainCost[] = [];
  const fast: DrainCost[] = [];
  for (let i = 0; i < repeats; i++) {
    slow.push(await measureDrainCost(native, pid, 'perf', slowHz));
    fast.push(await measureDrainCost(native, pid, 'perf', fastHz));
  }
  const slopes = fast.map((cost, i) => slopeUs(slow[i] ?? cost, cost));
  const perSample = (costs: readonly DrainCost[]) =>
    spread(
      costs.map(({ us, samples }) => us / samples),
      1,
      'us',
    );
  return {
    subject: `drain thread per sample, ring and unwind and intern, ${name}`,
    must: '<= 5 us',
    measured: `${spread(slopes, 1, 'us')}; wake-ups included at ${slowHz} Hz ${perSample(slow)}, at ${fastHz} Hz ${perSample(fast)}`,
    holds: median(slopes) <= 5,
  };
}

/** Both are taken per CPU second of the target: wake-ups are by time, samples by its CPU. */
function slopeUs(slow: DrainCost, fast: DrainCost): number {
  const perSecond = (value: number, { cpuSeconds }: DrainCost) => value / cpuSeconds;
  const us = perSecond(fast.us, fast) - perSecond(slow.us, slow);
  return us / (perSecond(fast.samples, fast) - perSecond(slow.samples, slow));
}

const replayedSubject = (name: string) => `unwinding alone, replayed stack copies, ${name}`;
const replayedMust = '<= 5 us cold, <= 0.5 us warm';

function notReplayed(name: string): Row {
  const measured = 'needs perf and native/build/Release/unwind_replay';
  return { subject: replayedSubject(name), must: replayedMust, measured, holds: undefined };
}

async function measureReplay(scope: Scope, name: string, pid: number): Promise<Row> {
  const file = join(scope.folder(), 'perf.data');
  const perf = await startPerf(scope, pid, ['-F', '999', '--call-graph', 'dwarf,16384'], file);
  await waitForCpu(pid, 1e9);
  await endPerf(perf);
  const colds: number[] = [];
  const warms: number[] = [];
  for (let i = 0; i < repeats; i++) {
    const { coldUs, warmUs } = replayCost(file);
    colds.push(coldUs);
    warms.push(warmUs);
  }
  const { samples, frames } = replayCost(file);
  return {
    subject: replayedSubject(name),
    must: replayedMust,
    measured: `cold ${spread(colds, 2, 'us')}, warm ${spread(warms, 2, 'us')}, ${(frames / samples).toFixed(1)} frames a sample`,
    perf: `perf script ${(perfScriptCpuUs(file) / samples).toFixed(0)} us, naming and printing included`,
    holds: median(colds) <= 5 && median(warms) <= 0.5,
  };
}

/** User and system time of perf script, as the shell that waits for it counts them. */
function perfScriptCpuUs(file: string): number {
  const script = 'perf script --no-inline -F ip -i "$0" > /dev/null; times';
  const { stdout } = spawnSync('sh', ['-c', script, file], { encoding: 'utf8' });
  const times = [...(stdout.split('\n')[1] ?? '').matchAll(/(\d+)m([\d.]+)s/g)];
  return times.reduce((sum, [, minutes, seconds]) => sum + (Number(minutes) * 60 + Number(seconds)) * 1e6, 0);
}

function replayCost(file: string): { coldUs: number; warmUs: number; samples: number; frames: number } {
  const { stdout, stderr } = spawnSync(replay, ['perf', file], { encoding: 'utf8', maxBuffer: 1 << 30 });
  const cost = /^cost samples (\d+) frames (\d+) .* cold_us_per_sample ([\d.]+) warm_ns_per_frame ([\d.]+)/m;
  const [, samples, frames, coldUs, warmNs] = (cost.exec(stdout) ?? []).map(Number);
  if (!samples || frames === undefined || coldUs === undefined || warmNs === undefined) {
    throw new Error(`unwind_replay perf: ${stderr || 'no line of costs'}`);
  }
  return { coldUs, warmUs: (warmNs * frames) / samples / 1000, samples, frames };
}
