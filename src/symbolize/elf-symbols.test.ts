/** ELF symbol tables against readelf and addr2line, and the rules: size, aliases, labels, nesting. */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import test from 'node:test';
import { type ByteSource, fileBytes } from './byte-source.ts';
import { elf, parseElf } from './elf-file.ts';
import { readSymbols } from './elf-symbols.ts';
import {
  compile,
  openElf,
  type ReadelfSymbol,
  readelfSymbols,
  run,
  temporaryFolder,
} from './test-programs.ts';

const libc = '/lib/x86_64-linux-gnu/libc.so.6';
const folder = temporaryFolder();

function byAddress(symbols: readonly ReadelfSymbol[]): Map<number, ReadelfSymbol[]> {
  const map = new Map<number, ReadelfSymbol[]>();
  for (const symbol of symbols) map.set(symbol.address, [...(map.get(symbol.address) ?? []), symbol]);
  return map;
}

function functionsOf(symbols: readonly ReadelfSymbol[]): ReadelfSymbol[] {
  return symbols.filter(({ type, address }) => (type === 'FUNC' || type === 'IFUNC') && address !== 0);
}

/** Every sized function, at its first and its last byte: the innermost symbol that covers it, by readelf's listing. */
function checkAllFunctions(filePath: string, table: '.symtab' | '.dynsym'): number {
  const symbols = functionsOf(readelfSymbols(filePath, table)).filter(({ size }) => size > 0);
  const source = readSymbols(openElf(filePath), table === '.symtab' ? 'symtab' : 'dynsym');
  assert.ok(source);
  const names = byAddress(symbols);
  const starts = [...names.keys()].sort((a, b) => a - b);
  const longest = Math.max(...symbols.map(({ size }) => size));
  for (const [at, start] of starts.entries()) {
    const own = names.get(start) ?? [];
    const end = start + Math.max(...own.map(({ size }) => size));
    for (const address of [start, end - 1]) {
      let inner = at;
      while ((starts[inner + 1] ?? Number.POSITIVE_INFINITY) <= address) inner++;
      const covers = (i: number): boolean =>
        (names.get(starts[i] as number) ?? []).some((s) => address < s.address + s.size);
      while (!covers(inner) && address - (starts[inner] as number) <= longest) inner--;
      const expected = (names.get(starts[inner] as number) ?? []).map(({ name }) => name);
      const found = source.find(address, start);
      assert.ok(
        found !== undefined && expected.includes(found),
        `${address.toString(16)}: ${found} not in ${expected}`,
      );
    }
  }
  return starts.length;
}

test('node: every function of .symtab is named as readelf lists it', () => {
  assert.ok(checkAllFunctions(process.execPath, '.symtab') > 10_000);
});

test('libc: every function of .dynsym is named as readelf lists it', () => {
  assert.ok(checkAllFunctions(libc, '.dynsym') > 1000);
});

test('node: of its 99 MB only headers and two tables are read', () => {
  const whole = fileBytes(fs.openSync(process.execPath, 'r'));
  let bytesRead = 0;
  const counted: ByteSource = {
    size: whole.size,
    read: (offset, length) => {
      const bytes = whole.read(offset, length);
      bytesRead += bytes.length;
      return bytes;
    },
  };
  const file = parseElf(counted) ?? assert.fail('not ELF');
  const tables = file.sections.filter(({ type }) => type === elf.sectionSymtab);
  const wanted = tables.reduce((sum, table) => sum + table.size + (file.sections[table.link]?.size ?? 0), 0);
  assert.ok(readSymbols(file, 'symtab'));
  assert.ok(bytesRead < wanted + 65536, `${bytesRead} bytes read, the tables have ${wanted}`);
});

test('names that stay in the file are those that are read with the table', () => {
  const long = `f_${'long_'.repeat(200)}`;
  const source = `int ${long}(void) { return 1; }\nint main(void) { return ${long}(); }\n`;
  for (const file of [openElf(process.execPath), openElf(compile(folder, 'long-name.c', source))]) {
    const whole = readSymbols(file, 'symtab') ?? assert.fail('no symbols');
    const asked = readSymbols(file, 'symtab', { staysOpen: true }) ?? assert.fail('no symbols');
    const { address, size } =
      file.sections.find(({ name }) => name === '.text') ?? assert.fail('no section .text');
    const found = new Set<string | undefined>();
    const step = Math.max(1, Math.floor(size / 20_000));
    for (let at = address; at < address + size; at += step) {
      assert.equal(asked.find(at, 0), whole.find(at, 0));
      found.add(whole.find(at, 0));
    }
    assert.ok(found.size > 1000 || found.has(long), `${found.size} names`);
  }
});

test('node: random symbols agree with addr2line', () => {
  const names = byAddress(functionsOf(readelfSymbols(process.execPath, '.symtab')));
  const sized = [...names.values()].flat().filter(({ size }) => size > 8);
  const picked = Array.from({ length: 500 }, (_, i) => sized[(i * 7919) % sized.length] as ReadelfSymbol);
  const addresses = picked.map(({ address }) => `0x${(address + 4).toString(16)}`);
  const lines = run('addr2line', '-f', '-e', process.execPath, ...addresses).split('\n');
  const source = readSymbols(openElf(process.execPath), 'symtab');
  let agreed = 0;
  for (const [i, symbol] of picked.entries()) {
    const oracle = lines[i * 2] as string;
    const aliases = (names.get(symbol.address) ?? []).map(({ name }) => name);
    // Where node carries DWARF of other libraries, addr2line says the plain function name.
    if (!aliases.includes(oracle)) continue;
    agreed++;
    assert.ok(aliases.includes(source?.find(symbol.address + 4, symbol.address) ?? ''), symbol.name);
  }
  assert.ok(agreed > 450, `addr2line named ${agreed} of 500 by symbol`);
});

