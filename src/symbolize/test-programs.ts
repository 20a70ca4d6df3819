/**
 * For the tests of this folder: temporary folders, programs compiled on the spot, and what binutils say of them.
 * No part of the profiler.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, type TestContext } from 'node:test';
import { fileBytes } from './byte-source.ts';
import { type ElfFile, parseElf } from './elf-file.ts';

/** A folder that is gone when the test file ends. */
export function temporaryFolder(): string {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'symbolize-test-'));
  after(() => fs.rmSync(folder, { recursive: true, force: true }));
  return folder;
}

export function run(command: string, ...args: readonly string[]): string {
  return execFileSync(command, args, {
    encoding: 'utf8',
    maxBuffer: 1 << 28,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

/** Compiles one C or assembler source. @returns the path of the program */
export function compile(
  folder: string,
  fileName: string,
  source: string,
  ...flags: readonly string[]
): string {
  const input = path.join(folder, fileName);
  const output = input.replace(/\.\w+$/, '');
  fs.writeFileSync(input, source);
  run('gcc', ...flags, '-o', output, input);
  return output;
}

/** Opens an ELF file for the rest of the test process. */
export function openElf(filePath: string): ElfFile {
  const file = parseElf(fileBytes(fs.openSync(filePath, 'r')));
  if (file === undefined) throw new Error(`${filePath} is no ELF file`);
  return file;
}

/** A process that prints when it is ready and waits for its input; ended after the test. */
export async function startTarget(
  t: TestContext,
  command: string,
  ...args: readonly string[]
): Promise<ChildProcess> {
  const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'] });
  t.after(() => child.kill('SIGKILL'));
  await once(child.stdout, 'data');
  return child;
}

export interface ReadelfSymbol {
  readonly address: number;
  readonly size: number;
  readonly type: string;
  readonly name: string;
}

/** What `readelf -sW` prints, without versions. */
export function readelfSymbols(filePath: string, table: '.symtab' | '.dynsym'): ReadelfSymbol[] {
  const listing = run('readelf', '-sW', filePath);
  const start = listing.indexOf(`Symbol table '${table}'`);
  if (start < 0) return [];
  const end = listing.indexOf('Symbol table ', start + 1);
  const symbols: ReadelfSymbol[] = [];
  for (const line of listing.slice(start, end < 0 ? undefined : end).split('\n')) {
    const match = /^\s*\d+: ([0-9a-f]+)\s+(\S+) (\w+)\s+\w+\s+\w+\s+(\w+) (\S+)/.exec(line);
    if (match === null || match[4] === 'UND') continue;
    symbols.push({
      address: Number.parseInt(match[1] as string, 16),
      size: Number(match[2]),
      type: match[3] as string,
      name: (match[5] as string).replace(/@.*$/, ''),
    });
  }
  return symbols;
}

export interface PclntabRecipe {
  readonly magic: 0xfffffff0 | 0xfffffff1 | 0xfffffffa;
  readonly textStart: number;
  /** Offset of the end of the last function. */
  readonly end: number;
  readonly functions: readonly { readonly offset: number; readonly name: string }[];
}

/** A `.gopclntab` as the Go linker lays it out: header, names, function table, function records. */
export function makePclntab({ magic, textStart, end, functions }: PclntabRecipe): Buffer {
  const isOld = magic === 0xfffffffa;
  const word = isOld ? 8 : 4;
  const namesAt = 72;
  const names = Buffer.from(functions.map(({ name }) => `${name}\0`).join(''));
  const tableAt = namesAt + names.length;
  const recordsAt = (functions.length * 2 + 1) * word;
  const bytes = Buffer.alloc(tableAt + recordsAt + functions.length * (word + 4));
  const put = (at: number, value: number, size: number): void => {
    if (size === 8) bytes.writeBigUInt64LE(BigInt(value), at);
    else bytes.writeUInt32LE(value, at);
  };
  put(0, magic, 4);
  bytes.set([1, 8], 6);
  put(8, functions.length, 8);
  if (!isOld) put(24, textStart, 8);
  put(isOld ? 24 : 32, namesAt, 8);
  put(isOld ? 56 : 64, tableAt, 8);
  names.copy(bytes, namesAt);
  const entry = (offset: number): number => (isOld ? textStart + offset : offset);
  let nameOffset = 0;
  for (const [i, { offset, name }] of functions.entries()) {
    const record = recordsAt + i * (word + 4);
    put(tableAt + i * 2 * word, entry(offset), word);
    put(tableAt + (i * 2 + 1) * word, record, word);
    put(tableAt + record, entry(offset), word);
    put(tableAt + record + word, nameOffset, 4);
    nameOffset += Buffer.byteLength(name) + 1;
  }
  put(tableAt + functions.length * 2 * word, entry(end), word);
  return bytes;
}
