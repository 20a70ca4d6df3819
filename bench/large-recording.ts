/** A recording of a long run, written as capture writes it: tables as they are met, samples with times, a status a second. */
import { closeSync, openSync, writeSync } from 'node:fs';
import type { RunSummary } from '../src/export/summary.ts';
import type { SampleColumns } from '../src/profile/batch.ts';
import type { ProfileTables } from '../src/profile/tables.ts';
import { RecordingWriter } from '../src/record/recording-writer.ts';
import { largeRun, randomNumbers } from './large-run.ts';

export interface LongRun {
  readonly samples: number;
  readonly stacks: number;
  readonly seconds: number;
}

/** @returns its size in bytes */
export function writeLargeRecording(path: string, { samples, stacks, seconds }: LongRun): number {
  const run = largeRun(samples, stacks);
  const fd = openSync(path, 'w');
  let bytes = 0;
  let nowMs = 0;
  const write = (blocks: Uint8Array): void => {
    bytes += writeSync(fd, blocks);
  };
  const writer = new RecordingWriter(write, { recordedAt: run.recordedAt }, () => nowMs);
  const { tables } = run.profile;
  writeTables(writer, tables);
  for (const [second, rows] of eachSecond(run, seconds)) {
    writer.samples('cpu', 0, rows);
    nowMs += 1000;
    writer.status(statusAt(run, second + 1, seconds));
  }
  writer.end();
  closeSync(fd);
  return bytes;
}

function writeTables(writer: RecordingWriter, tables: ProfileTables): void {
  for (const rows of tables.rows()) writer.tables(rows);
  for (const names of tables.names()) writer.names(names);
}

/** All rows of the run, each sample by itself, spread evenly over the seconds. */
function* eachSecond({ profile }: RunSummary, seconds: number): Generator<[number, SampleColumns]> {
  const single = [...profile.rows()].flatMap(({ rows }) => singleSamples(rows));
  const perSecond = Math.ceil(single.length / seconds);
  // Neighbours in the table must not be neighbours in time: a step that shares no factor with the length.
  const step = coprimeStep(single.length);
  const random = randomNumbers();
  const next = (): number => random.next().value as number;
  for (let second = 0, at = 0; second < seconds; second++) {
    const count = Math.min(perSecond, single.length - second * perSecond);
    const chosen = Array.from({ length: count }, () => {
      at = (at + step) % single.length;
      return single[at] as readonly [stack: number, thread: number, weightNs: number];
    });
    yield [
      second,
      {
        // As capture has them: threads do not tick together, and weights follow each thread's clock.
        timeNs: Float64Array.from(chosen, (_, i) => second * 1e9 + Math.round(((i + next()) * 1e9) / count)),
        weightNs: Float64Array.from(chosen, ([, , weightNs]) =>
          Math.round(weightNs * (0.98 + 0.04 * next())),
        ),
        thread: Uint32Array.from(chosen, ([, thread]) => thread),
        stack: Uint32Array.from(chosen, ([stack]) => stack),
        samples: new Uint32Array(count).fill(1),
      },
    ];
  }
}

function singleSamples(rows: SampleColumns): (readonly [number, number, number])[] {
  const single: (readonly [number, number, number])[] = [];
  for (let row = 0; row < rows.stack.length; row++) {
    const count = rows.samples[row] as number;
    const sample = [
      rows.stack[row] as number,
      rows.thread[row] as number,
      (rows.weightNs[row] as number) / count,
    ] as const;
    for (let i = 0; i < count; i++) single.push(sample);
  }
  return single;
}

function coprimeStep(length: number): number {
  const divides = (a: number, b: number): number => (b === 0 ? a : divides(b, a % b));
  let step = Math.floor(length * 0.618) || 1;
  while (divides(length, step) !== 1) step++;
  return step;
}

function statusAt(
  { profile: _, ...run }: RunSummary,
  second: number,
  seconds: number,
): Record<string, unknown> {
  const share = second / seconds;
  const [span] = run.spans;
  const weightNs = run.accounting.weightNs * share;
  const scaled = {
    ...span,
    endNs: second * 1e9,
    samples: Math.round((span?.samples ?? 0) * share),
    weightNs,
  };
  return {
    ...run,
    unit: 'cpu',
    elapsedNs: second * 1e9,
    spans: [scaled],
    accounting: { ...run.accounting, weightNs, cpuTimeNs: weightNs },
  };
}
