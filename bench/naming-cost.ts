/**
 * What reading the functions of a language runtime costs the native thread, by the sample and warm: its CPU time in a
 * process that may read the target's memory, less that of one that may not.
 */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { bundleProgram } from '../test/helpers/bundle-program.ts';
import type { DrainCost } from './drain-cost.ts';
import type { Figure, Row } from './figure.ts';
import {
  endPair,
  type RuntimeProgram,
  runtimePrograms,
  type SeenProcess,
  startPair,
} from './runtime-programs.ts';
import type { Scope } from './scope.ts';
import { median, spread } from './spread.ts';

const rate = 999;
const repeats = 5;
const pathOf = (file: string) => fileURLToPath(new URL(file, import.meta.url));
const addon = pathOf('../native/build/Release/prof_tui.node');

export const namingCost: Figure = {
  name: 'naming-cost',
  machine: 'steady',
  async *measure(scope) {
    const entry = await bundleProgram(pathOf('./naming-cost-entry.ts'));
    for (const program of runtimePrograms()) {
      // Go's names are no matter of the native thread.
      if (program.runtime !== 'go') yield await measureOne(scope, entry, program);
    }
  },
};

async function measureOne(scope: Scope, entry: string, program: RuntimeProgram): Promise<Row> {
  const pair = await startPair(scope, program);
  const { readable, unreadable } = pair;
  const engine = program.engine === 'cpu' ? 'perf' : program.engine;
  const seenBy = [process.execPath, entry, addon, engine, `${rate}`];
  const reading: number[] = [];
  const blind: number[] = [];
  for (let i = 0; i < repeats; i++) {
    reading.push(await costOf(readable, seenBy));
    if (unreadable) blind.push(await costOf(unreadable, seenBy));
  }
  endPair(pair);
  const all = `all of a sample ${spread(reading, 1, 'us')}`;
  // Where it cannot be told apart, all of the sample must be below the bound.
  const naming = unreadable ? reading.map((us, i) => us - (blind[i] ?? Number.NaN)) : reading;
  return {
    subject: `native thread, naming by the sample at ${rate} Hz, warm, ${program.name}, ${program.engine}`,
    must: '<= 20 us',
    measured: unreadable
      ? `${spread(naming, 1, 'us')}; ${all}, without reading ${spread(blind, 1, 'us')}`
      : `${all}; without reading it cannot be had`,
    holds: median(naming) <= 20,
  };
}

async function costOf({ pid, launcher }: SeenProcess, seenBy: readonly string[]): Promise<number> {
  const [command = '', ...words] = [...launcher, ...seenBy, `${pid}`];
  const { stdout } = await promisify(execFile)(command, words, { timeout: 60_000 });
  const { us, samples } = JSON.parse(stdout) as DrainCost;
  return us / samples;
}
