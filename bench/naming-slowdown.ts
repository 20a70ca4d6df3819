/**
 * Whether a target is slower for being read: work by its own CPU time while it is recorded, with its functions and
 * without, each between windows that nobody records.
 */
import { countedPrograms } from './counted-programs.ts';
import type { Figure, Row } from './figure.ts';
import { whileRecording } from './profiler.ts';
import { endPair, type RuntimeProgram, type SeenProcess, startPair } from './runtime-programs.ts';
import type { Scope } from './scope.ts';
import { median, quantile, spreadOfShares } from './spread.ts';
import { bytesWritten, unitsPerCpu } from './work-counter.ts';

const rate = 999;
const rounds = 9;

export const namingSlowdown: Figure = {
  name: 'naming-slowdown',
  machine: 'steady',
  async *measure(scope) {
    for (const program of countedPrograms(scope)) yield await measureOne(scope, program);
  },
};

async function measureOne(scope: Scope, program: RuntimeProgram): Promise<Row> {
  const pair = await startPair(scope, program);
  const { readable, unreadable } = pair;
  if (unreadable === undefined) throw new Error(`${program.name} cannot be had without being read`);
  const read: number[] = [];
  const unread: number[] = [];
  for (let i = 0; i < rounds; i++) {
    read.push(await slowdownOf(readable, program));
    unread.push(await slowdownOf(unreadable, program));
  }
  endPair(pair);
  const excess = read.map((slow, i) => slow - (unread[i] ?? Number.NaN));
  return {
    subject: `slowdown by reading functions at ${rate} Hz, ${program.name}, ${program.engine}`,
    must: '<= 0 beyond the noise of the rounds',
    measured: `${spreadOfShares(excess, 2)}: read ${spreadOfShares(read, 2)}, not read ${spreadOfShares(unread, 2)}`,
    holds: median(excess) <= 0 || quantile(excess, 0.25) <= 0,
  };
}

/** Compared with the plain windows on both sides of it, so that a drift of the machine cancels out. */
async function slowdownOf({ pid, launcher }: SeenProcess, { engine }: RuntimeProgram): Promise<number> {
  const units = () => unitsPerCpu(pid, () => bytesWritten(pid));
  const before = await units();
  const recorded = await whileRecording(pid, ['-e', engine, '-F', rate], units, { launcher });
  const after = await units();
  return 1 - recorded / ((before + after) / 2);
}
