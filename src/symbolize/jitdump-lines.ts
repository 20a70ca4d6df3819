/**
 * The line tables of a jitdump: which record describes which code, read when a line is asked for. V8 says its addresses
 * as they will be in a file made of the code, behind a header; all others say where the code is.
 */
import type { ByteSource } from './byte-source.ts';
import { type CodeLine, type LoadedCode, parseLines, parseLoadName } from './jitdump-records.ts';
import { parseV8Name } from './v8-name.ts';

export interface RecordPlace {
  readonly at: number;
  readonly totalBytes: number;
}

/** Of one function: more than this is no line table. */
const maxTableBytes = 1 << 24;
/** Their loads follow at once; threads may interleave. */
const mostWaiting = 64;
/** Of so many functions it is known where their lines are. */
const mostDescribed = 1 << 17;
const mostTables = 64;
/** v8/src/diagnostics/perf-jit.cc, `kElfHeaderSize`. */
const v8HeaderBytes = 0x40;
const nameBytes = 512;

interface Described {
  readonly code: LoadedCode;
  readonly table: RecordPlace;
}

export class JitdumpLines {
  /** By the address of code that is not loaded yet. */
  readonly #waiting = new Map<number, RecordPlace>();
  /** By the record that loads the code. */
  readonly #described = new Map<number, Described>();
  readonly #tables = new Map<number, readonly CodeLine[]>();

  clear(): void {
    this.#waiting.clear();
    this.#described.clear();
    this.#tables.clear();
  }

  /** A record describes code that is loaded next. */
  described(address: number, table: RecordPlace): void {
    this.#waiting.set(address, table);
    dropOldest(this.#waiting, mostWaiting);
  }

  loaded(load: number, code: LoadedCode): void {
    const table = this.#waiting.get(code.start);
    if (table === undefined) return;
    this.#waiting.delete(code.start);
    this.#described.set(load, { code, table });
    dropOldest(this.#described, mostDescribed);
  }

  /** The file that the code at the beginning of a function is of. */
  fileOf(source: ByteSource, load: number): string | undefined {
    return this.#tableOf(source, load)[0]?.file;
  }

  /** @param address as the record of the load has it */
  find(source: ByteSource, load: number, address: number): { file: string; line: number } | undefined {
    const found = this.#tableOf(source, load).findLast((entry) => entry.address <= address);
    return found && found.line > 0 && found.file !== '' ? { file: found.file, line: found.line } : undefined;
  }

  #tableOf(source: ByteSource, load: number): readonly CodeLine[] {
    const known = this.#tables.get(load);
    if (known !== undefined) return known;
    const described = this.#described.get(load);
    const table = described === undefined ? [] : readTable(source, load, described);
    this.#tables.set(load, table);
    dropOldest(this.#tables, mostTables);
    return table;
  }
}

function readTable(source: ByteSource, load: number, { code, table }: Described): readonly CodeLine[] {
  if (table.totalBytes > maxTableBytes) return [];
  const record = source.read(table.at, table.totalBytes);
  if (record.length < table.totalBytes) return [];
  const name = parseLoadName(source.read(load, nameBytes)) ?? '';
  const shift = parseV8Name(name) === undefined ? 0 : v8HeaderBytes;
  const lines = parseLines(record, code.start + shift, code.end + shift) ?? [];
  return lines.map((line) => ({ ...line, address: line.address - shift }));
}

function dropOldest<K, V>(map: Map<K, V>, most: number): void {
  while (map.size > most) map.delete(map.keys().next().value as K);
}
