/** How soon a long recording is on the screen, first a part of it, then the whole; and what an hour of samples takes on the disk. */
import { join } from 'node:path';
import { program } from '../test/helpers/cli.ts';
import { openTerminal } from '../test/helpers/terminal.ts';
import { livingCpuNs } from '../test/helpers/truth.ts';
import type { Figure, Row } from './figure.ts';
import { type LongRun, writeLargeRecording } from './large-recording.ts';
import { median, spread } from './spread.ts';

const long: LongRun = { samples: 1_000_000, stacks: 100_000, seconds: 1000 };
const hour: LongRun = { samples: 3_600_000, stacks: 100_000, seconds: 3600 };
const repeats = 3;
const mostFirstMs = 1000;
const mostWholeMs = 3000;
const mostHourMib = 100;

export const opening: Figure = {
  name: 'opening',
  machine: 'steady',
  async *measure(scope) {
    const folder = scope.folder();
    const file = join(folder, 'long.proftui');
    const bytes = writeLargeRecording(file, long);
    const times: Times[] = [];
    for (let i = 0; i < repeats; i++) times.push(await open(file));
    yield openingRow(times);
    yield sizeRow(`${long.samples} samples, ${long.stacks} stacks`, bytes, long.samples);
    yield sizeRow('an hour at 999 Hz', writeLargeRecording(join(folder, 'hour.proftui'), hour), hour.samples);
  },
};

interface Times {
  readonly firstMs: number;
  readonly wholeMs: number;
  /** Of the program until then: the machine is shared. */
  readonly cpuMs: number;
}

async function open(file: string): Promise<Times> {
  const beganMs = performance.now();
  const terminal = openTerminal([process.execPath, program, 'open', file], {
    cols: 120,
    rows: 40,
    lifeMs: 60_000,
  });
  await terminal.until(({ text }) => /READING|RECORDED/.test(text), 'the first frame');
  const firstMs = performance.now() - beganMs;
  await terminal.until(({ text }) => text.includes('RECORDED'), 'the whole');
  const times = { firstMs, wholeMs: performance.now() - beganMs, cpuMs: livingCpuNs(terminal.pid) / 1e6 };
  terminal.kill();
  return times;
}

function openingRow(times: readonly Times[]): Row {
  const [first, whole, cpu] = [
    times.map(({ firstMs }) => firstMs),
    times.map(({ wholeMs }) => wholeMs),
    times.map(({ cpuMs }) => cpuMs),
  ];
  return {
    subject: `opening ${long.samples} samples, ${long.stacks} stacks`,
    must: `first paint <= ${mostFirstMs} ms, whole <= ${mostWholeMs} ms`,
    measured: `first ${spread(first, 0, 'ms')}, whole ${spread(whole, 0, 'ms')}, CPU ${spread(cpu, 0, 'ms')}`,
    holds: median(first) <= mostFirstMs && median(whole) <= mostWholeMs,
  };
}

function sizeRow(subject: string, bytes: number, samples: number): Row {
  const mib = bytes / 2 ** 20;
  return {
    subject: `size of a recording, ${subject}`,
    must: `<= ${mostHourMib} MiB an hour`,
    measured: `${mib.toFixed(1)} MiB, ${(bytes / samples).toFixed(1)} bytes a sample`,
    holds: mib <= mostHourMib,
  };
}
