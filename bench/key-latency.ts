/**
 * From a key to the frame that shows the cursor moved, at 200x60 while data comes in. The floor is the same way
 * through a pseudo terminal to a program that only echoes, measured in turns with ours.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { program } from '../test/helpers/cli.ts';
import type { Figure } from './figure.ts';
import { nodeText } from './programs.ts';
import { quantile } from './spread.ts';
import { startCommand } from './target.ts';
import { openTimedTerminal, type TimedTerminal } from './timed-terminal.ts';

const keys = 150;
const echoText = `process.stdin.setRawMode(true).on('data', (key) => process.stdout.write(key));process.stdout.write('on')`;

export const keyLatency: Figure = {
  name: 'key-latency',
  machine: 'steady',
  async *measure(scope) {
    const pid = await startCommand(scope, [process.execPath, '-e', nodeText]);
    const screen = openTimedTerminal(scope, [process.execPath, program, String(pid)], 200, 60);
    const echo = openTimedTerminal(scope, [process.execPath, '-e', echoText], 200, 60);
    await echo.painted((lines) => lines[0] === 'on', 'the echo');
    await screen.painted((lines) => lines.some((line) => line.includes('v8::')), 'named functions');
    screen.write('E');
    await delay(3000);
    const ours: number[] = [];
    const floors: number[] = [];
    for (let i = 0; i < keys; i++) {
      // Any phase between two ticks of data is as likely as another.
      await delay(30 + Math.random() * 60);
      ours.push(await timeKey(screen, i % 2 === 0 ? 'j' : 'k'));
      floors.push(await timeEcho(echo, i));
    }
    screen.kill();
    echo.kill();
    yield {
      subject: 'key to painted frame at 200x60 with live data',
      must: 'p50 and p95 <= 16 ms',
      measured: `${quantiles(ours)}; a program that only echoes ${quantiles(floors)}`,
      holds: quantile(ours, 0.95) <= 16,
    };
  },
};

function quantiles(values: readonly number[]): string {
  const at = (share: number) => quantile(values, share).toFixed(1);
  return `p50 ${at(0.5)}, p95 ${at(0.95)} ms (${at(0)}..${at(1)}, ${values.length} keys)`;
}

const cursorRow = (lines: readonly string[]) => lines.findIndex((line) => line.startsWith('>'));

async function timeKey(terminal: TimedTerminal, key: string): Promise<number> {
  const before = cursorRow((await terminal.painted((lines) => cursorRow(lines) >= 0, 'a cursor')).lines);
  const pressedMs = performance.now();
  terminal.write(key);
  const moved = await terminal.painted((lines) => cursorRow(lines) !== before, `the cursor moved by ${key}`);
  return moved.atMs - pressedMs;
}

async function timeEcho(terminal: TimedTerminal, turn: number): Promise<number> {
  const key = String(turn % 10);
  const length = 'on'.length + turn;
  const pressedMs = performance.now();
  terminal.write(key);
  const echoed = await terminal.painted((lines) => lines.join('').length > length, 'the echo');
  return echoed.atMs - pressedMs;
}
