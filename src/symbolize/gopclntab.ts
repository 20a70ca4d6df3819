/**
 * The table of functions that every Go program holds for its own runtime (`.gopclntab`), so that it survives stripping.
 * Layouts of Go 1.16 (fffffffa), 1.18 (fffffff0) and 1.20 (fffffff1): go/src/runtime/symtab.go, `pcHeader` and `_func`.
 * Only addresses are kept; names and records are read when asked for (the whole is tens of megabytes in large programs).
 */
import { type ElfFile, FieldReader, readSection, sectionNamed, stringAt } from './elf-file.ts';
import { lastAtOrBelow } from './sorted-search.ts';

/** By the first release that has it. */
export type GoLayout = 1.16 | 1.18 | 1.2;

export interface GoFunction {
  readonly index: number;
  readonly start: number;
  readonly end: number;
  readonly nameOffset: number;
  /** Where the first line is told (from 1.20 on), from 1; else 0. */
  readonly firstLine: number;
  /** Streams in the table of values (go-values.ts), 0 for none: file numbers and lines by address. */
  readonly files: number;
  readonly lines: number;
  /** What file numbers count from. */
  readonly unit: number;
  /** Which inlined call an address is in, and where those calls are described: its word in the file, undefined for none. */
  readonly inlineIndex: number;
  readonly inlineTree: number | undefined;
}

export interface GoTable {
  readonly layout: GoLayout;
  /** Of the table itself. */
  readonly address: number;
  /** Offset of the names. */
  readonly namesOffset: number;
  /** How many functions. */
  readonly length: number;
  functionAt(address: number): GoFunction | undefined;
  functionOf(index: number): GoFunction | undefined;
  /** Empty where no name begins. */
  nameAt(offset: number): string;
  /** Bytes of a stream, from its beginning. */
  readValues(stream: number, bytes: number): Buffer;
  /** Path of a file by its number in a unit; empty when there is none. */
  fileAt(index: number): string;
}

interface Header {
  readonly layout: GoLayout;
  readonly textStart: number;
  readonly functions: number;
  readonly names: number;
  readonly units: number;
  readonly files: number;
  readonly values: number;
  readonly table: number;
}

const headerBytes = 72;
const maxFunctions = 1 << 22;
const maxNameBytes = 4096;
const layoutOf: ReadonlyMap<number, GoLayout> = new Map([
  [0xfffffffa, 1.16],
  [0xfffffff0, 1.18],
  [0xfffffff1, 1.2],
]);

/** @returns `undefined` when the module is no Go program or its table is of an unknown version. */
export function readGoTable(file: ElfFile): GoTable | undefined {
  const place = findTable(file);
  if (place === undefined) return undefined;
  const read = (offset: number, bytes: number): Buffer =>
    offset < place.size
      ? file.source.read(place.offset + offset, Math.min(bytes, place.size - offset))
      : Buffer.alloc(0);
  const header = readHeader(read(0, headerBytes), sectionNamed(file, '.text')?.address ?? 0);
  return header && tableOf(header, place.address, read);
}

interface Place {
  readonly address: number;
  readonly offset: number;
  readonly size: number;
}

/** Position-independent programs that a C linker put together have it somewhere in `.data.rel.ro`. */
function findTable(file: ElfFile): Place | undefined {
  const named = sectionNamed(file, '.gopclntab') ?? sectionNamed(file, '.data.rel.ro.gopclntab');
  if (named !== undefined) return named;
  const merged = sectionNamed(file, '.data.rel.ro');
  if (merged === undefined || sectionNamed(file, '.go.buildinfo') === undefined) return undefined;
  const bytes = readSection(file, merged);
  for (const magic of layoutOf.keys()) {
    const head = Buffer.alloc(8);
    head.writeUInt32LE(magic);
    head.set([1, 8], 6);
    for (let at = bytes.indexOf(head); at >= 0; at = bytes.indexOf(head, at + 1)) {
      if (at % 16 !== 0) continue;
      return { address: merged.address + at, offset: merged.offset + at, size: merged.size - at };
    }
  }
  return undefined;
}

function readHeader(bytes: Buffer, textAddress: number): Header | undefined {
  const fields = new FieldReader(bytes, true);
  const layout = layoutOf.get(fields.u32(0));
  // Byte 6: the least size of an instruction, byte 7: the size of a pointer. Only x86-64 is profiled.
  if (layout === undefined || bytes.length < headerBytes || bytes[6] !== 1 || bytes[7] !== 8)
    return undefined;
  const offsets = layout === 1.16 ? 24 : 32;
  return {
    layout,
    // Position-independent programs may leave it to a relocation, and those of 1.26 have none: then the file holds 0.
    textStart: layout === 1.16 ? 0 : fields.u64(24) || textAddress,
    functions: Math.min(fields.u64(8), maxFunctions),
    names: fields.u64(offsets),
    units: fields.u64(offsets + 8),
    files: fields.u64(offsets + 16),
    values: fields.u64(offsets + 24),
    table: fields.u64(offsets + 32),
  };
}

