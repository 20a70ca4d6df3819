/** `record`: captures without a screen, then writes one file. Progress and warnings go to stderr, never into a pipe. */
import { endLine, exitCodeOf, LaunchedCommand } from '../engine/launch.ts';
import { loadNative } from '../engine/native.ts';
import type { CaptureSession } from '../engine/session.ts';
import type { Target } from '../engine/status.ts';
import type { Options } from '../options.ts';
import { discardOutput, type Output, openOutput, writeOutput } from './output-file.ts';
import { beginRun, type RunBegin, summarizeRun } from './run-summary.ts';
import { startLaunched, startSession } from './start-session.ts';
import { piecesOf } from './write-format.ts';

type Note = (line: string) => void;

/** Records a process that runs already. */
export async function recordProcess(target: Target, options: Options, note: Note): Promise<void> {
  const output = openOutput(options);
  await discardOnFailure(output, async () => {
    const session = await startSession(target, options);
    const begin = beginRun(session);
    note(startLine(session));
    await untilDone(session, options.durationNs);
    finish(session, begin, options, output, note);
  });
}

/**
 * Starts a command and records it from its first instruction to its end. As with perf record, a command that still
 * runs when the user ends the recording is ended with it; one that outlives `-d` goes on.
 * @returns the exit code: the command's own when it ended by itself, else 0
 */
export async function recordCommand(argv: readonly string[], options: Options, note: Note): Promise<number> {
  const output = openOutput(options);
  return discardOnFailure(output, async () => {
    const native = loadNative();
    // Before it runs: a signal that ended us at once would leave it behind.
    const stop = listenForStop();
    const command = new LaunchedCommand(native, argv, output.path === '-' ? 'stderr' : 'inherit');
    const session = await startLaunched(command, options);
    const begin = beginRun(session);
    note(startLine(session));
    const ending = await untilDone(session, options.durationNs, stop);
    const { end } = command;
    if (end !== undefined) note(endLine(command.name, end));
    finish(session, begin, options, output, note);
    if (ending === 'ended' && end !== undefined) return exitCodeOf(end);
    if (ending === 'signal' && end === undefined) note(endLine(command.name, await command.endNow()));
    return 0;
  });
}

function startLine(session: CaptureSession): string {
  const { target, running, asked, mechanism, frequencyHz } = session.status;
  return `recording ${target.name} [${target.pid}] with ${running} (${mechanism}), asked ${asked}, ${frequencyHz} Hz; ^C ends it`;
}

/** From here on ^C, SIGTERM and SIGHUP ask for the end of the recording instead of ending the program. */
function listenForStop(): { readonly asked: Promise<'signal'>; release(): void } {
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  let onSignal = (): void => {};
  const asked = new Promise<'signal'>((resolve) => {
    onSignal = () => resolve('signal');
  });
  for (const signal of signals) process.on(signal, onSignal);
  return {
    asked,
    release: () => {
      for (const signal of signals) process.off(signal, onSignal);
    },
  };
}

/** Resolves, capture stopped, when time is up, the target has ended, or the user said stop. */
async function untilDone(
  session: CaptureSession,
  durationNs: number | undefined,
  stop = listenForStop(),
): Promise<'time' | 'ended' | 'signal'> {
  let unsubscribe = (): void => {};
  let timer: NodeJS.Timeout | undefined;
  const done = new Promise<'time' | 'ended'>((resolve) => {
    const check = (): void => {
      if (session.status.state === 'ended') resolve('ended');
    };
    unsubscribe = session.subscribe(check);
    check();
    if (durationNs !== undefined) timer = setTimeout(() => resolve('time'), durationNs / 1e6);
  });
  const ending = await Promise.race([done, stop.asked]);
  clearTimeout(timer);
  unsubscribe();
  stop.release();
  await session.stop();
  return ending;
}

async function discardOnFailure<Result>(output: Output, work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    discardOutput(output);
    throw error;
  }
}

function finish(
  session: CaptureSession,
  begin: RunBegin,
  options: Options,
  output: Output,
  note: Note,
): void {
  const { status } = session;
  const run = summarizeRun(session, begin);
  const writing = { byThread: options.threads, program: new URL('./', import.meta.url) };
  writeOutput(output, () => piecesOf(output.format, run, writing));
  const { accounting, samples, lost, running } = status;
  const accounted = accounting.accounted === undefined ? '–' : `${(accounting.accounted * 100).toFixed(1)}%`;
  for (const warning of status.warnings) {
    note(`▲ ${warning.title}${warning.cure === undefined ? '' : `; cure: ${warning.cure}`}`);
  }
  const where = output.path === '-' ? '' : ` -> ${output.path}`;
  note(
    `${status.endReason ?? status.state}: ${running}, ${samples} samples, lost ${lost}, accounted ${accounted}${where}`,
  );
}
