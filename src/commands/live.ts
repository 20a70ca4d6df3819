/** The live view of a process; without a terminal it records a few seconds and prints the text report. */

import { CommandOutput, readOutput } from '../engine/command-output.ts';
import { endLine, LaunchedCommand } from '../engine/launch.ts';
import { loadNative } from '../engine/native.ts';
import type { CaptureSession } from '../engine/session.ts';
import type { LiveSession, Target } from '../engine/status.ts';
import type { Options } from '../options.ts';
import type { ViewedCommand } from '../tui/launched-command.ts';
import type { ScreenOptions } from '../tui/run.tsx';
import type { ViewFiles } from '../tui/view-files.ts';
import { CommandError } from './command-error.ts';
import { OtlpPush } from './otlp-push.ts';
import { recordCommand, recordProcess } from './record.ts';
import { beginRun } from './run-summary.ts';
import { filesOfSession } from './session-files.ts';
import { startLaunched, startSession } from './start-session.ts';
import { version } from './version.ts';

// Long enough for a few hundred samples of a busy thread, short enough to wait for.
const reportNs = 5e9;

export async function liveView(
  target: Target,
  options: Options,
  note: (line: string) => void,
): Promise<void> {
  if (!hasScreen()) {
    const durationNs = options.durationNs ?? reportNs;
    return recordProcess(target, { ...options, durationNs, format: options.format ?? 'text' }, note);
  }
  const session = await startSession(target, options);
  await pushWhile(session, options, note, (files) => showSession(session, options, files));
}

/**
 * Starts a command and shows it live from its first instruction; quitting ends it. Its output goes to a panel, and
 * the last of it stays on the main screen.
 * @returns the exit code: 0, or without a terminal that of `record -- CMD`
 */
export async function liveCommand(
  argv: readonly string[],
  options: Options,
  note: (line: string) => void,
): Promise<number> {
  if (!hasScreen()) return recordCommand(argv, { ...options, format: options.format ?? 'text' }, note);
  const command = new LaunchedCommand(loadNative(), argv, 'pipe');
  const session = await startLaunched(command, options);
  await pushWhile(session, options, note, (files) => showSession(session, options, files, viewOf(command)));
  return 0;
}

/** Shows a session; with `--otlp` it is sent to a receiver meanwhile. */
async function pushWhile(
  session: CaptureSession,
  options: Options,
  note: (line: string) => void,
  show: (files: ViewFiles) => Promise<void>,
): Promise<void> {
  const { otlp } = options;
  const push = otlp === undefined ? undefined : new OtlpPush(session, beginRun(session), otlp, note);
  try {
    await show(filesOfSession(session, options, push));
  } finally {
    const pushed = await push?.end();
    if (pushed !== undefined) note(pushed.isWhole ? pushed.line : `▲ ${pushed.line}`);
  }
}

/** Whether there is a terminal that can show more than lines. */
export function hasScreen(): boolean {
  return process.stdout.isTTY && process.env['TERM'] !== 'dumb';
}

function viewOf(command: LaunchedCommand): ViewedCommand {
  const output = new CommandOutput();
  const stopReading = readOutput(command.outputFd, output);
  let isSuspended = false;
  return {
    name: command.name,
    output,
    suspend() {
      isSuspended = true;
      command.signal('SIGSTOP');
    },
    resume() {
      if (isSuspended) command.signal('SIGCONT');
      isSuspended = false;
    },
    async finish() {
      const end = await command.endNow();
      stopReading();
      return [...output.lines.lines, endLine(command.name, end)].map((line) => `${line}\n`).join('');
    },
  };
}

/**
 * Shows a session, live or recorded, until the user quits.
 * @throws CommandError when the view itself failed
 */
export async function showSession(
  session: LiveSession,
  options: Options,
  files: ViewFiles,
  command?: ViewedCommand,
): Promise<void> {
  // Imported here: Ink costs a quarter of a second that `record` need not pay.
  const { runLiveView } = await import('../tui/run.tsx');
  await onScreen(runLiveView(session, { ...screenOptions(options), version, command, files }));
}

export function screenOptions(options: Options): ScreenOptions {
  const native = loadNative();
  return {
    ascii: options.ascii,
    theme: options.theme,
    crashGuard: {
      arm: (leaveSequence) => native.guardTerminal(1, leaveSequence),
      release: () => native.releaseTerminal(),
    },
  };
}

/** @throws CommandError for a screen that failed */
export async function onScreen<T>(screen: Promise<T>): Promise<T> {
  try {
    return await screen;
  } catch (error) {
    const { LiveViewFailed } = await import('../tui/failure.ts');
    if (error instanceof LiveViewFailed) throw new CommandError(error.message, 1);
    throw error;
  }
}
