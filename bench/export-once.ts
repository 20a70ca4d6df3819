/** Writes one format of a large profile to a file, and prints what it cost: a process of its own, so that memory is its. */

import { openSync, statSync } from 'node:fs';
import { writeOutput } from '../src/commands/output-file.ts';
import { piecesOf } from '../src/commands/write-format.ts';
import type { Format } from '../src/options.ts';
import { largeRun } from './large-run.ts';

export interface ExportCost {
  /** CPU time of the process: the machine is shared. */
  readonly seconds: number;
  readonly bytes: number;
  /** Resident memory: of the profile, and the most it was while the file was written. */
  readonly profileMib: number;
  readonly peakMib: number;
}

const [format, file = '', samples, stacks] = process.argv.slice(2);
const run = largeRun(Number(samples), Number(stacks));
globalThis.gc?.();
const profileMib = process.memoryUsage.rss() / 2 ** 20;
const fd = openSync(file, 'w');
const began = process.cpuUsage();
const writing = { byThread: false, program: new URL('../dist/', import.meta.url) };
writeOutput({ path: file, format: format as Format, fd, temporary: undefined }, () =>
  piecesOf(format as Format, run, writing),
);
const { user, system } = process.cpuUsage(began);
const seconds = (user + system) / 1e6;
// ru_maxrss is in KiB. getrusage(2).
const peakMib = process.resourceUsage().maxRSS / 2 ** 10;
const cost: ExportCost = { seconds, bytes: statSync(file).size, profileMib, peakMib };
process.stdout.write(`${JSON.stringify(cost)}\n`);
