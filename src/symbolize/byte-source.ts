/**
 * Where the bytes of an ELF image come from: an open file, process memory, or a buffer. Reads are positional and
 * synchronous (a worker may block; libuv's pool belongs to the keyboard), and never return more than exists.
 * Files are read, not mapped: a mapped file that is cut short is a SIGBUS in the profiler.
 */
import fs from 'node:fs';

/** No table of an image may be larger: what claims more is damaged or hostile. */
export const maxTableBytes = 2 ** 30;

export interface ByteSource {
  /** Bytes that can exist; an upper bound for process memory. */
  readonly size: number;
  /** @returns up to `length` bytes from `offset`; shorter at the end or on a read error, never throws. */
  read(offset: number, length: number): Buffer;
}

const nothing = Buffer.alloc(0);

/**
 * In memory of its own, not from the pool: typed-array views need offset 0.
 * @returns the bytes up to the end of the file or the first error
 */
function readFully(fd: number, position: number, length: number): Buffer {
  let bytes: Buffer = nothing;
  let filled = 0;
  try {
    bytes = Buffer.allocUnsafeSlow(length);
    while (filled < length) {
      const count = fs.readSync(fd, bytes, filled, length - filled, position + filled);
      if (count === 0) break;
      filled += count;
    }
  } catch {
    // EIO, EBADF, no memory, or a hole in process memory: what was read before it is true.
  }
  return filled === length ? bytes : bytes.subarray(0, filled);
}

function bounded(size: number, offset: number, length: number): number {
  if (!Number.isSafeInteger(offset) || offset < 0 || offset >= size || !(length > 0)) return 0;
  return Math.min(length, size - offset, maxTableBytes);
}

/** The caller keeps ownership of `fd`. A descriptor that cannot be read is a source of size 0. */
export function fileBytes(fd: number): ByteSource {
  let size = 0;
  try {
    const stat = fs.fstatSync(fd);
    if (stat.isFile()) size = stat.size;
  } catch {
    return bufferBytes(nothing);
  }
  return {
    size,
    read(offset, length) {
      const count = bounded(size, offset, length);
      return count === 0 ? nothing : readFully(fd, offset, count);
    },
  };
}

/** An image in the memory of a process: `fd` is its /proc/PID/mem, offset 0 is at address `base`. */
export function memoryBytes(fd: number, base: number, size: number): ByteSource {
  return {
    size,
    read(offset, length) {
      const count = bounded(size, offset, length);
      return count === 0 ? nothing : readFully(fd, base + offset, count);
    },
  };
}

export function bufferBytes(bytes: Buffer): ByteSource {
  return {
    size: bytes.length,
    read(offset, length) {
      const count = bounded(bytes.length, offset, length);
      return count === 0 ? nothing : bytes.subarray(offset, offset + count);
    },
  };
}