const assembler = `
  .text
  .globl sized_function, unsized_function, __alias_b, alias_a, last_unsized
  .type sized_function, @function
sized_function:
  nop
inner_label:
  nop
  nop
  .size sized_function, . - sized_function
  .fill 13, 1, 0x90
  .type unsized_function, @function
unsized_function:
  nop
  nop
  nop
  nop
label_after:
  nop
  .type __alias_b, @function
  .type alias_a, @function
__alias_b:
alias_a:
label_here:
  ret
  .size __alias_b, 1
  .size alias_a, 1
  .type outer, @function
outer:
  nop
  nop
  .type nested, @function
nested:
  nop
  nop
  .size nested, 2
  nop
  nop
  .size outer, 6
  .type last_unsized, @function
last_unsized:
  ret
`;

function assembled() {
  const program = compile(folder, 'rules.s', assembler, '-nostdlib', '-static', '-Wl,-e,sized_function');
  const addresses = new Map(readelfSymbols(program, '.symtab').map(({ name, address }) => [name, address]));
  const symbols = readSymbols(openElf(program), 'symtab');
  assert.ok(symbols);
  return {
    find: (label: string, offset = 0, functionStart = 0) =>
      symbols.find((addresses.get(label) ?? assert.fail(label)) + offset, functionStart),
    address: (label: string): number => addresses.get(label) ?? assert.fail(label),
  };
}

test('size: a label inside a sized function is that function; the gap behind it has no name', () => {
  const { find } = assembled();
  assert.equal(find('sized_function'), 'sized_function');
  assert.equal(find('inner_label'), 'sized_function');
  assert.equal(find('inner_label', 1), 'sized_function');
  assert.equal(find('sized_function', 3), undefined);
});

test('size 0: reaches to the next symbol, the last one to the end of its section', () => {
  const { find } = assembled();
  assert.equal(find('unsized_function', 3), 'unsized_function');
  assert.equal(find('label_after'), 'label_after');
  assert.equal(find('last_unsized', 0), 'last_unsized');
  assert.equal(find('last_unsized', 1), undefined);
});

test('size 0: does not reach into another function start', () => {
  const { find, address } = assembled();
  assert.equal(find('unsized_function', 3, address('unsized_function') + 2), undefined);
  assert.equal(find('unsized_function', 3, address('unsized_function')), 'unsized_function');
});

test('aliases: functions before labels, then fewest underscores', () => {
  assert.equal(assembled().find('label_here'), 'alias_a');
});

test('nested symbols: the inner one in its range, the outer one on both sides', () => {
  const { find } = assembled();
  const around = [0, 1, 2, 3, 4, 5].map((offset) => find('outer', offset));
  assert.deepEqual(around, ['outer', 'outer', 'nested', 'nested', 'outer', 'outer']);
});

test('libc: read is called read, not __read', () => {
  const source = readSymbols(openElf(libc), 'dynsym');
  for (const wanted of ['read', 'write', 'open', 'poll', 'malloc', 'nanosleep']) {
    const address = readelfSymbols(libc, '.dynsym').find(({ name }) => name === wanted)?.address ?? 0;
    assert.equal(source?.find(address, address), wanted);
  }
});

test('suffixes of the compiler stay, symbol versions go', () => {
  const program = compile(
    folder,
    'suffix.s',
    `.text
     .globl main
     .type main, @function
main: ret
     .size main, 1
     .type "work.constprop.0", @function
"work.constprop.0": ret
     .size "work.constprop.0", 1
     .type "old_read@GLIBC_2.2.5", @function
"old_read@GLIBC_2.2.5": ret
     .size "old_read@GLIBC_2.2.5", 1
     .type "work.cold", @function
"work.cold": ret
     .size "work.cold", 1`,
    '-c',
  );
  const linked = compile(
    folder,
    'suffix-main.s',
    '.globl _start\n_start: ret',
    '-nostdlib',
    '-static',
    '-x',
    'none',
    program,
  );
  const source = readSymbols(openElf(linked), 'symtab');
  const main = readelfSymbols(linked, '.symtab').find(({ name }) => name === 'main')?.address ?? 0;
  const found = [0, 1, 2, 3].map((offset) => source?.find(main + offset, 0));
  assert.deepEqual(found, ['main', 'work.constprop.0', 'old_read', 'work.cold']);
});

test('32-bit programs: names come from Elf32 tables', (t) => {
  const source = '.text\n.globl _start\n.type _start, @function\n_start: ret\n.size _start, 1\n';
  let program: string;
  try {
    program = compile(folder, 'narrow.s', source, '-m32', '-nostdlib', '-static');
  } catch (error) {
    if (process.env['CI'] !== undefined) throw error;
    return t.skip('needs gcc -m32 (Debian: gcc-multilib)');
  }
  const start = readelfSymbols(program, '.symtab').find(({ name }) => name === '_start')?.address ?? 0;
  assert.equal(readSymbols(openElf(program), 'symtab')?.find(start, 0), '_start');
});
