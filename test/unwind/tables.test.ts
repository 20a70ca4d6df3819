/**
 * Compiled tables against look-ups through .eh_frame_hdr, on random addresses of real files; and files made to cost
 * much, which must be cut short.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { elfWithFunctions } from './hostile-elf.ts';
import { hasTools, replay, workFolder } from './replay.ts';

/** Files this very process runs: node itself, libc, the dynamic linker, libstdc++ where it is a library. */
const mapped = new Set(
  readFileSync('/proc/self/maps', 'utf8')
    .split('\n')
    .filter((line) => / r-xp /.test(line) && line.includes(' /'))
    .map((line) => line.slice(line.indexOf('/'))),
);

function figuresOf(path: string): Readonly<Record<string, number>> {
  const words = (replay(['tables', path])[0] ?? '').slice(path.length + 1).split(' ');
  const pairs = words.flatMap((word, index) =>
    index % 2 === 0 ? [[word, Number(words[index + 1])] as const] : [],
  );
  return Object.fromEntries(pairs);
}

for (const path of mapped) {
  test(`tables and slow look-ups agree on ${path}`, () => {
    const figures = figuresOf(path);
    assert.equal(figures['compared'], 100_000);
    assert.equal(figures['differences'], 0);
    assert.equal(figures['overflow'], 0);
    assert.ok((figures['functions'] ?? 0) > 0);
  });
}

test('tables and slow look-ups agree on the assembler of libcrypto', (t) => {
  if (!hasTools(t, 'openssl')) return;
  const libraries = execFileSync('ldd', ['/usr/bin/openssl'], { encoding: 'utf8' });
  const path = /=> (\S*libcrypto\S*)/.exec(libraries)?.[1];
  assert.ok(path, libraries);
  assert.equal(figuresOf(path)['differences'], 0);
});

test('a table costs about ten bytes a row at most', () => {
  const { bytes = 0, rows = 0 } = figuresOf(process.execPath);
  assert.ok(rows > 100_000, `${rows} rows`);
  assert.ok(bytes / rows < 10, `${bytes} bytes for ${rows} rows`);
});

function hostileFigures(name: string, file: Buffer): Readonly<Record<string, number>> {
  const path = join(workFolder, name);
  writeFileSync(path, file);
  return figuresOf(path);
}

/** A rule of its own for each index: the CFA by an expression of 200 bytes. */
function expressionRule(index: number): Buffer {
  const bytes = Buffer.alloc(203, 0x22);
  for (let i = 4; i < 203; i += 2) bytes[i] = 0x30;
  bytes.set([0x0f, 0xc8, 1]);
  bytes.set([0x77, 0x80 | (index & 0x7f), 0x80 | ((index >> 7) & 0x7f), (index >> 14) & 0x3f, 0x06], 3);
  return bytes;
}

// Each expression was once looked for in all the others: this file took longer than a profiler is run.
test('tens of thousands of different CFA expressions are a table like any other', () => {
  const functions = Array.from({ length: 60_000 }, (_, i) => ({ cie: 0, program: expressionRule(i) }));
  const figures = hostileFigures('expressions.elf', elfWithFunctions(1, functions));
  assert.equal(figures['functions'], 60_000);
  assert.equal(figures['rules'], 60_001);
  assert.equal(figures['overflow'], 0);
  assert.equal(figures['differences'], 0);
});

test('more rules than a row can number are left out and counted', () => {
  const functions = Array.from({ length: 70_000 }, (_, i) => ({ cie: 0, program: expressionRule(i) }));
  const figures = hostileFigures('overflow.elf', elfWithFunctions(1, functions));
  assert.equal(figures['rules'], 65_535);
  assert.equal(figures['overflow'], 70_000 - 65_534);
});

test('of tens of thousands of CIEs the first are read', () => {
  const functions = Array.from({ length: 40_000 }, (_, i) => ({ cie: i, program: Buffer.alloc(0) }));
  assert.equal(hostileFigures('cies.elf', elfWithFunctions(40_000, functions))['functions'], 16_384);
});
