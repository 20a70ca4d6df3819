/**
 * The dynamic symbol table found without section headers: through PT_DYNAMIC, as the loader does. For images that
 * exist only in process memory (a library that was replaced while mapped) and files whose section headers were cut.
 */
import { type ElfFile, elf, FieldReader } from './elf-file.ts';
import { type SymbolSource, symbolsFromBytes } from './elf-symbols.ts';
import { stringsIn } from './symbol-table.ts';

const tagHash = 4;
const tagStrings = 5;
const tagSymbols = 6;
const tagStringsSize = 10;
const tagGnuHash = 0x6ffffef5;
const symbolBytes = 24;
/** A loaded library exports some thousands; a table that claims more is damaged. */
const maxDynamicSymbols = 1 << 20;

/** Reads at a virtual address; less than asked for where nothing is. */
export type ReadAt = (address: number, length: number) => Buffer;

/** Of a file: through the segment that holds the address. */
export function readThroughSegments(file: ElfFile): ReadAt {
  return (address, length) => {
    const holder = file.segments.find(
      (segment) =>
        segment.type === elf.segmentLoad &&
        address >= segment.address &&
        address < segment.address + segment.fileSize,
    );
    if (holder === undefined) return Buffer.alloc(0);
    const offset = address - holder.address;
    return file.source.read(holder.offset + offset, Math.min(length, holder.fileSize - offset));
  };
}

function dynamicTags(file: ElfFile, readAt: ReadAt): Map<number, number> {
  const tags = new Map<number, number>();
  const segment = file.segments.find(({ type }) => type === elf.segmentDynamic);
  if (segment === undefined || !file.is64) return tags;
  const table = new FieldReader(readAt(segment.address, Math.min(segment.memorySize, 65536)), true);
  for (let at = 0; at < segment.memorySize; at += 16) {
    const tag = table.u64(at);
    if (tag === 0) break;
    tags.set(tag, table.u64(at + 8));
  }
  return tags;
}

/** DT_GNU_HASH states no count: the last chain of the highest bucket ends at the last symbol. */
function countByGnuHash(readAt: ReadAt, address: number): number {
  const header = new FieldReader(readAt(address, 16), true);
  const buckets = Math.min(header.u32(0), maxDynamicSymbols);
  const firstHashed = header.u32(4);
  const bucketsAt = address + 16 + header.u32(8) * 8;
  const bucketBytes = readAt(bucketsAt, buckets * 4);
  const table = new FieldReader(bucketBytes, true);
  let last = 0;
  for (let at = 0; at < bucketBytes.length; at += 4) last = Math.max(last, table.u32(at));
  if (last < firstHashed || last >= maxDynamicSymbols) return 0;
  const chainAt = bucketsAt + buckets * 4 + (last - firstHashed) * 4;
  const chain = readAt(chainAt, 65536);
  for (let at = 0; at + 4 <= chain.length; at += 4, last++) {
    if ((chain.readUInt32LE(at) & 1) === 1) return last + 1;
  }
  return 0;
}

/**
 * @param base what the loader added to the addresses of the dynamic section; 0 for a file
 * @returns `undefined` when there is no dynamic symbol table
 */
export function readDynamicSymbols(file: ElfFile, readAt: ReadAt, base: number): SymbolSource | undefined {
  const tags = dynamicTags(file, readAt);
  // glibc relocates these values in place, other loaders do not (elf/get-dynamic-info.h).
  const addressOf = (tag: number): number => {
    const value = tags.get(tag) ?? 0;
    return base > 0 && value >= base ? value - base : value;
  };
  const symbolsAt = addressOf(tagSymbols);
  const stringsAt = addressOf(tagStrings);
  if (symbolsAt === 0 || stringsAt === 0) return undefined;
  const count = tags.has(tagHash)
    ? new FieldReader(readAt(addressOf(tagHash), 8), true).u32(4)
    : countByGnuHash(readAt, addressOf(tagGnuHash));
  const symbols = readAt(symbolsAt, Math.min(count, maxDynamicSymbols) * symbolBytes);
  const strings = readAt(stringsAt, Math.min(tags.get(tagStringsSize) ?? 0, 1 << 28));
  if (symbols.length === 0 || strings.length === 0) return undefined;
  // What was not read by section headers has none to trust: in memory, other bytes lie in their place.
  return symbolsFromBytes({ ...file, sections: [] }, symbols, stringsIn(strings), true);
}
