/**
 * ELF headers: sections, segments, notes. Little-endian, 32 and 64 bit. Reads only headers and what is asked for,
 * so a file of hundreds of megabytes costs a few kilobytes here. Input is hostile: every count is bounded by the
 * size of the source, every reader returns `undefined` or an empty buffer instead of throwing.
 */
import { type ByteSource, maxTableBytes } from './byte-source.ts';

export interface ElfSection {
  readonly index: number;
  readonly name: string;
  readonly type: number;
  readonly flags: number;
  readonly address: number;
  readonly offset: number;
  readonly size: number;
  readonly link: number;
}

export interface ElfSegment {
  readonly type: number;
  readonly flags: number;
  readonly offset: number;
  readonly address: number;
  readonly fileSize: number;
  readonly memorySize: number;
}

export interface ElfFile {
  readonly source: ByteSource;
  readonly is64: boolean;
  readonly sections: readonly ElfSection[];
  readonly segments: readonly ElfSegment[];
}

/** Values of the ELF specification (elf.h). */
export const elf = {
  sectionSymtab: 2,
  sectionNote: 7,
  sectionNobits: 8,
  sectionDynsym: 11,
  flagAlloc: 2,
  flagExec: 4,
  segmentLoad: 1,
  segmentDynamic: 2,
  segmentNote: 4,
  segmentExec: 1,
} as const;

/** A file with more sections than this has no business in a process (the largest real ones have some thousands). */
const maxSections = 1 << 17;

/** Bounds-checked fields: past the end everything reads as 0. */
export class FieldReader {
  readonly #bytes: Buffer;
  readonly #is64: boolean;

  constructor(bytes: Buffer, is64: boolean) {
    this.#bytes = bytes;
    this.#is64 = is64;
  }

  u16(offset: number): number {
    return offset + 2 <= this.#bytes.length ? this.#bytes.readUInt16LE(offset) : 0;
  }

  u32(offset: number): number {
    return offset + 4 <= this.#bytes.length ? this.#bytes.readUInt32LE(offset) : 0;
  }

  /** Loses low bits above 2^53: no address or offset that can be true is that large. */
  u64(offset: number): number {
    return this.u32(offset) + this.u32(offset + 4) * 2 ** 32;
  }

  /** An address-sized field at its place in the 64-bit or in the 32-bit layout. */
  word(offset64: number, offset32: number): number {
    return this.#is64 ? this.u64(offset64) : this.u32(offset32);
  }

