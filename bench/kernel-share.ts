/**
 * Hiding the kernel's symbols must cost names only: the kernel keeps its share, as one node on each user stack, and
 * the user stacks stay what they were. Named and hidden recordings of one process take turns.
 */
import type { RecordedNode, RecordedProfile } from '../test/helpers/cli.ts';
import { withSysctls } from '../test/helpers/sysctl.ts';
import { kernelShare, paths } from '../test/helpers/tree.ts';
import type { Figure } from './figure.ts';
import { hasPerf, type PerfSample, perfSamples } from './perf.ts';
import { countsOf, recordCpu } from './profiler.ts';
import type { Scope } from './scope.ts';
import { median, percent, spreadOfShares } from './spread.ts';
import { startFixture } from './target.ts';

const rounds = 3;
const cpuSeconds = 2;
const marked = '[kernel: no symbols]';

export const kernelShareFigure: Figure = {
  name: 'kernel-share',
  machine: 'own',
  async *measure(scope) {
    if (process.getuid?.() !== 0) {
      const subject = 'kernel share, symbols hidden - named, reader';
      yield {
        subject,
        must: '2 points',
        measured: 'needs root: sets kernel.kptr_restrict',
        holds: undefined,
      };
      return;
    }
    const pid = await startFixture(scope, 'reader');
    const named: RecordedProfile[] = [];
    const hidden: RecordedProfile[] = [];
    const perf: PerfSample[] = [];
    for (let i = 0; i < rounds; i++) {
      named.push(await withSysctls({ 'kernel.kptr_restrict': 0 }, () => record(pid)));
      await withSysctls({ 'kernel.kptr_restrict': 2 }, async () => {
        hidden.push(await record(pid));
        if (i === 0 && hasPerf()) perf.push(...(await perfHidden(scope, pid)));
      });
    }
    yield compareShares(named, hidden, perf);
    yield countNodes(hidden, perf);
    yield compareStacks(named, hidden);
  },
};

function record(pid: number): Promise<RecordedProfile> {
  return recordCpu(pid, cpuSeconds, ['-F', 999]);
}

function perfHidden(scope: Scope, pid: number): Promise<PerfSample[]> {
  return perfSamples(scope, pid, 1, ['-F', '999', '-g']);
}

function compareShares(
  named: readonly RecordedProfile[],
  hidden: readonly RecordedProfile[],
  perf: readonly PerfSample[],
) {
  const shares = (runs: readonly RecordedProfile[]) => runs.map(({ tree }) => kernelShare(tree));
  const difference = Math.abs(median(shares(hidden)) - median(shares(named)));
  const share = median(shares(named));
  const samples = named.reduce((sum, run) => sum + countsOf(run).samples, 0);
  // Four standard errors of the difference of two shares.
  const noise = 4 * Math.sqrt((2 * share * (1 - share)) / samples);
  const perfShare = perf.filter(({ frames }) => frames[0]?.isKernel).length / perf.length;
  return {
    subject: 'kernel share, symbols hidden - named, reader',
    must: `2 points + noise ${percent(noise)}`,
    measured: `${percent(difference)}: hidden ${spreadOfShares(shares(hidden))}, named ${spreadOfShares(shares(named))}`,
    ...(perf.length > 0 && { perf: `hidden ${percent(perfShare)}` }),
    holds: difference <= 0.02 + noise,
  };
}

function countNodes(hidden: readonly RecordedProfile[], perf: readonly PerfSample[]) {
  const kernelNodesOf = (path: readonly RecordedNode[]) =>
    path.filter(({ kind, name }) => kind === 'kernel' || name === marked).length;
  const leaves = hidden.flatMap(({ tree }) => [...paths(tree)]).filter(({ node }) => node.selfNs > 0);
  const most = Math.max(...leaves.map(({ path }) => kernelNodesOf(path)));
  const counts = perf.map(({ frames }) => frames.filter(({ isKernel }) => isKernel).length);
  const inKernel = counts.filter((count) => count > 0);
  return {
    subject: 'unnamed kernel nodes on a user stack, hidden',
    must: '1',
    measured: `at most ${most} (${leaves.length} stacks)`,
    ...(perf.length > 0 && { perf: `${median(inKernel)} [unknown] (at most ${Math.max(...inKernel)})` }),
    holds: most === 1,
  };
}

function compareStacks(named: readonly RecordedProfile[], hidden: readonly RecordedProfile[]) {
  const before = userStacks(named);
  const after = userStacks(hidden);
  const only = (a: ReadonlyMap<string, number>, b: ReadonlyMap<string, number>) =>
    [...a].filter(([stack, share]) => share >= 0.01 && !b.has(stack));
  const differing = [...only(before, after), ...only(after, before)];
  const common = [...before].filter(([stack, share]) => share >= 0.01 && after.has(stack)).length;
  return {
    subject: 'user stacks of 1 % and more, hidden against named',
    must: 'the same set',
    measured: `${common} the same, ${differing.length} not${differing.map(([stack]) => `: ${stack}`).join('')}`,
    holds: common > 0 && differing.length === 0,
  };
}

/** Share of the weight by user stack, names joined, whatever the kernel did on top of it. */
function userStacks(runs: readonly RecordedProfile[]): Map<string, number> {
  const shares = new Map<string, number>();
  const total = runs.reduce((sum, { tree }) => sum + tree.totalNs, 0);
  for (const { node, path } of runs.flatMap(({ tree }) => [...paths(tree)])) {
    if (node.selfNs === 0) continue;
    const user = path.slice(1).filter(({ kind, name }) => kind !== 'kernel' && name !== marked);
    const stack = user.map(({ name }) => name).join(';');
    shares.set(stack, (shares.get(stack) ?? 0) + node.selfNs / total);
  }
  return shares;
}
