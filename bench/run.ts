/**
 * `npm run bench [NAME...]`: measures the named figures, or all, and prints a row of a table for each. Exits 1 only
 * when a figure could not be measured: a bound that was missed is marked, not an error, since the machine decides.
 */
import { existsSync } from 'node:fs';
import { cpus, loadavg, release } from 'node:os';
import { fileURLToPath } from 'node:url';
import { withSteadyMachine } from '../test/helpers/sysctl.ts';
import { accounted } from './accounted.ts';
import { callerKept } from './caller-kept.ts';
import { exportCost } from './export.ts';
import type { Figure, Row } from './figure.ts';
import { firstName } from './first-name.ts';
import { firstPaint } from './first-paint.ts';
import { heap } from './heap.ts';
import { kernelShareFigure } from './kernel-share.ts';
import { keyLatency } from './key-latency.ts';
import { lost } from './lost.ts';
import { namingCost } from './naming-cost.ts';
import { namingSlowdown } from './naming-slowdown.ts';
import { opening } from './opening.ts';
import { overhead } from './overhead.ts';
import { ownCpu } from './own-cpu.ts';
import { recordingCost } from './recording-cost.ts';
import { rootReach } from './root-reach.ts';
import { sampleCost } from './sample-cost.ts';
import { Scope } from './scope.ts';
import { screen } from './screen.ts';
import { slowdown } from './slowdown.ts';
import { views } from './views.ts';

const figures: readonly Figure[] = [
  accounted,
  kernelShareFigure,
  callerKept,
  lost,
  rootReach,
  slowdown,
  overhead,
  ownCpu,
  keyLatency,
  firstPaint,
  firstName,
  sampleCost,
  namingCost,
  namingSlowdown,
  exportCost,
  screen,
  heap,
  opening,
  recordingCost,
  views,
];

const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !figures.some((figure) => figure.name === name));
if (unknown.length > 0)
  fail(`no figure ${unknown.join(', ')}; there are: ${figures.map((f) => f.name).join(' ')}`);
if (!existsSync(fileURLToPath(new URL('../dist/cli.js', import.meta.url))))
  fail('build first: npm run build');

function fail(message: string): never {
  process.stderr.write(`bench: ${message}\n`);
  process.exit(2);
}

function print(row: Row): void {
  const mark = row.holds === undefined ? 'skip' : row.holds ? 'ok' : 'MISS';
  const { subject, must, measured, perf = '-' } = row;
  process.stdout.write(`| ${[mark, subject, must, measured, perf].join(' | ')} |\n`);
}

async function measure(figure: Figure): Promise<void> {
  const scope = new Scope();
  try {
    for await (const row of figure.measure(scope)) print(row);
  } finally {
    await scope.close();
  }
}

const load = loadavg()[0]?.toFixed(1);
process.stdout.write(`${cpus().length} CPUs, load ${load}, Linux ${release()}, node ${process.version}\n\n`);
process.stdout.write('| | figure | must | measured: median (min..max) | perf(1) |\n|---|---|---|---|---|\n');
let failures = 0;
for (const figure of figures) {
  if (wanted.length > 0 && !wanted.includes(figure.name)) continue;
  try {
    await (figure.machine === 'own' ? measure(figure) : withSteadyMachine(() => measure(figure)));
  } catch (error) {
    failures++;
    process.stderr.write(`bench: ${figure.name} could not be measured: ${(error as Error).stack}\n`);
  }
}
process.exitCode = failures > 0 ? 1 : 0;
