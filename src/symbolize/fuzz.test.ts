/**
 * Hostile input: deterministic mutations of real files through every parser. None may throw, hang, or allocate more
 * than a small multiple of what the file holds. FUZZ_ROUNDS multiplies the rounds.
 */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { bufferBytes } from './byte-source.ts';
import { debugLinkOf } from './debug-files.ts';
import { displayNames } from './display-name.ts';
import { readDynamicSymbols, readThroughSegments } from './elf-dynamic.ts';
import { buildIdOf, parseElf } from './elf-file.ts';
import { readSymbols } from './elf-symbols.ts';
import { readGoProgram } from './go-program.ts';
import { JitdumpFile } from './jitdump-file.ts';
import { parseKallsyms, showsAnyAddress } from './kallsyms.ts';
import { parseMaps } from './module-memory.ts';
import { PerfMapFile } from './perf-map-file.ts';
import { demangleRustV0 } from './rust-v0.ts';
import { jitdumpDebug, jitdumpHeader, jitdumpLoad, jitdumpMove } from './test-jitdump.ts';
import { compile, makePclntab, run, temporaryFolder } from './test-programs.ts';
import { parseV8Name } from './v8-name.ts';

const rounds = Number(process.env['FUZZ_ROUNDS'] ?? 1);
const folder = temporaryFolder();

/** xorshift32: the same mutations on every run. */
function generator(seed: number): (limit: number) => number {
  let state = seed;
  return (limit) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % limit;
  };
}

const extremes = [0, 1, 0x7f, 0x80, 0xff, 0x7fffffff, 0x80000000, 0xffffffff];

/** A copy with one to eight changes; changes gather in the first kilobyte and in `hot`, where the headers are. */
function mutate(original: Buffer, random: (limit: number) => number, hot = 0): Buffer {
  const bytes = Buffer.from(original);
  for (let changes = 1 + random(8); changes > 0; changes--) {
    const place =
      [random(bytes.length), random(Math.min(1024, bytes.length)), hot + random(1024)][random(3)] ?? 0;
    const at = Math.min(place, bytes.length - 1);
    const kind = random(4);
    if (kind === 0) bytes[at] = random(256);
    else if (kind === 1 && at + 4 <= bytes.length)
      bytes.writeUInt32LE(extremes[random(extremes.length)] ?? 0, at);
    else if (kind === 2 && at + 4 <= bytes.length) bytes.writeUInt32LE(random(2 ** 31), at);
    else bytes.copyWithin(at, random(bytes.length), random(bytes.length));
  }
  return random(10) === 0 ? bytes.subarray(0, 1 + random(bytes.length)) : bytes;
}

const maxGrowthBytes = 64 << 20;

/** Runs `parse` on mutations of `original` and watches the memory outside of the heap. */
function fuzz(original: Buffer, count: number, hot: number, parse: (bytes: Buffer) => void): void {
  const random = generator(0x5eed);
  const before = process.memoryUsage().arrayBuffers;
  for (let round = 0; round < count * rounds; round++) {
    const bytes = mutate(original, random, hot);
    try {
      parse(bytes);
    } catch (error) {
      const file = path.join(folder, 'crash');
      fs.writeFileSync(file, bytes);
      throw new Error(`round ${round}: ${error instanceof Error ? error.stack : error}`);
    }
    const growth = process.memoryUsage().arrayBuffers - before;
    assert.ok(growth < maxGrowthBytes + bytes.length * 100, `round ${round}: ${growth} bytes`);
  }
}

function parseWholeElf(bytes: Buffer): void {
  const file = parseElf(bufferBytes(bytes));
  if (file === undefined) return;
  buildIdOf(file);
  debugLinkOf(file);
  for (const table of ['symtab', 'dynsym'] as const) {
    const source = readSymbols(file, table);
    for (let address = 0; address < 0x5000; address += 0x111) source?.find(address, address & ~0xff);
  }
  const dynamic = readDynamicSymbols(file, readThroughSegments(file), 0);
  for (let address = 0; address < 0x5000; address += 0x111) dynamic?.find(address, address);
  const go = readGoProgram(file);
  for (let address = 0x400000; address < 0x403000; address += 0x123) {
    go?.find(address, 0);
    go?.placesAt(address);
  }
}

test('ELF files: symbols, build id, debug link', () => {
  const program = compile(
    folder,
    'victim.c',
    '#include <stdio.h>\nint main(void) { return puts("x"); }',
    '-g',
  );
  run('objcopy', '--only-keep-debug', program, `${program}.debug`);
  run('objcopy', `--add-gnu-debuglink=${program}.debug`, program);
  const bytes = fs.readFileSync(program);
  const sectionHeaders = Number(bytes.readBigUInt64LE(40));
  fuzz(bytes, 4000, sectionHeaders, parseWholeElf);
});

