/** Opens a file that holds a profile, whichever of the formats that we read it is, as a session that is over. */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import type { RunSummary } from '../export/summary.ts';
import { isRecording, NotARecording, readRecording } from '../record/recording-reader.ts';
import { type Replay, replay } from '../replay/replay.ts';
import { CommandError } from './command-error.ts';
import { reasonOf } from './output-file.ts';
import { summarizeRun } from './run-summary.ts';

/** Enough to tell the formats apart. */
const beginBytes = 4096;

/** @throws CommandError that names the file and what is wrong with it */
export function openFile(path: string): Replay {
  const fd = openToRead(path);
  try {
    const begin = Buffer.alloc(beginBytes);
    const bytes = readAt(fd, begin, 0);
    if (bytes === 0) throw new NotARecording('it is empty');
    if (!isRecording(begin)) throw new NotARecording('no format that prof-tui reads');
    return replay(readRecording(reader(fd)));
  } catch (error) {
    if (error instanceof NotARecording) throw new CommandError(`cannot open ${path}: ${error.message}`, 1);
    throw error;
  } finally {
    closeSync(fd);
  }
}

/** What the writers of files see of it. */
export function runOf({ session, begin, finalState }: Replay): RunSummary {
  return { ...summarizeRun(session, begin), state: finalState };
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

function reader(fd: number): (into: Buffer) => number {
  let at = 0;
  return (into) => {
    const bytes = readAt(fd, into, at);
    at += bytes;
    return bytes;
  };
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
