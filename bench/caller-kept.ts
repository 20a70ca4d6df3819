/**
 * The caller of a system call wrapper, in a program without frame pointers: libc's `read` keeps none either, so a
 * walk by frame pointers blames the wrong function or none. fetch_block does nothing but read.
 */
import { inclusiveShare } from '../test/helpers/tree.ts';
import type { Figure } from './figure.ts';
import { hasPerf, type PerfSample, perfSamples } from './perf.ts';
import { recordCpu } from './profiler.ts';
import type { Scope } from './scope.ts';
import { percent, spreadOfShares } from './spread.ts';
import { startFixture } from './target.ts';

const rounds = 3;
const cpuSeconds = 2;

export const callerKept: Figure = {
  name: 'caller-kept',
  machine: 'steady',
  async *measure(scope) {
    const pid = await startFixture(scope, 'reader', [], 'noFramePointer');
    const ratios: number[] = [];
    for (let i = 0; i < rounds; i++) {
      const { tree } = await recordCpu(pid, cpuSeconds, ['-F', 999]);
      ratios.push(inclusiveShare(tree, 'fetch_block') / inclusiveShare(tree, 'read'));
    }
    const perf = hasPerf() ? { perf: await perfRatios(scope, pid) } : {};
    yield {
      subject: 'fetch_block / read, inclusive, no frame pointers',
      must: '>= 98 %',
      measured: spreadOfShares(ratios),
      ...perf,
      holds: ratios.every((ratio) => ratio >= 0.98),
    };
  },
};

async function perfRatios(scope: Scope, pid: number): Promise<string> {
  const texts: string[] = [];
  for (const mode of ['fp', 'dwarf']) {
    const samples = await perfSamples(scope, pid, 1, ['-F', '499', '--call-graph', mode]);
    const ratio = inclusive(samples, /^fetch_block$/) / inclusive(samples, readNames);
    texts.push(`${mode} ${percent(ratio)}`);
  }
  return texts.join(', ');
}

/** perf may choose any of glibc's aliases of one address. */
const readNames = /^(read|__read|__libc_read|__GI___libc_read)$/;

function inclusive(samples: readonly PerfSample[], names: RegExp): number {
  const holds = ({ frames }: PerfSample) => frames.some(({ name }) => names.test(name));
  return samples.filter(holds).reduce((sum, { weightNs }) => sum + weightNs, 0);
}
