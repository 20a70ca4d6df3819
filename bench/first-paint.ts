/**
 * How soon there is something to see on a running node (a binary of some 100 MB): from the start of the program to
 * its first tree, and on to the first function with its name.
 */
import { program } from '../test/helpers/cli.ts';
import { livingCpuNs } from '../test/helpers/truth.ts';
import type { Figure } from './figure.ts';
import { nodeText } from './programs.ts';
import type { Scope } from './scope.ts';
import { median, spread } from './spread.ts';
import { startCommand } from './target.ts';
import { openTimedTerminal } from './timed-terminal.ts';

const repeats = 9;

export const firstPaint: Figure = {
  name: 'first-paint',
  machine: 'steady',
  async *measure(scope) {
    const pid = await startCommand(scope, [process.execPath, '-e', nodeText]);
    const starts: Start[] = [];
    for (let i = 0; i < repeats; i++) starts.push(await timeStart(scope, pid));
    const trees = starts.map(({ treeMs }) => treeMs / 1000);
    const names = starts.map(({ namedMs }) => namedMs / 1000);
    const waits = starts.map(({ treeMs, namedMs }) => (namedMs - treeMs) / 1000);
    const cpu = starts.map(({ cpuMs }) => cpuMs / 1000);
    yield {
      subject: 'start to first painted tree, node',
      must: '<= 0.7 s',
      measured: `${spread(trees, 2, 's')}; own CPU until then ${spread(cpu, 2, 's')}`,
      holds: median(trees) <= 0.7,
    };
    yield {
      subject: 'first tree (attached) to first named function, node',
      must: '<= 0.3 s',
      measured: `${spread(waits, 2, 's')}; from start ${spread(names, 2, 's')}`,
      holds: median(waits) <= 0.3,
    };
  },
};

interface Start {
  readonly treeMs: number;
  readonly namedMs: number;
  /** CPU time of the program until its tree stood: what is left of the wait on a busy machine. */
  readonly cpuMs: number;
}

async function timeStart(scope: Scope, pid: number): Promise<Start> {
  const screen = openTimedTerminal(scope, [process.execPath, program, String(pid)], 120, 40);
  const tree = await screen.painted((lines) => lines.some((line) => line.includes('all threads')), 'a tree');
  const cpuMs = livingCpuNs(screen.pid) / 1e6;
  const named = await screen.painted(
    (lines) => lines.some((line) => /[▾▸·] \S.*\s(node|libc\S*|kernel)$/.test(line)),
    'a function with a name',
  );
  screen.kill();
  return {
    treeMs: tree.atMs - screen.spawnedMs,
    namedMs: named.atMs - screen.spawnedMs,
    cpuMs,
  };
}
