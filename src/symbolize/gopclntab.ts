/**
 * Function names of Go programs from `.gopclntab`: the runtime needs it, so it survives stripping. Layouts of Go
 * 1.16 (fffffffa), 1.18 (fffffff0) and 1.20 (fffffff1): go/src/runtime/symtab.go, `pcHeader`. Only the address
 * table is kept; names are read when asked for (the whole section is tens of megabytes in large programs).
 */
import { type ElfFile, elf, FieldReader, sectionNamed, stringAt } from './elf-file.ts';
import type { SymbolSource } from './elf-symbols.ts';
import { lastAtOrBelow } from './sorted-search.ts';

interface Layout {
  /** Bytes of one number in the function table, and of the entry address in a function record. */
  readonly entryBytes: 4 | 8;
  readonly textStart: number;
  readonly namesOffset: number;
  readonly tableOffset: number;
  readonly functions: number;
}

const headerBytes = 72;
const maxFunctions = 1 << 22;
const maxNameBytes = 4096;

function readLayout(header: Buffer, textAddress: number): Layout | undefined {
  const fields = new FieldReader(header, true);
  // Byte 6: instruction quantum, byte 7: pointer size. Only 64-bit programs are profiled.
  if (header.length < headerBytes || header[7] !== 8) return undefined;
  const magic = fields.u32(0);
  const functions = Math.min(fields.u64(8), maxFunctions);
  if (magic === 0xfffffffa) {
    return {
      entryBytes: 8,
      textStart: 0,
      namesOffset: fields.u64(24),
      tableOffset: fields.u64(56),
      functions,
    };
  }
  if (magic !== 0xfffffff0 && magic !== 0xfffffff1) return undefined;
  // Position-independent programs leave it to a relocation, so the file may hold 0.
  const textStart = fields.u64(24) || textAddress;
  return { entryBytes: 4, textStart, namesOffset: fields.u64(32), tableOffset: fields.u64(64), functions };
}

/** Entry address and record offset of each function, ascending; the last entry is the end of the text. */
function readTable(table: Buffer, layout: Layout) {
  const pairBytes = layout.entryBytes * 2;
  const fields = new FieldReader(table, true);
  const word = (at: number): number => (layout.entryBytes === 8 ? fields.u64(at) : fields.u32(at));
  const length = Math.max(
    0,
    Math.min(layout.functions, Math.floor((table.length - layout.entryBytes) / pairBytes)),
  );
  const starts = new Float64Array(length + 1);
  const records = new Float64Array(length);
  for (let i = 0; i < length; i++) {
    starts[i] = layout.textStart + word(i * pairBytes);
    records[i] = word(i * pairBytes + layout.entryBytes);
  }
  if (length > 0) starts[length] = layout.textStart + word(length * pairBytes);
  return { length, starts, records };
}

/** @returns `undefined` when the module is no Go program or its table is of an unknown version. */
export function readGoFunctions(file: ElfFile): SymbolSource | undefined {
  const section = sectionNamed(file, '.gopclntab') ?? sectionNamed(file, '.data.rel.ro.gopclntab');
  if (section === undefined || section.type === elf.sectionNobits) return undefined;
  const read = (offset: number, bytes: number): Buffer =>
    offset < section.size
      ? file.source.read(section.offset + offset, Math.min(bytes, section.size - offset))
      : Buffer.alloc(0);
  const layout = readLayout(read(0, headerBytes), sectionNamed(file, '.text')?.address ?? 0);
  if (layout === undefined) return undefined;
  const tableBytes = (layout.functions * 2 + 1) * layout.entryBytes;
  const { length, starts, records } = readTable(read(layout.tableOffset, tableBytes), layout);
  const nameOf = (i: number): string => {
    const record = new FieldReader(
      read(layout.tableOffset + (records[i] as number) + layout.entryBytes, 4),
      true,
    );
    return stringAt(read(layout.namesOffset + record.u32(0), maxNameBytes), 0);
  };
  return {
    length,
    find(address) {
      const i = lastAtOrBelow(starts, length, address);
      if (i < 0 || address >= (starts[i + 1] as number)) return undefined;
      return nameOf(i) || undefined;
    },
  };
}
