/** What a sample costs the thread of a native session: its CPU time over a window of the target's, the ring included. */
import { readFileSync } from 'node:fs';
import { engineKinds, type Native, type NativeSession } from '../src/engine/native.ts';
import { livingCpuNs, threadCpuNs, waitForCpu } from '../test/helpers/truth.ts';

const warmCpuNs = 0.5e9;
const windowCpuNs = 0.8e9;

export interface DrainCost {
  readonly us: number;
  readonly samples: number;
  /** Of the target. */
  readonly cpuSeconds: number;
}

export type DrainEngine = (typeof engineKinds)[number];

interface Drain {
  readonly session: NativeSession;
  cpuNs(): number;
}

/** A session, and the CPU clock of the thread that it brought. */
async function openDrain(native: Native, pid: number, engine: DrainEngine, hz: number): Promise<Drain> {
  const before = threadCpuNs(process.pid);
  const session = new native.Session(pid);
  const [tid] = [...threadCpuNs(process.pid).keys()].filter((each) => !before.has(each));
  const { refusal } = await session.start(engineKinds.indexOf(engine), Math.round(1e9 / hz));
  if (tid === undefined || refusal) throw new Error(`no session on ${pid}: errno ${refusal?.errno}`);
  const cpuNs = () => Number(readFileSync(`/proc/self/task/${tid}/schedstat`, 'utf8').split(' ')[0]);
  return { session, cpuNs };
}

/** After a first half second in which frames are met for the first time. */
export async function measureDrainCost(
  native: Native,
  pid: number,
  engine: DrainEngine,
  hz: number,
): Promise<DrainCost> {
  const { session, cpuNs } = await openDrain(native, pid, engine, hz);
  await waitForCpu(pid, warmCpuNs);
  session.drain();
  const [fromNs, fromTargetNs, from] = [cpuNs(), livingCpuNs(pid), session.state().samples];
  await waitForCpu(pid, windowCpuNs);
  session.drain();
  const us = (cpuNs() - fromNs) / 1000;
  const cost = {
    us,
    samples: session.state().samples - from,
    cpuSeconds: (livingCpuNs(pid) - fromTargetNs) / 1e9,
  };
  await session.stop();
  return cost;
}
