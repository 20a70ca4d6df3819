/**
 * What one sample costs natively. Live: CPU time of the drain thread by its samples, less what the thread uses beside
 * an idle target; that includes reading the ring. Replayed: unwinding alone, over the stack copies of a perf.data.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { loadNative, type NativeSession } from '../src/engine/native.ts';
import { threadCpuNs, waitForCpu } from '../test/helpers/truth.ts';
import type { Figure, Row } from './figure.ts';
import { endPerf, hasPerf, startPerf } from './perf.ts';
import { nodeText } from './programs.ts';
import type { Scope } from './scope.ts';
import { median, spread } from './spread.ts';
import { startCommand, startFixture } from './target.ts';

const rates = [999, 10_000] as const;
const repeats = 5;
const cpuSeconds = 0.8;
const kernelAndUser = 0;
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
    const idleShare = await measureIdle(scope);
    for (const { name, start } of targets) {
      const pid = await start();
      yield await measureLive(name, pid, idleShare);
      yield hasPerf() && existsSync(replay) ? await measureReplay(scope, name, pid) : notReplayed(name);
      process.kill(pid, 'SIGKILL');
    }
  },
};

interface Drain {
  readonly session: NativeSession;
  cpuNs(): number;
}

/** A session, and the CPU clock of the thread that it brought. */
async function openDrain(pid: number, hz: number): Promise<Drain> {
  const before = threadCpuNs(process.pid);
  const session = new (loadNative().Session)(pid);
  const [tid] = [...threadCpuNs(process.pid).keys()].filter((each) => !before.has(each));
  const { refusal } = await session.start(kernelAndUser, Math.round(1e9 / hz));
  if (tid === undefined || refusal) throw new Error(`no session on ${pid}: errno ${refusal?.errno}`);
  const cpuNs = () => Number(readFileSync(`/proc/self/task/${tid}/schedstat`, 'utf8').split(' ')[0]);
  return { session, cpuNs };
}

/** CPU that the drain thread uses per wall time when there is nothing to drain: its own wake-ups. */
async function measureIdle(scope: Scope): Promise<number> {
  const pid = await startIdle(scope);
  const { session, cpuNs } = await openDrain(pid, 999);
  await delay(500);
  const [fromNs, fromMs] = [cpuNs(), performance.now()];
  await delay(3000);
  const share = (cpuNs() - fromNs) / ((performance.now() - fromMs) * 1e6);
  await session.stop();
  return share;
}

function startIdle(scope: Scope): Promise<number> {
  // It sleeps in turns, so that its start uses the CPU time that a command must have used.
  return startCommand(scope, [
    'sh',
    '-c',
    'i=0; while [ $i -lt 400000 ]; do i=$((i+1)); done; exec sleep 600',
  ]);
}

async function measureLive(name: string, pid: number, idleShare: number): Promise<Row> {
  const texts: string[] = [];
  const medians: number[] = [];
  for (const hz of rates) {
    const costs: number[] = [];
    for (let i = 0; i < repeats; i++) costs.push(await costPerSample(pid, hz, idleShare));
    texts.push(`at ${hz} Hz ${spread(costs, 1, 'us')}`);
    medians.push(median(costs));
  }
  return {
    subject: `drain thread per sample, ring and unwind and intern, ${name}`,
    must: '<= 5 us at 10000 Hz',
    measured: texts.join('; '),
    holds: (medians.at(-1) ?? Number.NaN) <= 5,
  };
}

/** After a first half second in which frames are met for the first time, in us. */
async function costPerSample(pid: number, hz: number, idleShare: number): Promise<number> {
  const { session, cpuNs } = await openDrain(pid, hz);
  await waitForCpu(pid, 0.5e9);
  session.drain();
  const [fromNs, fromMs, from] = [cpuNs(), performance.now(), session.state().samples];
  await waitForCpu(pid, cpuSeconds * 1e9);
  session.drain();
  const usedNs = cpuNs() - fromNs - idleShare * (performance.now() - fromMs) * 1e6;
  const samples = session.state().samples - from;
  await session.stop();
  return usedNs / samples / 1000;
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
  const startMs = performance.now();
  spawnSync('perf', ['script', '--no-inline', '-F', 'ip', '-i', file], { maxBuffer: 1 << 30 });
  const perfUs = ((performance.now() - startMs) * 1000) / replayCost(file).samples;
  return {
    subject: replayedSubject(name),
    must: replayedMust,
    measured: `cold ${spread(colds, 2, 'us')}, warm ${spread(warms, 2, 'us')}`,
    perf: `perf script ${perfUs.toFixed(0)} us, naming and printing included`,
    holds: median(colds) <= 5 && median(warms) <= 0.5,
  };
}

function replayCost(file: string): { coldUs: number; warmUs: number; samples: number } {
  const { stdout, stderr } = spawnSync(replay, ['perf', file], { encoding: 'utf8', maxBuffer: 1 << 30 });
  const cost = /^cost samples (\d+) frames (\d+) .* cold_us_per_sample ([\d.]+) warm_ns_per_frame ([\d.]+)/m;
  const [, samples, frames, coldUs, warmNs] = (cost.exec(stdout) ?? []).map(Number);
  if (!samples || frames === undefined || coldUs === undefined || warmNs === undefined) {
    throw new Error(`unwind_replay perf: ${stderr || 'no line of costs'}`);
  }
  return { coldUs, warmUs: (warmNs * frames) / samples / 1000, samples };
}
