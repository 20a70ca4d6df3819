/**
 * A sorted symbol table: ELF `.symtab` or `.dynsym` in, function name of an address out. Keeps addresses in typed
 * arrays and names in the file's own string table. A symbol names only what its size covers: in a stripped program
 * the nearest lower symbol is the wrong one half of the time.
 */
import { type ElfFile, elf, isExecutable, readSection, stringAt } from './elf-file.ts';
import { lastAtOrBelow } from './sorted-search.ts';
import { compareAliases, type NamedSymbol } from './symbol-choice.ts';

/** Anything that can name an address of one module. */
export interface SymbolSource {
  /** How many functions it knows. */
  readonly length: number;
  /**
   * @param address ELF virtual address
   * @param functionStart start of the FDE that covers it, 0 when there is none
   * @returns the raw name (may be mangled), `undefined` when no symbol covers the address
   */
  find(address: number, functionStart: number): string | undefined;
}

const indexBits = 24;
const maxSymbols = 1 << indexBits;
/** More names on one address are not weighed: real ones stay under 20, a hostile file may have millions. */
const maxAliases = 64;
const typeNone = 0;
const typeFunction = 2;
const typeIndirectFunction = 10;
const firstReservedSection = 0xff00;
const extendedSection = 0xffff;

/** The fields of a symbol table as columns: the sort and the sweep touch them some ten times per symbol. */
interface SymbolColumns {
  readonly strings: Buffer;
  readonly length: number;
  readonly nameOffset: Uint32Array;
  readonly info: Uint8Array;
  readonly section: Uint16Array;
  readonly address: Float64Array;
  readonly size: Float64Array;
}

/** Elf64_Sym is {name u32, info u8, other u8, shndx u16, value u64, size u64}; Elf32_Sym orders it otherwise. */
function readColumns(symbols: Buffer, strings: Buffer, is64: boolean): SymbolColumns {
  const length = Math.min(Math.floor(symbols.length / (is64 ? 24 : 16)), maxSymbols);
  const isAligned = symbols.byteOffset % 4 === 0;
  const bytes = isAligned ? symbols : Buffer.from(new Uint8Array(symbols).buffer);
  const words = new Uint32Array(bytes.buffer, bytes.byteOffset, length * (is64 ? 6 : 4));
  const columns: SymbolColumns = {
    strings,
    length,
    nameOffset: new Uint32Array(length),
    info: new Uint8Array(length),
    section: new Uint16Array(length),
    address: new Float64Array(length),
    size: new Float64Array(length),
  };
  const fill = is64 ? fillColumns64 : fillColumns32;
  fill(words, columns);
  return columns;
}

function fillColumns64(words: Uint32Array, columns: SymbolColumns): void {
  for (let i = 0, at = 0; i < columns.length; i++, at += 6) {
    const kind = words[at + 1] as number;
    columns.nameOffset[i] = words[at] as number;
    columns.info[i] = kind & 0xff;
    columns.section[i] = kind >>> 16;
    columns.address[i] = (words[at + 2] as number) + (words[at + 3] as number) * 2 ** 32;
    columns.size[i] = (words[at + 4] as number) + (words[at + 5] as number) * 2 ** 32;
  }
}

function fillColumns32(words: Uint32Array, columns: SymbolColumns): void {
  for (let i = 0, at = 0; i < columns.length; i++, at += 4) {
    const kind = words[at + 3] as number;
    columns.nameOffset[i] = words[at] as number;
    columns.address[i] = words[at + 1] as number;
    columns.size[i] = words[at + 2] as number;
    columns.info[i] = kind & 0xff;
    columns.section[i] = kind >>> 16;
  }
}

/** End of each code section by index; 0 for sections that hold no code. */
function codeEnds(file: ElfFile): Float64Array {
  const ends = new Float64Array(file.sections.length);
  for (const { index, flags, address, size } of file.sections) {
    const isCode =
      (flags & elf.flagExec) !== 0 || ((flags & elf.flagAlloc) !== 0 && isExecutable(file, address));
    if (isCode) ends[index] = address + size;
  }
  return ends;
}

