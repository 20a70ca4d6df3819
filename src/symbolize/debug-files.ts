/**
 * Finds the separate debug file of a stripped module: by build id, then by `.gnu_debuglink`; in the target's root
 * first, then in ours. A file counts only when it proves that it belongs to the module (build id, else CRC-32).
 * Nothing is downloaded.
 */
import fs from 'node:fs';
import path from 'node:path';
import { crc32 } from 'node:zlib';
import { type ByteSource, fileBytes } from './byte-source.ts';
import { buildIdOf, type ElfFile, parseElf, readSection, sectionNamed } from './elf-file.ts';
import type { SymbolWarning } from './protocol.ts';

export interface DebugFilePlaces {
  /** Prefixes for absolute paths, the target's first; '' is our own root. */
  readonly rootPaths: readonly string[];
  /** Normally /usr/lib/debug. */
  readonly debugRoot: string;
}

/** The file and the way to give it back. */
export interface DebugFile {
  readonly file: ElfFile;
  close(): void;
}

export interface DebugLink {
  readonly name: string;
  readonly crc: number;
}

const crcChunkBytes = 1 << 20;

/** @returns `undefined` when there is none, or when its name is a path: a link that climbs out is hostile. */
export function debugLinkOf(file: ElfFile): DebugLink | undefined {
  const section = sectionNamed(file, '.gnu_debuglink');
  if (section === undefined) return undefined;
  const bytes = readSection(file, section).subarray(0, 4096);
  const end = bytes.indexOf(0);
  if (end <= 0) return undefined;
  const name = bytes.toString('utf8', 0, end);
  // The CRC follows the NUL at the next multiple of four (GDB manual, "Separate Debug Files").
  const crcAt = (end + 4) & ~3;
  if (name.includes('/') || name === '..' || crcAt + 4 > bytes.length) return undefined;
  return { name, crc: bytes.readUInt32LE(crcAt) };
}

function crcOf(source: ByteSource): number {
  let crc = 0;
  for (let at = 0; at < source.size; ) {
    const bytes = source.read(at, crcChunkBytes);
    if (bytes.length === 0) break;
    crc = crc32(bytes, crc);
    at += bytes.length;
  }
  return crc >>> 0;
}

function openFile(filePath: string): { readonly fd: number; readonly source: ByteSource } | undefined {
  try {
    const fd = fs.openSync(filePath, fs.constants.O_RDONLY | fs.constants.O_NONBLOCK);
    return { fd, source: fileBytes(fd) };
  } catch {
    return undefined;
  }
}

type Proof = (file: ElfFile) => string | undefined;

/** Opens the first of `paths` that exists and belongs to the module; a wrong one is warned about and passed over. */
function openProven(
  paths: readonly string[],
  mismatch: Proof,
  warn: (warning: SymbolWarning) => void,
): DebugFile | undefined {
  for (const filePath of paths) {
    const opened = openFile(filePath);
    if (opened === undefined) continue;
    const file = parseElf(opened.source);
    const detail = file === undefined ? 'not an ELF file' : mismatch(file);
    if (file !== undefined && detail === undefined) return { file, close: () => fs.closeSync(opened.fd) };
    fs.closeSync(opened.fd);
    warn({ code: 'debug-file-mismatch', subject: filePath, detail: detail ?? '' });
  }
  return undefined;
}

function byBuildId(places: DebugFilePlaces, buildId: string): string[] {
  if (!/^[0-9a-f]{4,128}$/.test(buildId)) return [];
  const tail = `${places.debugRoot}/.build-id/${buildId.slice(0, 2)}/${buildId.slice(2)}.debug`;
  return places.rootPaths.map((root) => root + tail);
}

function byDebugLink(places: DebugFilePlaces, modulePath: string, link: DebugLink): string[] {
  if (!modulePath.startsWith('/')) return [];
  const folder = path.dirname(modulePath);
  return places.rootPaths.flatMap((root) => [
    path.join(root, folder, link.name),
    path.join(root, folder, '.debug', link.name),
    path.join(root, places.debugRoot, folder, link.name),
  ]);
}

/**
 * @param module the stripped file, if it could be read; a module known by its build id alone may still have names
 * @param modulePath as the target knows it
 * @returns an open file; the caller closes it
 */
export function findDebugFile(
  places: DebugFilePlaces,
  module: ElfFile | undefined,
  modulePath: string,
  buildId: string,
  warn: (warning: SymbolWarning) => void,
): DebugFile | undefined {
  const wrongId: Proof = (file) => (buildIdOf(file) === buildId ? undefined : `build id is not ${buildId}`);
  const found = openProven(byBuildId(places, buildId), wrongId, warn);
  const link = found === undefined && module !== undefined ? debugLinkOf(module) : undefined;
  if (link === undefined) return found;
  const wrongLink: Proof = (file) => {
    // The build id says the same as a checksum over the whole file, without reading hundreds of megabytes.
    if (buildId !== '' && buildIdOf(file) !== '') return wrongId(file);
    return crcOf(file.source) === link.crc ? undefined : 'CRC-32 differs from .gnu_debuglink';
  };
  return openProven(byDebugLink(places, modulePath, link), wrongLink, warn);
}
