/** Compiled tables against look-ups through .eh_frame_hdr, on random addresses of real files. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { hasTools, replay } from './replay.ts';

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
