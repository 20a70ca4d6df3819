/**
 * ELF images that exist only in memory: the vdso, and modules whose file could not be opened. The vdso is read from
 * our own process (one kernel, one vdso), others from the target's memory, if it lets us.
 */
import fs from 'node:fs';
import type { Module } from '../profile/frames.ts';
import { memoryBytes } from './byte-source.ts';

export interface MappedFile {
  readonly start: number;
  readonly end: number;
  readonly isExecutable: boolean;
  readonly offset: number;
  readonly path: string;
}

/** One row per line of /proc/PID/maps; octal escapes of the path (`\012`) are left as they are. */
export function parseMaps(text: string): MappedFile[] {
  const rows: MappedFile[] = [];
  for (const line of text.split('\n')) {
    const match = /^([0-9a-f]+)-([0-9a-f]+) ..(.). ([0-9a-f]+) \S+ \d+ *(.*)$/.exec(line);
    if (match === null) continue;
    rows.push({
      start: Number.parseInt(match[1] as string, 16),
      end: Number.parseInt(match[2] as string, 16),
      isExecutable: match[3] === 'x',
      offset: Number.parseInt(match[4] as string, 16),
      path: match[5] as string,
    });
  }
  return rows;
}

/** @returns the target's mappings of that path; none when it has exited or refuses. */
export function mappingsOf(process: number | 'self', modulePath: string): MappedFile[] {
  try {
    const rows = parseMaps(fs.readFileSync(`/proc/${process}/maps`, 'utf8'));
    return rows.filter((row) => row.path === modulePath);
  } catch {
    return [];
  }
}

/** An ELF image as the loader laid it out: offset 0 of `bytes` was at `start`. */
export interface MemoryImage {
  readonly bytes: Buffer;
  readonly start: number;
}

/** Images without a file are small (the vdso has two pages); of larger ones the end is missing. */
const maxImageBytes = 64 << 20;

/**
 * Copies the image at once, so that the names survive the target.
 * @returns `undefined` when the module is not mapped (any more) or the target refuses
 */
export function readModuleMemory(module: Module, pid: number): MemoryImage | undefined {
  const isVdso = module.openedBy === 'vdso';
  if (!isVdso && module.openedBy !== 'memory') return undefined;
  const owner = isVdso ? 'self' : pid;
  const mappings = mappingsOf(owner, isVdso ? '[vdso]' : module.path);
  const first = mappings.find((row) => row.offset === 0);
  if (first === undefined) return undefined;
  const end = Math.max(...mappings.map((row) => row.end));
  const bytes = Buffer.alloc(Math.min(end - first.start, maxImageBytes));
  return copyMappings(owner, mappings, first.start, bytes) ? { bytes, start: first.start } : undefined;
}

/** Mapping by mapping: between them there may be holes, and reading one ends the read. */
function copyMappings(
  owner: number | 'self',
  mappings: readonly MappedFile[],
  start: number,
  image: Buffer,
): boolean {
  let fd = -1;
  let copied = 0;
  try {
    fd = fs.openSync(`/proc/${owner}/mem`, fs.constants.O_RDONLY);
    for (const row of mappings) {
      if (row.start < start) continue;
      const length = Math.min(row.end - row.start, Math.max(0, image.length - (row.start - start)));
      copied += memoryBytes(fd, row.start, length)
        .read(0, length)
        .copy(image, row.start - start);
    }
  } catch {
    // EACCES, ESRCH: not ours to read, or gone.
  } finally {
    if (fd >= 0) fs.closeSync(fd);
  }
  return copied > 0;
}
