/**
 * A sorted symbol table: ELF `.symtab` or `.dynsym` in, function name of an address out. Keeps addresses in typed
 * arrays and names in the file's own string table. A symbol names only what its size covers: in a stripped program
 * the nearest lower symbol is the wrong one half of the time.
 */
import { type ElfFile, elf, isExecutable, readSection } from './elf-file.ts';
import { lastAtOrBelow } from './sorted-search.ts';
import { compareAliases, type NamedSymbol } from './symbol-choice.ts';
import {
  indexBits,
  maxSymbols,
  type StringTable,
  SymbolTable,
  stringsIn,
  stringsOf,
} from './symbol-table.ts';

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

/** More names on one address are not weighed: real ones stay under 20, a hostile file may have millions. */
const maxAliases = 64;
const typeNone = 0;
const typeFunction = 2;
const typeIndirectFunction = 10;
const firstReservedSection = 0xff00;
const extendedSection = 0xffff;

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
function sectionEndOf(kind: number, ends: Float64Array): number {
  const type = kind & 15;
  if (type !== typeFunction && type !== typeIndirectFunction && type !== typeNone) return 0;
  const section = kind >>> 16;
  if (section === 0) return 0;
  // Without section headers (process memory) or with an extended index the section is not known.
  if (ends.length === 0 || section === extendedSection) return Number.POSITIVE_INFINITY;
  return section >= firstReservedSection ? 0 : (ends[section] ?? 0);
}

/**
 * Symbol indexes in order of address. Keys are (address - base) << 24 | index in a BigUint64Array, written as two
 * 32-bit halves: the native sort takes 10 ms for 85,000 symbols, a comparator ten times as long.
 */
function sortByAddress(table: SymbolTable, ends: Float64Array, base: number): Uint32Array {
  const keys = new Uint32Array(table.length * 2);
  let count = 0;
  for (let i = 0; i < table.length; i++) {
    if (sectionEndOf(table.kind(i), ends) === 0) continue;
    const address = table.address(i);
    const relative = address - base;
    if (relative < 0 || relative >= 2 ** 40 || address === 0) continue;
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

/**
 * Groups of symbols of one address, ascending. Which alias names the group is decided when it is asked for: a
 * program of 86,000 symbols has 15,000 aliases and shows a few hundred.
 */
class SortedSymbols implements SymbolSource {
  length = 0;
  readonly #table: SymbolTable;
  readonly #strings: StringTable;
  readonly #isSparse: boolean;
  /** Symbols by address. */
  readonly #order: Uint32Array;
  readonly #starts: Float64Array;
  readonly #ends: Float64Array;
  /** The nearest earlier group that reaches further than this one, or -1. */
  readonly #enclosing: Int32Array;
  /** Where the group begins in the order. */
  readonly #first: Uint32Array;

  constructor(
    table: SymbolTable,
    order: Uint32Array,
    sectionEnds: Float64Array,
    strings: StringTable,
    isSparse: boolean,
  ) {
    this.#table = table;
    this.#strings = strings;
    this.#isSparse = isSparse;
    this.#order = order;
    this.#starts = new Float64Array(order.length);
    this.#ends = new Float64Array(order.length);
    this.#enclosing = new Int32Array(order.length);
    this.#first = new Uint32Array(order.length);
    this.#fill(sectionEnds);
    this.#linkEnclosing();
  }

  #fill(sectionEnds: Float64Array): void {
    const order = this.#order;
    let sizedEnd = 0;
    for (let first = 0, after = 0; first < order.length; first = after) {
      const leader = order[first] as number;
      const start = this.#table.address(leader);
      let size = 0;
      let next = start;
      for (after = first; next === start; next = this.#addressAt(++after)) {
        size = Math.max(size, this.#table.size(order[after] as number));
      }
      // A label inside a sized function belongs to that function.
      if (size === 0 && start < sizedEnd) continue;
      const sectionEnd = sectionEndOf(this.#table.kind(leader), sectionEnds);
      const end = Math.min(size === 0 ? next : start + size, sectionEnd);
      if (size > 0) sizedEnd = Math.max(sizedEnd, end);
      const group = this.length++;
      this.#starts[group] = start;
      this.#ends[group] = end;
      this.#first[group] = first;
    }
  }

  /** Of the symbol that is the `at`th in the order; beyond the last there is none. */
  #addressAt(at: number): number {
    const i = this.#order[at];
    return i === undefined ? Number.POSITIVE_INFINITY : this.#table.address(i);
  }

  #aliases(group: number): NamedSymbol[] {
    const aliases: NamedSymbol[] = [];
    const start = this.#starts[group] as number;
    const first = this.#first[group] as number;
    for (let at = first; at < first + maxAliases && this.#addressAt(at) === start; at++) {
      const i = this.#order[at] as number;
      const info = this.#table.kind(i) & 0xff;
      aliases.push({
        name: this.#strings(this.#table.nameOffset(i)),
        isFunction: (info & 15) !== typeNone,
        hasSize: this.#table.size(i) > 0,
        isGlobal: info >> 4 !== 0,
      });
    }
    return aliases;
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
    const aliases = this.#aliases(i);
    const isSized = aliases.some(({ hasSize }) => hasSize);
    if (!isSized && !this.#unsizedCovers(i, functionStart)) return undefined;
    const [best] = aliases.filter(({ name }) => name !== '').sort(compareAliases);
    return best && withoutVersion(best.name);
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
  strings: StringTable,
  isSparse: boolean,
): SymbolSource {
  const table = new SymbolTable(symbols, file.is64);
  const ends = codeEnds(file);
  const order = sortByAddress(table, ends, lowestAddress(file));
  return new SortedSymbols(table, order, ends, strings, isSparse);
}

export interface SymbolReading {
  /** As for `symbolsFromBytes`; that of `.dynsym` unless told. */
  readonly isSparse?: boolean;
  /** The file can be read as long as the symbols are asked for names. */
  readonly staysOpen?: boolean;
}

/** @returns `undefined` when the file has no such table or its strings are missing */
export function readSymbols(
  file: ElfFile,
  which: 'symtab' | 'dynsym',
  { isSparse = which === 'dynsym', staysOpen = false }: SymbolReading = {},
): SymbolSource | undefined {
  const type = which === 'symtab' ? elf.sectionSymtab : elf.sectionDynsym;
  const section = file.sections.find((candidate) => candidate.type === type);
  const strings = section === undefined ? undefined : file.sections[section.link];
  if (section === undefined || strings === undefined) return undefined;
  const table = readSection(file, section);
  if (table.length === 0) return undefined;
  const isReadable = staysOpen && strings.type !== elf.sectionNobits;
  const names = isReadable ? stringsOf(file, strings) : stringsIn(readSection(file, strings));
  return symbolsFromBytes(file, table, names, isSparse);
}