/** Where the symbol's section ends; 0 when the symbol names no code of this file. */
function sectionEndOf(table: SymbolColumns, i: number, ends: Float64Array): number {
  const type = (table.info[i] as number) & 15;
  if (type !== typeFunction && type !== typeIndirectFunction && type !== typeNone) return 0;
  const section = table.section[i] as number;
  if (section === 0) return 0;
  // Without section headers (process memory) or with an extended index the section is not known.
  if (ends.length === 0 || section === extendedSection) return Number.POSITIVE_INFINITY;
  return section >= firstReservedSection ? 0 : (ends[section] ?? 0);
}

/**
 * Symbol indexes in order of address. Keys are (address - base) << 24 | index in a BigUint64Array, written as two
 * 32-bit halves: the native sort takes 10 ms for 85,000 symbols, a comparator ten times as long.
 */
function sortByAddress(table: SymbolColumns, ends: Float64Array, base: number): Uint32Array {
  const keys = new Uint32Array(table.length * 2);
  let count = 0;
  for (let i = 0; i < table.length; i++) {
    if (sectionEndOf(table, i, ends) === 0) continue;
    const relative = (table.address[i] as number) - base;
    if (relative < 0 || relative >= 2 ** 40 || (table.address[i] as number) === 0) continue;
    keys[count * 2] = (((relative & 0xff) << indexBits) | i) >>> 0;
    keys[count * 2 + 1] = Math.floor(relative / 2 ** 8);
    count++;
  }
  new BigUint64Array(keys.buffer, 0, count).sort();
  const order = new Uint32Array(count);
  for (let i = 0; i < count; i++) order[i] = (keys[i * 2] as number) & (maxSymbols - 1);
  return order;
}

/** `read@@GLIBC_2.2.5` in a `.symtab` is `read`. */
function withoutVersion(name: string): string {
  const at = name.indexOf('@', 1);
  return at > 0 && /^@{1,2}[A-Za-z_][\w.]*$/.test(name.slice(at)) ? name.slice(0, at) : name;
}

/** What the choice among aliases needs to know, as bits. */
const traitFunction = 1;
const traitSized = 2;
const traitGlobal = 4;

function traitsOf(info: number, size: number): number {
  const isFunction = (info & 15) !== typeNone ? traitFunction : 0;
  return isFunction | (size > 0 ? traitSized : 0) | (info >> 4 !== 0 ? traitGlobal : 0);
}

/**
 * Groups of symbols of one address, ascending. Which alias names the group is decided when it is asked for: a
 * program of 86,000 symbols has 15,000 aliases and shows a few hundred.
 */
class SortedSymbols implements SymbolSource {
  length = 0;
  readonly #strings: Buffer;
  readonly #isSparse: boolean;
  readonly #starts: Float64Array;
  readonly #ends: Float64Array;
  readonly #isUnsized: Uint8Array;
  /** The nearest earlier group that reaches further than this one, or -1. */
  readonly #enclosing: Int32Array;
  /** First and last+1 index of the group in the two columns below. */
  readonly #firstAlias: Uint32Array;
  readonly #lastAlias: Uint32Array;
  readonly #nameOffsets: Uint32Array;
  readonly #traits: Uint8Array;

  constructor(table: SymbolColumns, order: Uint32Array, sectionEnds: Float64Array, isSparse: boolean) {
    this.#strings = table.strings;
    this.#isSparse = isSparse;
    this.#starts = new Float64Array(order.length);
    this.#ends = new Float64Array(order.length);
    this.#isUnsized = new Uint8Array(order.length);
    this.#enclosing = new Int32Array(order.length);
    this.#firstAlias = new Uint32Array(order.length);
    this.#lastAlias = new Uint32Array(order.length);
    this.#nameOffsets = new Uint32Array(order.length);
    this.#traits = new Uint8Array(order.length);
    this.#fill(table, order, sectionEnds);
    this.#linkEnclosing();
  }

