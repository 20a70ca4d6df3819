/** Opens a file that holds a profile, whichever of the formats that we read it is, as a session. */
import { closeSync, fstatSync, openSync, readFileSync, readSync } from 'node:fs';
import { basename } from 'node:path';
import { loadNative } from '../engine/native.ts';
import type { SessionStatus } from '../engine/status.ts';
import type { RunSummary, SpanSummary } from '../export/summary.ts';
import { importProfile, mostBytes } from '../record/import/import-profile.ts';
import { NotImportable } from '../record/import/imported.ts';
import { isRecording, NotARecording, RecordingReader } from '../record/recording-reader.ts';
import { importedSession } from '../replay/imported-session.ts';
import { Opening } from '../replay/opening.ts';
import type { Replay } from '../replay/replay.ts';
import { CommandError } from './command-error.ts';
import { reasonOf } from './output-file.ts';
import { summarizeRun } from './run-summary.ts';

/** Enough to tell a recording. */
const beginBytes = 8;

/** A file whose head has been read. */
export interface OpenedFile extends Replay {
  /** Reads all that is there, names that were missing included. */
  finish(): Promise<void>;
  /** Reads it in the background, until the session is stopped. */
  start(): void;
}

/** @throws CommandError that names the file and what is wrong with it */
export function openFile(path: string): OpenedFile {
  const fd = openToRead(path);
  try {
    const begin = Buffer.alloc(beginBytes);
    const bytes = readAt(fd, begin, 0);
    if (bytes === 0) throw new NotARecording('it is empty');
    // A recording is read, and may grow, as long as the program runs: its descriptor ends with it.
    if (isRecording(begin)) return openRecording(fd);
    const writtenAt = fstatSync(fd).mtime.toISOString();
    const imported = importedSession(importProfile(readWhole(fd)), basename(path), writtenAt);
    closeSync(fd);
    return { ...imported, finish: async () => {}, start: () => {} };
  } catch (error) {
    const isExpected = error instanceof NotARecording || error instanceof NotImportable;
    throw isExpected ? new CommandError(`cannot open ${path}: ${error.message}`, 1) : error;
  }
}

function openRecording(fd: number): Opening {
  const reader = new RecordingReader((into, position) => readAt(fd, into, position));
  return new Opening(reader, {
    fileBytes: () => fstatSync(fd).size,
    names: {
      workerUrl: new URL('./symbolizer-worker.js', import.meta.url),
      demangle: (names) => loadNative().demangle(names),
    },
  });
}

/** What the writers of files see of it. */
export function runOf({ session, begin, finalState }: Replay): RunSummary {
  const run = summarizeRun(session, begin);
  const spans = run.spans.length > 0 ? run.spans : [unknownSpan(session.status)];
  return { ...run, spans, state: finalState };
}

/** A profile from elsewhere: that nobody knows what saw it stands in every file that is made of it. */
function unknownSpan({ source = 'imported', elapsedNs, samples, accounting }: SessionStatus): SpanSummary {
  const word = 'unknown';
  const { weightNs } = accounting;
  return {
    ...{ asked: word, planned: word, engine: word, mechanism: source, unit: 'cpu', kernelPart: word },
    ...{ kernelSymbols: word, reason: `${source}, which does not say what saw it` },
    ...{
      startNs: 0,
      endNs: elapsedNs,
      periodNs: samples > 0 ? Math.max(1, Math.round(weightNs / samples)) : 1e6,
    },
    ...{ cpuTimeNs: 0, samples, weightNs, lost: 0, throttled: 0, truncated: 0, skipped: 0 },
  };
}

/** A reader of text or JSON needs the whole of it. */
function readWhole(fd: number): Buffer {
  if (fstatSync(fd).size > mostBytes) throw new NotImportable('it is larger than 500 MiB');
  return readFileSync(fd);
}

function openToRead(path: string): number {
  try {
    const fd = openSync(path, 'r');
    if (fstatSync(fd).isFile()) return fd;
    const kind = fstatSync(fd).isDirectory() ? 'it is a folder' : 'it is no regular file';
    closeSync(fd);
    throw new CommandError(`cannot open ${path}: ${kind}`, 1);
  } catch (error) {
    if (error instanceof CommandError) throw error;
    const isMissing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    throw new CommandError(`cannot open ${path}: ${isMissing ? 'no such file' : reasonOf(error)}`, 1);
  }
}

/** Reads until the buffer is full or the file ends. */
function readAt(fd: number, into: Buffer, position: number): number {
  let filled = 0;
  while (filled < into.length) {
    const bytes = readSync(fd, into, filled, into.length - filled, position + filled);
    if (bytes === 0) break;
    filled += bytes;
  }
  return filled;
}
