/**
 * The file that `record` writes: opened before capture, so that a wrong path costs no time; a regular file is written
 * beside its place and renamed, so it is whole or not there; what cannot be written is kept elsewhere.
 */
import {
  closeSync,
  existsSync,
  fstatSync,
  lstatSync,
  openSync,
  readlinkSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { isatty } from 'node:tty';
import { type Format, formatOf, formatSpecs, type Options } from '../options.ts';
import { CommandError } from './command-error.ts';

export interface Output {
  /** `-` is standard output. */
  readonly path: string;
  readonly format: Format;
  readonly fd: number;
  /** Written beside the target and renamed at the end, so that a file is whole or not there. */
  readonly temporary: string | undefined;
}

/**
 * @param whileCaptured the file is written while capture runs, where its format can be: a recording
 * @throws CommandError
 */
export function openOutput(options: Options, whileCaptured = false): Output {
  const path = options.output ?? '-';
  const format = options.format ?? formatOf(path);
  const output = openPath(path, format, whileCaptured && format === 'proftui');
  if (formatSpecs[format].isBinary && isatty(output.fd)) {
    throw new CommandError(`${format} is binary and no text for a terminal: give a file with -o FILE`, 2);
  }
  return output;
}

function openPath(path: string, format: Format, isInPlace: boolean): Output {
  if (path === '-') return { path, format, fd: 1, temporary: undefined };
  try {
    // A device or a pipe is written as it is; a file is replaced only when the new one is whole.
    if (isSpecialFile(path)) return { path, format, fd: openSync(path, 'w'), temporary: undefined };
    const place = resolveLinks(path);
    if (isInPlace) return { path: place, format, fd: openInPlace(place), temporary: undefined };
    const temporary = join(dirname(place), `.prof-tui-${process.pid}.tmp`);
    return { path: place, format, fd: openSync(temporary, 'w', 0o600), temporary };
  } catch (error) {
    throw new CommandError(`cannot write ${path}: ${reasonOf(error)}`, 1);
  }
}

/**
 * A recording grows in its place, so that what is there when the program is killed can be opened. What it replaces stays
 * until capture has begun.
 */
function openInPlace(place: string): number {
  return openSync(place, existsSync(place) ? 'r+' : 'wx', 0o600);
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

/** In words: why a file cannot be written or read. */
export function reasonOf(error: unknown): string {
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
export function discardOutput({ path, fd, temporary }: Output): void {
  if (temporary !== undefined) {
    // It may have its name already.
    rmSync(temporary, { force: true });
    return;
  }
  // A recording that has begun is kept.
  const isEmpty = (): boolean => fstatSync(fd).isFile() && fstatSync(fd).size === 0;
  if (path !== '-' && isEmpty()) unlinkSync(path);
}

/** Text or bytes, in the order of the file. */
export type Piece = string | Uint8Array;

const bufferedBytes = 256 * 1024;

/**
 * Writes the file; if that fails, keeps what was captured in the temporary folder and says where.
 * @param pieces makes the pieces; called again for the second try
 * @throws CommandError
 */
export function writeOutput(output: Output, pieces: () => Iterable<Piece>): void {
  const name = output.path === '-' ? 'standard output' : output.path;
  try {
    writePieces(output.fd, pieces());
    if (output.temporary === undefined) return;
    closeSync(output.fd);
    renameSync(output.temporary, output.path);
  } catch (error) {
    if (output.temporary !== undefined) rmSync(output.temporary, { force: true });
    // Whoever closed the pipe has seen what they wanted.
    const isPipe = (error as NodeJS.ErrnoException).code === 'EPIPE';
    const rescued = isPipe ? undefined : rescue(output.format, pieces());
    const kept = rescued === undefined ? '' : `; what was captured is in ${rescued}`;
    throw new CommandError(`cannot write ${name}: ${reasonOf(error)}${kept}`, 1);
  }
}

/** Keeps what cannot be written in its place. @returns the path, or undefined when that cannot be written either */
export function rescue(format: Format, pieces: Iterable<Piece>): string | undefined {
  const path = join(tmpdir(), `prof-tui-${process.pid}.${format}`);
  try {
    const fd = openSync(path, 'wx', 0o600);
    writePieces(fd, pieces);
    closeSync(fd);
    return path;
  } catch {
    return undefined;
  }
}

function writePieces(fd: number, pieces: Iterable<Piece>): void {
  let text = '';
  for (const piece of pieces) {
    if (typeof piece === 'string') text += piece;
    if (text.length >= bufferedBytes || typeof piece !== 'string') {
      writeWhole(fd, Buffer.from(text, 'utf8'));
      text = '';
    }
    if (typeof piece !== 'string') writeWhole(fd, piece);
  }
  writeWhole(fd, Buffer.from(text, 'utf8'));
}

/** Writes all bytes. A pipe may take a part only, or none for the moment (EAGAIN on a non-blocking one). */
export function writeWhole(fd: number, bytes: Uint8Array): void {
  let rest = bytes;
  while (rest.length > 0) {
    try {
      rest = rest.subarray(writeSync(fd, rest));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5);
    }
  }
}
