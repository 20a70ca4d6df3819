/**
 * The file of a module of the past: only if it is the very one that was mapped then, for the addresses of another build
 * mean other functions. Its build id says so; of a file without one (Go, rustup) device, inode, time and size must agree.
 */
import fs from 'node:fs';
import type { FileIdentity, Module } from '../profile/frames.ts';
import { livePath } from './address-name.ts';
import { fileBytes } from './byte-source.ts';
import { buildIdOf, parseElf } from './elf-file.ts';
import { errnoName } from './kernel-symbols.ts';

/** An open file that the caller closes, or why there is none. */
export type RecordedFile = { readonly fd: number } | { readonly because: string };

/** @returns undefined for a descriptor that cannot be asked */
export function fileIdentity(fd: number): FileIdentity | undefined {
  try {
    const { dev, ino, mtimeMs, size } = fs.fstatSync(fd);
    return { dev, inode: ino, mtimeMs, size };
  } catch {
    return undefined;
  }
}

export function openRecorded(module: Module): RecordedFile {
  let fd: number;
  try {
    // A fifo may have taken its place.
    fd = fs.openSync(livePath(module.path), fs.constants.O_RDONLY | fs.constants.O_NONBLOCK);
  } catch (error) {
    const errno = errnoName(error);
    return { because: errno === 'ENOENT' ? 'the file is not there any more' : `cannot be read: ${errno}` };
  }
  const because = difference(fd, module);
  if (because === undefined) return { fd };
  fs.closeSync(fd);
  return { because };
}

/** What proves that it is another file; undefined: it is the same. */
function difference(fd: number, { buildId, file: recorded }: Module): string | undefined {
  if (buildId !== '') {
    const file = parseElf(fileBytes(fd));
    const found = file === undefined ? '' : buildIdOf(file);
    return found === buildId ? undefined : 'the file there now is another build';
  }
  if (recorded === undefined) return 'neither a build id nor its file was recorded';
  const now = fileIdentity(fd);
  const isSame =
    now !== undefined &&
    now.dev === recorded.dev &&
    now.inode === recorded.inode &&
    now.mtimeMs === recorded.mtimeMs &&
    now.size === recorded.size;
  return isSame ? undefined : 'the file there now is another one (and has no build id)';
}
