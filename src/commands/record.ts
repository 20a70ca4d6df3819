/** `record`: captures without a screen, then writes one file. Progress and warnings go to stderr, never into a pipe. */
import { endLine, exitCodeOf, LaunchedCommand } from '../engine/launch.ts';
import { loadNative } from '../engine/native.ts';
import type { CaptureSession } from '../engine/session.ts';
import type { Target } from '../engine/status.ts';
import type { RunSummary } from '../export/summary.ts';
import type { Options } from '../options.ts';
import { CommandError } from './command-error.ts';
import { OtlpPush } from './otlp-push.ts';
import { discardOutput, type Output, openOutput, type Piece, rescue, writeOutput } from './output-file.ts';
import { RecordingFile } from './recording-file.ts';
import { beginRun, type RunBegin, summarizeRun } from './run-summary.ts';
import { startLaunched, startSession } from './start-session.ts';
import { piecesOf } from './write-format.ts';

type Note = (line: string) => void;

/** Records a process that runs already. */
export async function recordProcess(target: Target, options: Options, note: Note): Promise<void> {
  const output = openWanted(options);
  await discardOnFailure(output, async () => {
    const session = await startSession(target, options);
    const recording = beginRecording(session, options, output, note);
    note(startLine(session));
    await untilDone(session, options.durationNs);
    await finish(session, recording, options, output, note);
  });
}

/** Who sends to a receiver wants a file only where one is named. */
function openWanted(options: Options): Output | undefined {
  const isPushOnly =
    options.otlp !== undefined && options.output === undefined && options.format === undefined;
  return isPushOnly ? undefined : openOutput(options, true);
}

/**
 * Starts a command and records it from its first instruction to its end. As with perf record, a command that still
 * runs when the user ends the recording is ended with it; one that outlives `-d` goes on.
 * @returns the exit code: the command's own when it ended by itself, else 0
 */
export async function recordCommand(argv: readonly string[], options: Options, note: Note): Promise<number> {
  const output = openWanted(options);
  return discardOnFailure(output, async () => {
    const native = loadNative();
    // Before it runs: a signal that ended us at once would leave it behind.
    const stop = listenForStop();
    const command = new LaunchedCommand(native, argv, output?.path === '-' ? 'stderr' : 'inherit');
    const session = await startLaunched(command, options);
    const recording = beginRecording(session, options, output, note);
    note(startLine(session));
    const ending = await untilDone(session, options.durationNs, stop);
    const { end } = command;
    if (end !== undefined) note(endLine(command.name, end));
    try {
      await finish(session, recording, options, output, note);
    } finally {
      if (ending === 'signal' && end === undefined) note(endLine(command.name, await command.endNow()));
    }
    return ending === 'ended' && end !== undefined ? exitCodeOf(end) : 0;
  });
}

/** What is known when capture begins, and the file where the format is written meanwhile. */
interface Begun {
  readonly begin: RunBegin;
  readonly file: RecordingFile | undefined;
  readonly push: OtlpPush | undefined;
}

function beginRecording(
  session: CaptureSession,
  { otlp }: Options,
  output: Output | undefined,
  note: Note,
): Begun {
  const begin = beginRun(session);
  const push = otlp === undefined ? undefined : new OtlpPush(session, begin, otlp, note);
  if (output?.format !== 'proftui') return { begin, file: undefined, push };
  const onFailure = (reason: string): void =>
    note(`▲ ${nameOf(output)} ends here: ${reason}; capture goes on, the rest is kept in memory`);
  return { begin, file: new RecordingFile(session, begin, output.fd, onFailure), push };
}

function nameOf({ path }: Output): string {
  return path === '-' ? 'standard output' : path;
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

/** @throws CommandError when it could not be written to its end: all of it is then kept elsewhere */
function endRecording(file: RecordingFile, output: Output, pieces: () => Iterable<Piece>): void {
  file.end();
  if (file.failure === undefined) return;
  const kept = output.path === '-' ? undefined : rescue(output.format, pieces());
  const where = kept === undefined ? '' : `; all that was captured is in ${kept}`;
  throw new CommandError(`cannot write ${nameOf(output)} to its end: ${file.failure}${where}`, 1);
}

async function discardOnFailure<Result>(
  output: Output | undefined,
  work: () => Promise<Result>,
): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    if (output !== undefined) discardOutput(output);
    throw error;
  }
}

/** @throws CommandError when the file could not be written, or a receiver did not take all */
async function finish(
  session: CaptureSession,
  { begin, file, push }: Begun,
  options: Options,
  output: Output | undefined,
  note: Note,
): Promise<void> {
  try {
    if (output !== undefined) writeFile(summarizeRun(session, begin), file, options, output);
    noteResult(session, output, note);
  } catch (error) {
    // Whatever became of the file, the rest is sent.
    const pushed = await push?.end();
    if (pushed !== undefined) note(pushed.line);
    throw error;
  }
  const pushed = await push?.end();
  if (pushed?.isWhole === false) throw new CommandError(pushed.line, 1);
  if (pushed !== undefined) note(pushed.line);
}

function writeFile(run: RunSummary, file: RecordingFile | undefined, options: Options, output: Output): void {
  const writing = { byThread: options.threads, program: new URL('./', import.meta.url) };
  const pieces = () => piecesOf(output.format, run, writing);
  if (file === undefined) writeOutput(output, pieces);
  else endRecording(file, output, pieces);
}

function noteResult({ status }: CaptureSession, output: Output | undefined, note: Note): void {
  const { accounting, samples, lost, running } = status;
  const accounted = accounting.accounted === undefined ? '–' : `${(accounting.accounted * 100).toFixed(1)}%`;
  for (const warning of status.warnings) {
    note(`▲ ${warning.title}${warning.cure === undefined ? '' : `; cure: ${warning.cure}`}`);
  }
  const where = output === undefined || output.path === '-' ? '' : ` -> ${output.path}`;
  note(
    `${status.endReason ?? status.state}: ${running}, ${samples} samples, lost ${lost}, accounted ${accounted}${where}`,
  );
}
