/** Symbols and their names as an ELF file has them: fields by the symbol's index, a name by its offset. */
import { type ElfFile, type ElfSection, stringAt } from './elf-file.ts';

/** Bits of an index: tables of more symbols are cut. */
export const indexBits = 24;
export const maxSymbols = 1 << indexBits;

/** A symbol's name by its offset in the string table; '' outside of it. */
export type StringTable = (offset: number) => string;

/**
 * A symbol table as the file has it, without copies: touching new memory costs more than reading it again.
 * Elf64_Sym is {name u32, info u8, other u8, shndx u16, value u64, size u64}; Elf32_Sym orders it otherwise.
 */
export class SymbolTable {
  readonly length: number;
  readonly #words: Uint32Array;
  readonly #is64: boolean;
  readonly #stride: number;

  constructor(symbols: Buffer, is64: boolean) {
    this.#is64 = is64;
    this.#stride = is64 ? 6 : 4;
    this.length = Math.min(Math.floor(symbols.length / (this.#stride * 4)), maxSymbols);
    const isAligned = symbols.byteOffset % 4 === 0;
    const bytes = isAligned ? symbols : Buffer.from(new Uint8Array(symbols).buffer);
    this.#words = new Uint32Array(bytes.buffer, bytes.byteOffset, this.length * this.#stride);
  }

  nameOffset(i: number): number {
    return this.#word(i, 0);
  }

  /** st_info, st_other and st_shndx. */
  kind(i: number): number {
    return this.#word(i, this.#is64 ? 1 : 3);
  }

  address(i: number): number {
    return this.#is64 ? this.#word(i, 2) + this.#word(i, 3) * 2 ** 32 : this.#word(i, 1);
  }

  size(i: number): number {
    return this.#is64 ? this.#word(i, 4) + this.#word(i, 5) * 2 ** 32 : this.#word(i, 2);
  }

  #word(i: number, field: number): number {
    return this.#words[i * this.#stride + field] as number;
  }
}

/** Of a table that was read whole. */
export function stringsIn(table: Buffer): StringTable {
  return (offset) => stringAt(table, offset);
}

const usualNameBytes = 256;
const longestNameBytes = 65536;

/** Of a table that stays in the file: it is the largest part of all, and few names are asked for. */
export function stringsOf({ source }: ElfFile, { offset: start, size }: ElfSection): StringTable {
  return (offset) => {
    const most = Math.min(longestNameBytes, size - offset);
    const usual = source.read(start + offset, Math.min(usualNameBytes, most));
    return stringAt(usual.includes(0) ? usual : source.read(start + offset, most), 0);
  };
}
