/**
 * What the compiler of Go put into a function from others: the trees of inlined calls that the runtime itself reads for
 * stack traces (go/src/runtime/symtabinl.go). They lie among the data of functions, whose address only the runtime's
 * own record of the program tells (`moduledata`); that record differs by version, so its words are tried on real trees.
 */
import { type ReadAt, readThroughSegments } from './elf-dynamic.ts';
import { type ElfFile, elf, FieldReader, readSection } from './elf-file.ts';
import { highestValue } from './go-values.ts';
import type { GoFunction, GoTable } from './gopclntab.ts';

export interface InlinedCall {
  readonly nameOffset: number;
  readonly name: string;
  /** Where its caller stands: an offset in the function that holds both. */
  readonly callerOffset: number;
  /** From 1.20 on; else 0. */
  readonly firstLine: number;
}

export interface InlineTrees {
  /** @returns undefined when the tree has no such call or its entry cannot be true */
  callAt(func: GoFunction, index: number): InlinedCall | undefined;
}

/** @returns undefined when it cannot be told where the trees are */
export function readInlineTrees(file: ElfFile, table: GoTable): InlineTrees | undefined {
  const readAt = readThroughSegments(file);
  const base = table.layout === 1.16 ? 0 : findFunctionData(file, table, readAt);
  return base === undefined ? undefined : treesAt(base, table, readAt);
}

/** parent, kind, file, line, name, caller; from 1.20 on kind, name, caller, first line: four bytes each. */
const entryOf = {
  old: { bytes: 20, name: 12, caller: 16, line: undefined },
  new: { bytes: 16, name: 4, caller: 8, line: 12 },
} as const;

function treesAt(base: number, table: GoTable, readAt: ReadAt): InlineTrees {
  const { bytes, name, caller, line } = entryOf[table.layout === 1.2 ? 'new' : 'old'];
  return {
    callAt(func, index) {
      if (func.inlineTree === undefined || index < 0) return undefined;
      const entry = readAt(base + func.inlineTree + index * bytes, bytes);
      if (entry.length < bytes) return undefined;
      const fields = new FieldReader(entry, true);
      const nameOffset = fields.u32(name);
      const callerOffset = fields.u32(caller);
      const text = table.nameAt(nameOffset);
      if (text === '' || callerOffset >= func.end - func.start) return undefined;
      return {
        nameOffset,
        name: text,
        callerOffset,
        firstLine: line === undefined ? 0 : fields.u32(line),
      };
    },
  };
}

const mostSamples = 32;
const mostLookedAt = 4096;
const mostEntries = 16;

/** Of all words of the record the one from which every tree that is tried makes sense; none, when several do. */
function findFunctionData(file: ElfFile, table: GoTable, readAt: ReadAt): number | undefined {
  const samples = sampleFunctions(table);
  if (samples.length === 0) return undefined;
  const fits = [...wordsOfModule(file, table)].filter((base) => {
    const trees = treesAt(base, table, readAt);
    return samples.every(({ func, entries }) => {
      for (let i = 0; i < entries; i++) if (trees.callAt(func, i) === undefined) return false;
      return true;
    });
  });
  return fits.length === 1 ? fits[0] : undefined;
}

function sampleFunctions(table: GoTable): { func: GoFunction; entries: number }[] {
  const samples: { func: GoFunction; entries: number }[] = [];
  const step = Math.max(1, Math.floor(table.length / mostLookedAt));
  for (let i = 0; i < table.length && samples.length < mostSamples; i += step) {
    const func = table.functionOf(i);
    if (func?.inlineTree === undefined || func.inlineIndex === 0) continue;
    const highest = highestValue((bytes) => table.readValues(func.inlineIndex, bytes));
    if (highest >= 0) samples.push({ func, entries: Math.min(highest + 1, mostEntries) });
  }
  return samples;
}

const recordWords = 72;
const writable = 1;

/** The words of the runtime's record of the program, which begins with where the table and its names are. */
function wordsOfModule(file: ElfFile, table: GoTable): ReadonlySet<number> {
  const head = Buffer.alloc(16);
  head.writeBigUInt64LE(BigInt(table.address));
  head.writeBigUInt64LE(BigInt(table.address + table.namesOffset), 8);
  for (const section of file.sections) {
    const isData = (section.flags & (elf.flagAlloc | writable)) === (elf.flagAlloc | writable);
    if (!isData) continue;
    const bytes = readSection(file, section);
    const at = bytes.indexOf(head);
    if (at < 0) continue;
    const fields = new FieldReader(bytes.subarray(at, at + recordWords * 8), true);
    const words = Array.from({ length: recordWords }, (_, i) => fields.u64(i * 8));
    return new Set(words.filter((word) => word !== 0));
  }
  return new Set();
}
