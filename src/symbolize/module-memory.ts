/**
 * ELF images that exist only in memory: the vdso, and modules whose file could not be opened. The vdso is read from
 * our own process (one kernel, one vdso), others from the target's memory, if it lets us.
 */
import fs from 'node:fs';
import type { Module } from '../profile/frames.ts';
import { type ByteSource, bufferBytes, memoryBytes } from './byte-source.ts';

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

/** The image as process memory holds it: offsets of the file, as far as the mappings are contiguous with them. */
export function openModuleMemory(module: Module, pid: number): ByteSource | undefined {
  const owner = module.openedBy === 'vdso' ? 'self' : pid;
  if (module.openedBy !== 'vdso' && module.openedBy !== 'memory') return undefined;
  const mappings = mappingsOf(owner, module.openedBy === 'vdso' ? '[vdso]' : module.path);
  const first = mappings.find((row) => row.offset === 0);
  if (first === undefined) return undefined;
  const end = Math.max(...mappings.map((row) => row.end));
  return readWholeImage(owner, first.start, end - first.start);
}

/** Images without a file are small (the vdso has two pages); larger ones are cut, their tables stand in front. */
const maxImageBytes = 64 << 20;

/** Copied at once, so that the names survive the target. */
function readWholeImage(owner: number | 'self', base: number, size: number): ByteSource | undefined {
  let fd = -1;
  try {
    fd = fs.openSync(`/proc/${owner}/mem`, fs.constants.O_RDONLY);
    const bytes = memoryBytes(fd, base, size).read(0, Math.min(size, maxImageBytes));

    return bytes.length > 0 ? bufferBytes(bytes) : undefined;
  } catch {
    return undefined;
  } finally {
    if (fd >= 0) fs.closeSync(fd);
  }
}
