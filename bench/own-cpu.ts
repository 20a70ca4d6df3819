/** What the profiler itself costs with its live screen open: CPU time of its own threads as a share of one core. */
import { setTimeout as delay } from 'node:timers/promises';
import { program } from '../test/helpers/cli.ts';
import { openTerminal } from '../test/helpers/terminal.ts';
import { livingCpuNs } from '../test/helpers/truth.ts';
import type { Figure, Row } from './figure.ts';
import { hasPerf } from './perf.ts';
import { findThreads, type Part, partCpuNs } from './profiler.ts';
import { nodeText } from './programs.ts';
import type { Scope } from './scope.ts';
import { median, percent, spreadOfShares } from './spread.ts';
import { startCommand, startFixture } from './target.ts';

const warmUpMs = 10_000;
const windows = 4;
const windowMs = 5000;
const size = { cols: 120, rows: 40, lifeMs: 120_000 };

export const ownCpu: Figure = {
  name: 'own-cpu',
  machine: 'steady',
  async *measure(scope) {
    yield await measureOne(scope, 'split', await startFixture(scope, 'split'));
    yield await measureOne(scope, 'node', await startCommand(scope, [process.execPath, '-e', nodeText]));
  },
};

type Shares = Readonly<Record<Part | 'all', number>>;

async function measureOne(scope: Scope, name: string, pid: number): Promise<Row> {
  const terminal = openTerminal([process.execPath, program, String(pid)], size);
  scope.after(() => terminal.kill());
  await terminal.shows('LIVE', 'all threads');
  // perf top is its live view: it draws the same target beside ours.
  const top = hasPerf() ? openTerminal(perfTop(pid), size) : undefined;
  scope.after(() => top?.kill());
  const threads = await findThreads(terminal.pid);
  await delay(warmUpMs);
  const ours: Shares[] = [];
  const perfs: number[] = [];
  for (let i = 0; i < windows; i++) {
    const [before, perfNs, startMs] = [partCpuNs(terminal.pid, threads), cpuOf(top?.pid), performance.now()];
    await delay(windowMs);
    const wallNs = (performance.now() - startMs) * 1e6;
    ours.push(sharesOf(before, partCpuNs(terminal.pid, threads), wallNs));
    perfs.push((cpuOf(top?.pid) - perfNs) / wallNs);
  }
  terminal.kill();
  top?.kill();
  process.kill(pid, 'SIGKILL');
  const all = ours.map((share) => share.all);
  const part = (name: Part) => `${name} ${percent(median(ours.map((share) => share[name])))}`;
  return {
    subject: `own CPU at 99 Hz with a live screen of 120x40, ${name}`,
    must: '<= 4 % of a core',
    measured: `${spreadOfShares(all)}: ${(['main', 'drain', 'worker', 'other'] as const).map(part).join(', ')}`,
    ...(top && { perf: `perf top -g dwarf ${spreadOfShares(perfs)}` }),
    holds: median(all) <= 0.04,
  };
}

function perfTop(pid: number): readonly string[] {
  return ['perf', 'top', '-e', 'cpu-clock', '-F', '99', '--call-graph', 'dwarf', '-p', String(pid)];
}

function cpuOf(pid: number | undefined): number {
  return pid === undefined ? 0 : livingCpuNs(pid);
}

function sharesOf(before: Record<Part, number>, after: Record<Part, number>, wallNs: number): Shares {
  const share = (part: Part) => (after[part] - before[part]) / wallNs;
  const parts = {
    main: share('main'),
    drain: share('drain'),
    worker: share('worker'),
    other: share('other'),
  };
  return { ...parts, all: parts.main + parts.drain + parts.worker + parts.other };
}
