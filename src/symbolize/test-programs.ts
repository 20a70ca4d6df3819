/**
 * For the tests of this folder: temporary folders, programs compiled on the spot, and what binutils say of them.
 * No part of the profiler.
 */
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after } from 'node:test';
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