type Read = (offset: number, bytes: number) => Buffer;

/** Entry address and record offset of each function, ascending; the last entry is the end of the text. */
function readEntries({ layout, functions, table, textStart }: Header, read: Read) {
  const wordBytes = layout === 1.16 ? 8 : 4;
  const pairBytes = wordBytes * 2;
  const bytes = read(table, functions * pairBytes + wordBytes);
  const fields = new FieldReader(bytes, true);
  const word = (at: number): number => (wordBytes === 8 ? fields.u64(at) : fields.u32(at));
  const length = Math.max(0, Math.min(functions, Math.floor((bytes.length - wordBytes) / pairBytes)));
  const starts = new Float64Array(length + 1);
  const records = new Float64Array(length);
  for (let i = 0; i < length; i++) {
    starts[i] = textStart + word(i * pairBytes);
    records[i] = word(i * pairBytes + wordBytes);
  }
  if (length > 0) starts[length] = textStart + word(length * pairBytes);
  return { length, starts, records };
}

/** `_func` and what follows it: its streams of numbered values, then its words of further data. */
const mostRecordBytes = 256;
const inlineIndexValue = 2;
const inlineTreeWord = 3;
const noWord = 0xffffffff;

function tableOf(header: Header, address: number, read: Read): GoTable {
  const { layout, names, units, files, values, table } = header;
  const { length, starts, records } = readEntries(header, read);
  const functionOf = (index: number): GoFunction | undefined => {
    if (!(index >= 0 && index < length)) return undefined;
    const at = table + (records[index] as number);
    const record = readRecord(read(at, mostRecordBytes), layout, address + at);
    return { index, start: starts[index] as number, end: starts[index + 1] as number, ...record };
  };
  return {
    layout,
    address,
    namesOffset: names,
    length,
    functionOf,
    functionAt(wanted) {
      const i = lastAtOrBelow(starts, length, wanted);
      return i < 0 || wanted >= (starts[i + 1] as number) ? undefined : functionOf(i);
    },
    nameAt(offset) {
      const limit = units - names;
      if (offset < 0 || (limit > 0 && offset >= limit)) return '';
      if (offset > 0 && read(names + offset - 1, 1)[0] !== 0) return '';
      return stringAt(read(names + offset, maxNameBytes), 0);
    },
    readValues: (stream, bytes) => read(values + stream, bytes),
    fileAt(index) {
      if (index < 0 || units + index * 4 >= files) return '';
      const offset = new FieldReader(read(units + index * 4, 4), true).u32(0);
      return offset === noWord ? '' : stringAt(read(files + offset, maxNameBytes), 0);
    },
  };
}

function readRecord(
  bytes: Buffer,
  layout: GoLayout,
  address: number,
): Omit<GoFunction, 'index' | 'start' | 'end'> {
  const fields = new FieldReader(bytes, true);
  const entryBytes = layout === 1.16 ? 8 : 4;
  const hasLine = layout === 1.2;
  const recordBytes = entryBytes + (hasLine ? 40 : 36);
  const streams = fields.u32(entryBytes + 24);
  const words = bytes[recordBytes - 1] ?? 0;
  const wordsAt = recordBytes + streams * 4;
  const hasTree = streams > inlineIndexValue && words > inlineTreeWord;
  return {
    nameOffset: fields.u32(entryBytes),
    files: fields.u32(entryBytes + 16),
    lines: fields.u32(entryBytes + 20),
    unit: fields.u32(entryBytes + 28),
    firstLine: hasLine ? fields.u32(entryBytes + 32) : 0,
    inlineIndex: hasTree ? fields.u32(recordBytes + inlineIndexValue * 4) : 0,
    inlineTree: hasTree ? treeWord(fields, layout, address, wordsAt) : undefined,
  };
}

/** Before 1.18 an absolute address, aligned; since then an offset from the data of functions. */
function treeWord(
  fields: FieldReader,
  layout: GoLayout,
  address: number,
  wordsAt: number,
): number | undefined {
  if (layout === 1.16) {
    const aligned = wordsAt + ((address + wordsAt) % 8);
    return fields.u64(aligned + inlineTreeWord * 8) || undefined;
  }
  const at = wordsAt + inlineTreeWord * 4;
  const word = at + 4 <= mostRecordBytes ? fields.u32(at) : noWord;
  return word === noWord ? undefined : word;
}
