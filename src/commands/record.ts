/** `record`: captures without a screen, then writes one file. Progress and warnings go to stderr, never into a pipe. */
import { closeSync, openSync, renameSync, statSync, unlinkSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { launchStopped } from '../engine/launch.ts';
import type { CaptureSession } from '../engine/session.ts';
import type { Target } from '../engine/status.ts';
import { describeTarget } from '../engine/target.ts';
import { writeFolded } from '../export/folded.ts';
import { writeJson } from '../export/json.ts';
import type { RunSummary } from '../export/summary.ts';
import { writeText } from '../export/text.ts';
import type { Format, Options } from '../options.ts';
import { CommandError, startSession } from './start-session.ts';
import { version } from './version.ts';

type Note = (line: string) => void;

/** Records a process that runs already. */
export async function recordProcess(target: Target, options: Options, note: Note): Promise<void> {
  const output = openOutput(options);
  await discardOnFailure(output, async () => {
    const session = await startSession(target, options);
    note(startLine(session));
    await untilDone(session, options.durationNs);
    finish(session, options, output, note);
  });
}

/** Starts a command and records it from its first instruction to its end. */
export async function recordCommand(argv: readonly string[], options: Options, note: Note): Promise<void> {
  const output = openOutput(options);
  await discardOnFailure(output, async () => {
    const launched = await launchStopped(argv, output.path === '-' ? 'stderr' : 'inherit');
    let session: CaptureSession;
    try {
      session = await startSession(describeTarget(launched.pid), options);
    } finally {
      launched.release();
    }
    note(startLine(session));
    await untilDone(session, options.durationNs);
    if (session.status.state === 'ended') note(`${argv[0]} ended with code ${await launched.ended}`);
    finish(session, options, output, note);
  });
}

function startLine(session: CaptureSession): string {
  const { target, running, asked, mechanism, frequencyHz } = session.status;
  return `recording ${target.name} [${target.pid}] with ${running} (${mechanism}), asked ${asked}, ${frequencyHz} Hz; ^C ends it`;
}

/** Resolves when time is up, the target has ended, or the user said stop (^C, SIGTERM, SIGHUP). */
async function untilDone(session: CaptureSession, durationNs: number | undefined): Promise<void> {
  let unsubscribe = (): void => {};
  let timer: NodeJS.Timeout | undefined;
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  let onSignal = (): void => {};
  await new Promise<void>((resolve) => {
    onSignal = resolve;
    for (const signal of signals) process.on(signal, onSignal);
    const check = (): void => {
      if (session.status.state === 'ended') resolve();
    };
    unsubscribe = session.subscribe(check);
    check();
    if (durationNs !== undefined) timer = setTimeout(resolve, durationNs / 1e6);
  });
  clearTimeout(timer);
  unsubscribe();
  for (const signal of signals) process.off(signal, onSignal);
  await session.stop();
}

interface Output {
  /** `-` is standard output. */
  readonly path: string;
  readonly format: Format;
  readonly fd: number;
  /** Written beside the target and renamed at the end, so that a file is whole or not there. */
  readonly temporary: string | undefined;
}

function openOutput(options: Options): Output {
  const path = options.output ?? '-';
  const format = options.format ?? formatOf(path);
  if (path === '-') return { path, format, fd: 1, temporary: undefined };
  try {
    // A device or a pipe is written as it is; a file is replaced only when the new one is whole.
    if (isSpecialFile(path)) return { path, format, fd: openSync(path, 'w'), temporary: undefined };
    const temporary = join(dirname(path), `.prof-tui-${process.pid}.tmp`);
    return { path, format, fd: openSync(temporary, 'w', 0o600), temporary };
  } catch (error) {
    throw new CommandError(`cannot write ${path}: ${reasonOf(error)}`, 1);
  }
}

/** @throws EISDIR for a folder */
function isSpecialFile(path: string): boolean {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat?.isDirectory()) throw Object.assign(new Error('is a folder'), { code: 'EISDIR' });
  return stat !== undefined && !stat.isFile();
}

function formatOf(path: string): Format {
  if (path.endsWith('.json')) return 'json';
  if (path.endsWith('.folded')) return 'folded';
  return 'text';
}

function reasonOf(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  const known: Record<string, string> = {
    ENOENT: 'its folder does not exist',
    EACCES: 'no permission',
    EISDIR: 'it is a folder',
    ENOSPC: 'the disk is full',
    EROFS: 'the file system is read-only',
    EPIPE: 'the reader closed the pipe',
  };
  return (code !== undefined && known[code]) || message;
}

async function discardOnFailure(output: Output, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (output.temporary !== undefined) unlinkSync(output.temporary);
    throw error;
  }
}

function finish(session: CaptureSession, options: Options, output: Output, note: Note): void {
  const { status, profile } = session;
  const run: RunSummary = { version, profile, ...status, spans: status.spans };
  writeAll(output, () => pieces(output.format, run, options));
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

function pieces(format: Format, run: RunSummary, options: Options): Iterable<string> {
  switch (format) {
    case 'folded':
      return writeFolded(run, options.threads);
    case 'json':
      return writeJson(run);
    case 'text':
      return writeText(run);
  }
}

const bufferedBytes = 256 * 1024;

/** Writes the file; if that fails, keeps what was captured in the temporary folder and says where. */
function writeAll(output: Output, text: () => Iterable<string>): void {
  const name = output.path === '-' ? 'standard output' : output.path;
  try {
    writePieces(output.fd, text());
    if (output.temporary === undefined) return;
    closeSync(output.fd);
    renameSync(output.temporary, output.path);
  } catch (error) {
    // Whoever closed the pipe has seen what they wanted.
    const isPipe = (error as NodeJS.ErrnoException).code === 'EPIPE';
    const rescued = isPipe ? undefined : rescue(output.format, text());
    const kept = rescued === undefined ? '' : `; what was captured is in ${rescued}`;
    throw new CommandError(`cannot write ${name}: ${reasonOf(error)}${kept}`, 1);
  }
}

/** @returns the path, or undefined when that cannot be written either */
function rescue(format: Format, text: Iterable<string>): string | undefined {
  const path = join(tmpdir(), `prof-tui-${process.pid}.${format}`);
  try {
    const fd = openSync(path, 'wx', 0o600);
    writePieces(fd, text);
    closeSync(fd);
    return path;
  } catch {
    return undefined;
  }
}

function writePieces(fd: number, text: Iterable<string>): void {
  let buffer = '';
  for (const piece of text) {
    buffer += piece;
    if (buffer.length < bufferedBytes) continue;
    writeWhole(fd, buffer);
    buffer = '';
  }
  writeWhole(fd, buffer);
}

/** A pipe may take a part only, or none for the moment (EAGAIN on a non-blocking one). */
function writeWhole(fd: number, text: string): void {
  let bytes = Buffer.from(text, 'utf8');
  while (bytes.length > 0) {
    try {
      bytes = bytes.subarray(writeSync(fd, bytes));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5);
    }
  }
}
