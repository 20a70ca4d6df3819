/** What it costs to write each format of a large profile: CPU time, and memory above that of the profile itself. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Format, formats } from '../src/options.ts';
import type { ExportCost } from './export-once.ts';
import type { Figure, Row } from './figure.ts';
import { median, spread } from './spread.ts';

const samples = 1_000_000;
const stacks = 100_000;
const repeats = 3;
const mostSeconds = 3;
const mostMib = 300;
const program = fileURLToPath(new URL('./export-once.ts', import.meta.url));

export const exportCost: Figure = {
  name: 'export',
  machine: 'steady',
  async *measure(scope) {
    const folder = scope.folder();
    for (const format of formats) yield rowOf(format, join(folder, format));
  },
};

function rowOf(format: Format, file: string): Row {
  const costs = Array.from({ length: repeats }, () => measureOnce(format, file));
  const seconds = costs.map((cost) => cost.seconds);
  const addedMib = costs.map(({ peakMib, profileMib }) => peakMib - profileMib);
  const [first] = costs;
  const size = ((first?.bytes ?? 0) / 2 ** 20).toFixed(1);
  const memory = `${spread(addedMib, 0, 'MiB')} above the profile's ${(first?.profileMib ?? 0).toFixed(0)}`;
  return {
    subject: `export, ${format}, ${samples} samples, ${stacks} stacks`,
    must: `<= ${mostSeconds} s CPU, <= ${mostMib} MiB`,
    measured: `${spread(seconds, 2, 's')}, ${memory}, file ${size} MiB`,
    holds: median(seconds) <= mostSeconds && median(addedMib) <= mostMib,
  };
}

function measureOnce(format: Format, file: string): ExportCost {
  const args = ['--expose-gc', '--import', 'tsx', program, format, file, String(samples), String(stacks)];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${format}: ${stderr}`);
  return JSON.parse(stdout) as ExportCost;
}
