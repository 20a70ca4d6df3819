/**
 * A pseudo terminal that notes when bytes arrived, for figures of latency. A frame counts as painted at the arrival
 * of the chunk that ends it, which is what a user's terminal waits for (synchronised output, mode 2026); the time
 * the emulator here needs to understand it is not part of it.
 */
import { spawn } from '@lydell/node-pty';
import headless from '@xterm/headless';
import type { Scope } from './scope.ts';

export interface Painted {
  readonly lines: readonly string[];
  readonly atMs: number;
}

export interface TimedTerminal {
  readonly pid: number;
  readonly spawnedMs: number;
  /** All that the program wrote. */
  readonly text: string;
  write(keys: string): void;
  /** The first screen that satisfies `says`, with the time at which it was painted. */
  painted(says: (lines: readonly string[]) => boolean, what: string): Promise<Painted>;
  kill(): void;
}

/** A million stacks take longer to be taken in than anything here is measured for. */
const waitMs = 120_000;

export function openTimedTerminal(
  scope: Scope,
  argv: readonly string[],
  cols: number,
  rows: number,
): TimedTerminal {
  const emulator = new headless.Terminal({ cols, rows, allowProposedApi: true });
  const [command = '', ...args] = argv;
  const env = { PATH: process.env['PATH'] ?? '', TERM: 'xterm-256color', LANG: 'C.UTF-8' };
  const spawnedMs = performance.now();
  const pty = spawn(command, args, { cols, rows, env });
  let hasEnded = false;
  pty.onExit(() => {
    hasEnded = true;
  });
  const kill = () => {
    if (hasEnded) return;
    hasEnded = true;
    pty.kill('SIGKILL');
  };
  scope.after(kill);
  emulator.onData((answer) => pty.write(answer));

  let atMs = 0;
  let text = '';
  let onPaint = (): void => {};
  pty.onData((data) => {
    const arrivedMs = performance.now();
    text += data;
    emulator.write(data, () => {
      atMs = arrivedMs;
      // Inside a frame the screen is half old, half new.
      if (!emulator.modes.synchronizedOutputMode) onPaint();
    });
  });

  const linesNow = () =>
    Array.from({ length: rows }, (_, y) => emulator.buffer.active.getLine(y)?.translateToString(true) ?? '');
  const painted = (says: (lines: readonly string[]) => boolean, what: string) =>
    new Promise<Painted>((resolve, reject) => {
      const timer = setTimeout(
        () => reject(new Error(`not on screen: ${what}\n${linesNow().join('\n')}`)),
        waitMs,
      );
      onPaint = () => {
        const lines = linesNow();
        if (!says(lines)) return;
        clearTimeout(timer);
        onPaint = () => {};
        resolve({ lines, atMs });
      };
      onPaint();
    });
  return {
    pid: pty.pid,
    spawnedMs,
    get text() {
      return text;
    },
    write: (keys) => pty.write(keys),
    painted,
    kill,
  };
}
