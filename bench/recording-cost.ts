/** What keeping a recording adds to the profiler's own CPU: the same capture with and without a file that grows, in turns. */
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { startCli, untilRecording } from '../test/helpers/cli.ts';
import { livingCpuNs } from '../test/helpers/truth.ts';
import type { Figure } from './figure.ts';
import { nodeText } from './programs.ts';
import type { Scope } from './scope.ts';
import { median, percent, spreadOfShares } from './spread.ts';
import { startCommand, startFixture } from './target.ts';

const rate = 999;
const rounds = 6;
const windowMs = 4000;
const most = 0.01;

export const recordingCost: Figure = {
  name: 'recording-cost',
  machine: 'steady',
  async *measure(scope) {
    const targets = [
      ['split', await startFixture(scope, 'split')],
      ['node', await startCommand(scope, [process.execPath, '-e', nodeText])],
    ] as const;
    for (const [name, pid] of targets) yield await rowOf(scope, name, pid);
  },
};

async function rowOf(scope: Scope, name: string, pid: number) {
  const file = join(scope.folder(), 'run.proftui');
  const added: number[] = [];
  for (let i = 0; i < rounds; i++) {
    const without = await shareOf(pid, ['-f', 'json', '-o', '/dev/null']);
    added.push((await shareOf(pid, ['-o', file])) - without);
  }
  return {
    subject: `a recording at ${rate} Hz adds, ${name}`,
    must: `<= ${percent(most)} of a core`,
    measured: spreadOfShares(added, 2),
    holds: median(added) <= most,
  };
}

/** CPU time of the profiler by wall time, once it runs steadily. */
async function shareOf(pid: number, words: readonly string[]): Promise<number> {
  const cli = startCli(['record', pid, '-F', rate, ...words], { deadlineMs: 60_000 });
  await untilRecording(cli);
  await delay(windowMs / 4);
  const own = cli.child.pid ?? 0;
  const [cpuNs, beganMs] = [livingCpuNs(own), performance.now()];
  await delay(windowMs);
  const share = (livingCpuNs(own) - cpuNs) / 1e6 / (performance.now() - beganMs);
  cli.child.kill('SIGINT');
  await cli.run;
  return share;
}
