/**
 * An export of a running session by a process of its own: the screen and capture go on, and what is written is one
 * moment. The session is handed over as a recording in an unnamed file, written in slices.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, unlinkSync } from 'node:fs';
import { constants, setPriority } from 'node:os';
import { dirname, join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { packageRoot } from '../engine/native.ts';
import type { RunSummary } from '../export/summary.ts';
import type { Format } from '../options.ts';
import { reasonOf, writeWhole } from './output-file.ts';
import { recordingPieces } from './recording-file.ts';

/** How long a slice may hold up keys and frames. */
const sliceMs = 8;
/** Its descriptor in the other process. */
const handedFd = 3;

/** @returns why it could not be written, in a line; undefined when it is there */
export async function exportApart(
  run: RunSummary,
  format: Format,
  path: string,
  options: readonly string[],
): Promise<string | undefined> {
  let fd: number;
  try {
    fd = openUnnamed(dirname(path));
  } catch (error) {
    return `cannot write ${path}: ${reasonOf(error)}`;
  }
  try {
    await writeSlices(fd, recordingPieces(run));
    return await exportFrom(fd, ['-f', format, '-o', path, ...options]);
  } catch (error) {
    return `cannot write ${path}: ${reasonOf(error)}`;
  } finally {
    closeSync(fd);
  }
}

/** Where the export will be: whoever may write there has room there. */
function openUnnamed(folder: string): number {
  const name = join(folder, `.prof-tui-${process.pid}-export.tmp`);
  const fd = openSync(name, 'wx+', 0o600);
  unlinkSync(name);
  return fd;
}

async function writeSlices(fd: number, pieces: Iterable<Uint8Array>): Promise<void> {
  let began = performance.now();
  for (const piece of pieces) {
    writeWhole(fd, piece);
    if (performance.now() - began < sliceMs) continue;
    await nextTurn();
    began = performance.now();
  }
}

async function exportFrom(fd: number, options: readonly string[]): Promise<string | undefined> {
  const program = join(packageRoot(), 'bin/prof-tui.js');
  const args = [program, 'export', `/proc/self/fd/${handedFd}`, ...options];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'pipe', fd] });
  const said: Buffer[] = [];
  child.stderr?.on('data', (bytes: Buffer) => said.push(bytes));
  const ended = once(child, 'close');
  // The target is not to be disturbed.
  if (child.pid !== undefined) setPriority(child.pid, constants.priority.PRIORITY_LOW);
  const [code, signal] = await ended;
  if (code === 0) return undefined;
  const line = Buffer.concat(said).toString('utf8').trim().split('\n').at(-1) ?? '';
  return line.replace(/^prof-tui: /, '') || `the export ended with ${signal ?? code}`;
}