for (const magic of [0xfffffff0, 0xfffffff1, 0xfffffffa] as const) {
  test(`Go tables ${magic.toString(16)}`, () => {
    const functions = Array.from({ length: 50 }, (_, i) => ({ offset: i * 16, name: `main.f${i}` }));
    const table = path.join(folder, `pclntab-${magic}`);
    fs.writeFileSync(table, makePclntab({ magic, textStart: 0x401000, end: 800, functions }));
    const program = compile(folder, `go-${magic}.c`, 'int main(void) { return 0; }');
    run('objcopy', `--add-section=.gopclntab=${table}`, program);
    const bytes = fs.readFileSync(program);
    fuzz(bytes, 1000, bytes.indexOf(fs.readFileSync(table).subarray(0, 8)), parseWholeElf);
  });
}

test('kallsyms', () => {
  const lines = Array.from(
    { length: 200 },
    (_, i) => `${(0xffffffff81000000n + BigInt(i * 64)).toString(16)} T f${i}${i % 9 === 0 ? '\t[m]' : ''}\n`,
  );
  fuzz(
    Buffer.from(`ffffffff81000000 T _stext\n${lines.join('')}ffffffff81100000 T _etext\n`),
    1500,
    0,
    (bytes) => {
      showsAnyAddress(bytes);
      const { table } = parseKallsyms(bytes);
      for (let i = 0n; i < 20n; i++) table?.find(0xffffffff81000000n + i * 777n);
    },
  );
});

test('perf maps, followed while they are rewritten', () => {
  const file = path.join(folder, 'tmp', 'perf-9.map');
  fs.mkdirSync(path.dirname(file));
  const trustedUids = new Set([process.getuid?.() ?? 0]);
  const target = { ownPid: 9, trustedUids, rootPath: folder, seenMs: 0, close: () => {} };
  const map = new PerfMapFile(target, () => {});
  const lines = Array.from(
    { length: 100 },
    (_, i) => `${(0x7000 + i * 48).toString(16)} 40 JS:*f${i} file.js:${i}\n`,
  );
  fuzz(Buffer.from(lines.join('')), 1000, 0, (bytes) => {
    fs.writeFileSync(file, bytes);
    map.refresh();
    for (let address = 0x7000; address < 0x8000; address += 97) map.find(address, 1);
  });
  map.close();
});

test('jitdumps, followed while they are rewritten', () => {
  const file = path.join(folder, 'jit-9.dump');
  const trustedUids = new Set([process.getuid?.() ?? 0]);
  const target = { ownPid: 9, trustedUids, rootPath: '', seenMs: 0, close: () => {} };
  const dump = new JitdumpFile(target, () => {});
  const records = Array.from({ length: 40 }, (_, i) => {
    const address = 0x7000 + i * 48;
    const lines = [[address, i, '/srv/a.lua'] as const, [address + 8, i + 1, ''] as const];
    return Buffer.concat([
      jitdumpDebug(address, lines),
      jitdumpLoad({ pid: 9, address, size: 40, name: `f${i}` }),
      jitdumpMove({ pid: 9, from: address, to: address + 0x1000, size: 40 }),
    ]);
  });
  fuzz(Buffer.concat([jitdumpHeader({ pid: 9 }), ...records]), 1000, 0, (bytes) => {
    fs.writeFileSync(file, bytes);
    dump.open(file, [{ path: file }]);
    dump.refresh();
    for (let address = 0x7000; address < 0x9000; address += 197) {
      dump.find(address, 1);
      dump.lineAt(address);
    }
  });
  dump.close();
});

test('names: what V8 calls its code', () => {
  for (const name of [
    "JS:o+'get size /srv/a b/shares.cjs:6:14",
    'Eval:~ node:internal/fs:1:1',
    "RegExp.> src: 'a+b'",
  ])
    fuzz(Buffer.from(name), 3000, 0, (bytes) => {
      const found = parseV8Name(bytes.toString('utf8'));
      assert.ok(found === undefined || Number.isInteger(found.line));
    });
});

test('names: Rust v0, Itanium clean-up', () => {
  const names = [
    '_RINvCsfR0mDMF9Mhf_11rustc_arena7outlineNCINvMs6_B2_NtB2_13DroplessArena15alloc_from_iterNtB2_2TyAB1o_j1_E0QSB1o_EB2_',
    '_RIC3fooKVNtC3std4UnitUKVNtC3std4PairThb_EFG_RL0_hEuDNtC3std4SendEL_E',
    '_RNqCs4fqI2P2rA04_11utf8_identsu30____7hkackfecea1cbdathfdh9hlq6y',
  ];
  for (const name of names) {
    fuzz(Buffer.from(name), 5000, 2, (bytes) => {
      const text = `_R${bytes.toString('latin1', 2)}`;
      assert.ok(demangleRustV0(text).length <= Math.max(text.length, 8192));
      displayNames([text, `_ZN4core${text}17h0123456789abcdefE.cold`], (batch) => batch);
    });
  }
});

test('maps', () => {
  fuzz(fs.readFileSync('/proc/self/maps'), 200, 0, (bytes) => {
    for (const row of parseMaps(bytes.toString('utf8'))) assert.ok(Number.isFinite(row.start));
  });
});
