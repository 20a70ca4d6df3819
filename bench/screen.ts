/**
 * The live view as a whole, in a real pseudo terminal over a large profile that grows: from a key to the frame that
 * shows its effect, what the process costs, how many bytes a frame is, and that the screen is never cleared.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { bundleProgram } from '../test/helpers/bundle-program.ts';
import { livingCpuNs } from '../test/helpers/truth.ts';
import type { Figure, Row } from './figure.ts';
import { median, quantile, spreadOfShares } from './spread.ts';
import { openTimedTerminal, type TimedTerminal } from './timed-terminal.ts';

const keys = 200;
const windows = 5;
const windowMs = 4000;
/** The sums of the first view and the compiler of the engine have settled by then. */
const warmUpMs = 8000;
const mostStacks = 1_000_000;
const manyStacks = 100_000;
const headLines = 6;

export const screen: Figure = {
  name: 'screen',
  machine: 'own',
  async *measure(scope) {
    const bundle = await bundleProgram(fileURLToPath(new URL('large-entry.ts', import.meta.url)));
    const open = (cols: number, rows: number, ...args: readonly number[]) =>
      openTimedTerminal(scope, [process.execPath, bundle, ...args.map(String)], cols, rows);
    yield await keyToPaint(open(200, 60, mostStacks, 10, 20, 80));
    yield* await costOf(open(120, 40, manyStacks, 4, 5, 20));
    yield await bytesOfFrames(open(120, 40, 1000, 4, 0, 100));
  },
};

async function keyToPaint(terminal: TimedTerminal): Promise<Row> {
  await ready(terminal);
  const times: number[] = [];
  for (let i = 0; i < keys; i++) {
    // Any phase between two ticks of data is as likely as another.
    await delay(20 + Math.random() * 60);
    times.push(await timeKey(terminal, i % 2 === 0 ? 'j' : 'k'));
  }
  terminal.kill();
  const at = (share: number) => quantile(times, share).toFixed(1);
  return {
    subject: 'key to paint at 200x60, 10 updates a second, 1,000,000 stacks',
    must: 'p95 <= 16 ms',
    measured: `p50 ${at(0.5)}, p95 ${at(0.95)}, worst ${at(1)} ms (${keys} keys)`,
    holds: quantile(times, 0.95) <= 16,
  };
}

async function* costOf(terminal: TimedTerminal): AsyncGenerator<Row> {
  await ready(terminal);
  await delay(warmUpMs);
  const shares: number[] = [];
  const start = terminal.text.length;
  for (let i = 0; i < windows; i++) {
    const [cpuNs, startMs] = [livingCpuNs(terminal.pid), performance.now()];
    await delay(windowMs);
    shares.push((livingCpuNs(terminal.pid) - cpuNs) / ((performance.now() - startMs) * 1e6));
  }
  const clears = terminal.text.slice(start).match(/\x1b\[[0-3]?J/g)?.length ?? 0;
  terminal.kill();
  yield {
    subject: 'CPU of the UI process at 120x40, 4 updates a second, 100,000 stacks, growing',
    must: '<= 3 % of a core',
    measured: spreadOfShares(shares, 2),
    holds: median(shares) <= 0.03,
  };
  yield {
    subject: 'screen clears after the start',
    must: '0',
    measured: String(clears),
    holds: clears === 0,
  };
}

/** Frames in which 9 to 11 rows change; what changes in the head besides is counted too. */
async function bytesOfFrames(terminal: TimedTerminal): Promise<Row> {
  await ready(terminal);
  await delay(warmUpMs);
  const start = terminal.text.length;
  await delay(windows * windowMs);
  const frames = terminal.text.slice(start).split('\x1b[?2026h').slice(1, -1);
  terminal.kill();
  const sizes = frames
    .filter((frame) => Math.abs(rowsChangedIn(frame) - 10) <= 1)
    .map((frame) => Buffer.byteLength(frame));
  return {
    subject: 'bytes of a frame at 120x40 in which 10 rows change',
    must: '<= 1.5 kB',
    measured: `median ${median(sizes).toFixed(0)}, most ${Math.max(...sizes)} bytes (${sizes.length} such frames of ${frames.length})`,
    holds: median(sizes) <= 1500,
  };
}

/** Each line is sent once, from where it is put: `CSI line ; column H`. */
function rowsChangedIn(frame: string): number {
  const lines = Array.from(frame.matchAll(/\x1b\[(\d+);\d+H/g), ([, line]) => Number(line));
  return new Set(lines.filter((line) => line > headLines)).size;
}

async function ready(terminal: TimedTerminal): Promise<void> {
  await terminal.painted((lines) => lines.some((line) => line.includes('main')), 'the tree');
  terminal.write('g');
  await delay(2000);
}

const cursorRow = (lines: readonly string[]) => lines.findIndex((line) => line.startsWith('>'));

async function timeKey(terminal: TimedTerminal, key: string): Promise<number> {
  const before = cursorRow((await terminal.painted((lines) => cursorRow(lines) >= 0, 'a cursor')).lines);
  const pressedMs = performance.now();
  terminal.write(key);
  const moved = await terminal.painted((lines) => cursorRow(lines) !== before, `the cursor moved by ${key}`);
  return moved.atMs - pressedMs;
}