  #fill(table: SymbolColumns, order: Uint32Array, sectionEnds: Float64Array): void {
    let sizedEnd = 0;
    for (let first = 0, after = 0; first < order.length; first = after) {
      const leader = order[first] as number;
      const start = table.address[leader] as number;
      let size = 0;
      let next = Number.POSITIVE_INFINITY;
      for (after = first; after < order.length; after++) {
        const i = order[after] as number;
        next = table.address[i] as number;
        if (next !== start) break;
        const symbolSize = table.size[i] as number;
        size = Math.max(size, symbolSize);
        this.#nameOffsets[after] = table.nameOffset[i] as number;
        this.#traits[after] = traitsOf(table.info[i] as number, symbolSize);
      }
      if (after === order.length) next = Number.POSITIVE_INFINITY;
      // A label inside a sized function belongs to that function.
      if (size === 0 && start < sizedEnd) continue;
      const end = Math.min(size === 0 ? next : start + size, sectionEndOf(table, leader, sectionEnds));
      if (size > 0) sizedEnd = Math.max(sizedEnd, end);
      const group = this.length++;
      this.#starts[group] = start;
      this.#ends[group] = end;
      this.#isUnsized[group] = Number(size === 0);
      this.#firstAlias[group] = first;
      this.#lastAlias[group] = after;
    }
  }

  #alias(i: number): NamedSymbol {
    const traits = this.#traits[i] as number;
    return {
      name: stringAt(this.#strings, this.#nameOffsets[i] as number),
      isFunction: (traits & traitFunction) !== 0,
      hasSize: (traits & traitSized) !== 0,
      isGlobal: (traits & traitGlobal) !== 0,
    };
  }

  #nameOf(group: number): string {
    const first = this.#firstAlias[group] as number;
    const last = Math.min(this.#lastAlias[group] as number, first + maxAliases);
    let best = this.#alias(first);
    for (let i = first + 1; i < last; i++) {
      const other = this.#alias(i);
      if (best.name === '' || (other.name !== '' && compareAliases(other, best) < 0)) best = other;
    }
    return best.name;
  }

  /** Previous greater end, by a stack that lives in the links themselves: linear, whatever the input. */
  #linkEnclosing(): void {
    for (let i = 0; i < this.length; i++) {
      let outer = i - 1;
      while (outer >= 0 && (this.#ends[outer] as number) <= (this.#ends[i] as number)) {
        outer = this.#enclosing[outer] as number;
      }
      this.#enclosing[i] = outer;
    }
  }

  /** A symbol without a size reaches to the next symbol, but not out of its own FDE. */
  #unsizedCovers(i: number, functionStart: number): boolean {
    return functionStart === 0 ? !this.#isSparse : functionStart <= (this.#starts[i] as number);
  }

  find(address: number, functionStart: number): string | undefined {
    let i = lastAtOrBelow(this.#starts, this.length, address);
    while (i >= 0 && address >= (this.#ends[i] as number)) i = this.#enclosing[i] as number;
    if (i < 0) return undefined;
    if (this.#isUnsized[i] === 1 && !this.#unsizedCovers(i, functionStart)) return undefined;
    const name = this.#nameOf(i);
    return name === '' ? undefined : withoutVersion(name);
  }
}

/** Lowest address code can have: keys of the sort are relative to it. */
function lowestAddress(file: ElfFile): number {
  let lowest = Number.POSITIVE_INFINITY;
  for (const { type, address } of file.segments) {
    if (type === elf.segmentLoad) lowest = Math.min(lowest, address);
  }
  return Number.isFinite(lowest) ? lowest : 0;
}

/**
 * Builds the sorted table of one symbol section.
 * @param isSparse most functions are missing (`.dynsym`): a symbol without a size is then trusted only inside its FDE
 */
export function symbolsFromBytes(
  file: ElfFile,
  symbols: Buffer,
  strings: Buffer,
  isSparse: boolean,
): SymbolSource {
  const table = readColumns(symbols, strings, file.is64);
  const ends = codeEnds(file);
  return new SortedSymbols(table, sortByAddress(table, ends, lowestAddress(file)), ends, isSparse);
}

/**
 * @param isSparse as for `symbolsFromBytes`
 * @returns `undefined` when the file has no such table or its strings are missing
 */
export function readSymbols(
  file: ElfFile,
  which: 'symtab' | 'dynsym',
  isSparse = which === 'dynsym',
): SymbolSource | undefined {
  const type = which === 'symtab' ? elf.sectionSymtab : elf.sectionDynsym;
  const section = file.sections.find((candidate) => candidate.type === type);
  const strings = section === undefined ? undefined : file.sections[section.link];
  if (section === undefined || strings === undefined) return undefined;
  const table = readSection(file, section);
  return table.length === 0 ? undefined : symbolsFromBytes(file, table, readSection(file, strings), isSparse);
}
