/**
 * The file that `record` writes: opened before capture, so that a wrong path costs no time; a regular file is written
 * beside its place and renamed, so it is whole or not there; what cannot be written is kept elsewhere.
 */
import {
  closeSync,
  existsSync,
  lstatSync,
  openSync,
  readlinkSync,
  realpathSync,
  renameSync,
  statSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import type { Format, Options } from '../options.ts';
import { CommandError } from './command-error.ts';

export interface Output {
  /** `-` is standard output. */
  readonly path: string;
  readonly format: Format;
  readonly fd: number;
  /** Written beside the target and renamed at the end, so that a file is whole or not there. */
  readonly temporary: string | undefined;
}

/** @throws CommandError */
export function openOutput(options: Options): Output {
  const path = options.output ?? '-';
  const format = options.format ?? formatOf(path);
  if (path === '-') return { path, format, fd: 1, temporary: undefined };
  try {
    // A device or a pipe is written as it is; a file is replaced only when the new one is whole.
    if (isSpecialFile(path)) return { path, format, fd: openSync(path, 'w'), temporary: undefined };
    const place = resolveLinks(path);
    const temporary = join(dirname(place), `.prof-tui-${process.pid}.tmp`);
    return { path: place, format, fd: openSync(temporary, 'w', 0o600), temporary };
  } catch (error) {
    throw new CommandError(`cannot write ${path}: ${reasonOf(error)}`, 1);
  }
}

/** A link stays, and the file it names is written. */
function resolveLinks(path: string): string {
  if (existsSync(path)) return realpathSync(path);
  const isDangling = lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() === true;
  return isDangling ? resolve(dirname(path), readlinkSync(path)) : path;
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

/** Capture failed: nothing of the file stays. */
export function discardOutput(output: Output): void {
  if (output.temporary !== undefined) unlinkSync(output.temporary);
}

const bufferedBytes = 256 * 1024;

/**
 * Writes the file; if that fails, keeps what was captured in the temporary folder and says where.
 * @param text makes the pieces; called again for the second try
 * @throws CommandError
 */
export function writeOutput(output: Output, text: () => Iterable<string>): void {
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
