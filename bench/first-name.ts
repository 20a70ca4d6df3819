/**
 * How soon a function of a language runtime has its name: from the start of attach, in a process of its own each time,
 * to the first published state of the session whose profile holds one. Starting the program itself is first-paint's.
 */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { bundleProgram } from '../test/helpers/bundle-program.ts';
import type { Figure, Row } from './figure.ts';
import { type RuntimeProgram, runtimePrograms, startWarm } from './runtime-programs.ts';
import type { Scope } from './scope.ts';
import { median, spread } from './spread.ts';

const repeats = 9;
const pathOf = (file: string) => fileURLToPath(new URL(file, import.meta.url));
const built = [pathOf('../native/build/Release/prof_tui.node'), pathOf('../dist/symbolizer-worker.js')];

export const firstName: Figure = {
  name: 'first-name',
  machine: 'steady',
  async *measure(scope) {
    const entry = await bundleProgram(pathOf('./first-name-entry.ts'));
    for (const program of runtimePrograms()) yield await measureOne(scope, entry, program);
  },
};

async function measureOne(scope: Scope, entry: string, program: RuntimeProgram): Promise<Row> {
  const pid = await startWarm(scope, program);
  const attached: Attached[] = [];
  for (let i = 0; i < repeats; i++) attached.push(await attach([entry, ...built, `${pid}`, program.engine]));
  process.kill(pid, 'SIGKILL');
  const seconds = (read: (each: Attached) => number) => attached.map((each) => read(each) / 1000);
  const named = seconds(({ namedMs }) => namedMs);
  const text = (read: (each: Attached) => number) => `${median(seconds(read)).toFixed(2)} s`;
  return {
    subject: `start of attach to first runtime name, ${program.name}, ${program.engine}`,
    must: '<= 0.3 s',
    measured: `${spread(named, 2, 's')}; capture ran after ${text(({ runningMs }) => runningMs)}, own CPU ${text(({ cpuMs }) => cpuMs)}`,
    holds: median(named) <= 0.3,
  };
}

interface Attached {
  readonly runningMs: number;
  readonly namedMs: number;
  /** CPU time of our own process until then. */
  readonly cpuMs: number;
}

async function attach(words: readonly string[]): Promise<Attached> {
  const { stdout } = await promisify(execFile)(process.execPath, words, { timeout: 60_000 });
  return JSON.parse(stdout) as Attached;
}