  half(offset64: number, offset32: number): number {
    return this.u16(this.#is64 ? offset64 : offset32);
  }

  int(offset64: number, offset32: number): number {
    return this.u32(this.#is64 ? offset64 : offset32);
  }
}

/** @returns the string at `offset`, ended by NUL or after `limit` bytes; '' outside of the table. */
export function stringAt(table: Buffer, offset: number, limit = 65536): string {
  if (offset >= table.length) return '';
  const last = Math.min(table.length, offset + limit);
  let end = offset;
  while (end < last && table[end] !== 0) end++;
  return table.toString('utf8', offset, end);
}

type RawSection = Omit<ElfSection, 'name'> & { readonly nameOffset: number };

function readRawSections(source: ByteSource, header: FieldReader, is64: boolean): RawSection[] {
  const tableOffset = header.word(40, 32);
  const entryBytes = is64 ? 64 : 40;
  if (tableOffset === 0 || header.half(58, 46) !== entryBytes) return [];
  const first = new FieldReader(source.read(tableOffset, entryBytes), is64);
  // More than 65,279 sections: e_shnum is 0 and the count stands in the first entry (ELF, "e_shnum").
  const count = Math.min(header.half(60, 48) || first.word(32, 20), maxSections);
  const table = source.read(tableOffset, count * entryBytes);
  const raw: RawSection[] = [];
  for (let index = 0; (index + 1) * entryBytes <= table.length; index++) {
    const fields = new FieldReader(table.subarray(index * entryBytes, (index + 1) * entryBytes), is64);
    raw.push({
      index,
      nameOffset: fields.u32(0),
      type: fields.u32(4),
      flags: fields.word(8, 8),
      address: fields.word(16, 12),
      offset: fields.word(24, 16),
      size: fields.word(32, 20),
      link: fields.int(40, 24),
    });
  }
  return raw;
}

function readSections(source: ByteSource, header: FieldReader, is64: boolean): ElfSection[] {
  const raw = readRawSections(source, header, is64);
  const stated = header.half(62, 50);
  // SHN_XINDEX: the index stands in sh_link of the first entry.
  const names = raw[stated === 0xffff ? (raw[0]?.link ?? 0) : stated];
  const strings =
    names === undefined ? Buffer.alloc(0) : source.read(names.offset, Math.min(names.size, 1 << 24));
  return raw.map(({ nameOffset, ...section }) => ({ ...section, name: stringAt(strings, nameOffset, 256) }));
}

function readSegments(source: ByteSource, header: FieldReader, is64: boolean): ElfSegment[] {
  const entryBytes = is64 ? 56 : 32;
  const tableOffset = header.word(32, 28);
  if (tableOffset === 0 || header.half(54, 42) !== entryBytes) return [];
  const table = source.read(tableOffset, header.half(56, 44) * entryBytes);
  const segments: ElfSegment[] = [];
  for (let at = 0; at + entryBytes <= table.length; at += entryBytes) {
    const fields = new FieldReader(table.subarray(at, at + entryBytes), is64);
    segments.push({
      type: fields.u32(0),
      flags: fields.int(4, 24),
      offset: fields.word(8, 4),
      address: fields.word(16, 8),
      fileSize: fields.word(32, 16),
      memorySize: fields.word(40, 20),
    });
  }
  return segments;
}

export function looksLikeElf(source: ByteSource): boolean {
  const ident = source.read(0, 16);
  return ident.length === 16 && ident.readUInt32BE(0) === 0x7f454c46;
}

/** @returns `undefined` when the bytes are no little-endian ELF; sections or segments that cannot be read are left out. */
export function parseElf(source: ByteSource): ElfFile | undefined {
  const bytes = source.read(0, 64);
  if (bytes.length < 52 || bytes.readUInt32BE(0) !== 0x7f454c46 || bytes[5] !== 1) return undefined;
  if (bytes[4] !== 1 && bytes[4] !== 2) return undefined;
  const is64 = bytes[4] === 2;
  const header = new FieldReader(bytes, is64);
  return {
    source,
    is64,
    sections: readSections(source, header, is64),
    segments: readSegments(source, header, is64),
  };
}

export function sectionNamed(file: ElfFile, name: string): ElfSection | undefined {
  return file.sections.find((section) => section.name === name && section.type !== elf.sectionNobits);
}

/** The bytes of a section; short or empty when the file does not hold them. */
export function readSection(file: ElfFile, section: ElfSection): Buffer {
  if (section.type === elf.sectionNobits || section.size > maxTableBytes) return Buffer.alloc(0);
  return file.source.read(section.offset, section.size);
}

/** Whether code can lie there: in a section or a segment that is mapped executable. */
export function isExecutable(file: ElfFile, address: number): boolean {
  return file.segments.some(
    ({ type, flags, address: start, memorySize }) =>
      type === elf.segmentLoad &&
      (flags & elf.segmentExec) !== 0 &&
      address >= start &&
      address < start + memorySize,
  );
}

const gnuBuildIdNote = 3;

function buildIdInNotes(notes: Buffer): string | undefined {
  const fields = new FieldReader(notes, true);
  for (let at = 0; at + 12 <= notes.length; ) {
    const nameBytes = fields.u32(at);
    const valueBytes = fields.u32(at + 4);
    const valueAt = at + 12 + Math.ceil(nameBytes / 4) * 4;
    const isGnu = nameBytes === 4 && notes.toString('latin1', at + 12, at + 15) === 'GNU';
    if (isGnu && fields.u32(at + 8) === gnuBuildIdNote && valueAt + valueBytes <= notes.length) {
      return notes.toString('hex', valueAt, valueAt + valueBytes);
    }
    at = valueAt + Math.ceil(valueBytes / 4) * 4;
  }
  return undefined;
}

/** @returns lower-case hex, or '' when the file carries no GNU build id. */
export function buildIdOf(file: ElfFile): string {
  const places = [
    ...file.sections.filter((section) => section.type === elf.sectionNote),
    ...file.segments
      .filter((segment) => segment.type === elf.segmentNote)
      .map((segment) => ({ offset: segment.offset, size: segment.fileSize })),
  ];
  for (const { offset, size } of places.slice(0, 64)) {
    const found = buildIdInNotes(file.source.read(offset, Math.min(size, 65536)));
    if (found !== undefined) return found;
  }
  return '';
}
