/** xz data made by xz(1): text, runs, random bytes, many blocks; damaged and oversized data. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import test, { type TestContext } from 'node:test';
import { unpackXz } from './xz.ts';

const megabyte = 1 << 20;

function pack(t: TestContext, bytes: Buffer, ...flags: readonly string[]): Buffer | undefined {
  try {
    return execFileSync('xz', ['-c', ...flags], { input: bytes, maxBuffer: 64 * megabyte });
  } catch (error) {
    if (process.env['CI'] !== undefined) throw error;
    t.skip('needs xz (Debian: xz-utils)');
    return undefined;
  }
}

/** Bytes that do not compress, the same on every run. */
function noise(length: number): Buffer {
  let state = 1;
  return Buffer.from(
    Uint8Array.from({ length }, () => {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      return state >>> 24;
    }),
  );
}

const node = fs.readFileSync(process.execPath).subarray(0x800000, 0x800000 + megabyte / 4);
const samples: readonly (readonly [string, Buffer])[] = [
  ['nothing', Buffer.alloc(0)],
  ['one byte', Buffer.from('x')],
  ['a run', Buffer.alloc(300_000, 'ab')],
  ['machine code', node],
  ['noise, which is stored', noise(200_000)],
  [
    'noise between text',
    Buffer.concat([Buffer.alloc(5000, 'text '), noise(70_000), Buffer.alloc(5000, 'text ')]),
  ],
];

for (const [name, bytes] of samples) {
  test(`${name}: comes back as it was, with each preset and check`, (t) => {
    for (const flags of [
      ['-0'],
      ['-6'],
      ['-9e', '--check=crc32'],
      ['-6', '--check=sha256'],
      ['--check=none'],
    ]) {
      const packed = pack(t, bytes, ...flags);
      if (packed === undefined) return;
      assert.ok(unpackXz(packed, 2 * megabyte)?.equals(bytes), flags.join(' '));
    }
  });
}

test('unusual models and many blocks', (t) => {
  for (const flags of [
    ['--block-size=65536'],
    ['--lzma2=lc=0,lp=4,pb=0'],
    ['--lzma2=lc=4,lp=0,pb=4,dict=4096'],
  ]) {
    const packed = pack(t, node, ...flags);
    if (packed === undefined) return;
    assert.ok(unpackXz(packed, 2 * megabyte)?.equals(node), flags.join(' '));
  }
});

test('larger than allowed, cut, other filters, not xz: undefined', (t) => {
  const packed = pack(t, node);
  const filtered = pack(t, node, '--x86', '--lzma2');
  if (packed === undefined || filtered === undefined) return;
  assert.equal(unpackXz(packed, node.length - 1), undefined);
  assert.equal(unpackXz(packed.subarray(0, packed.length / 2), 2 * megabyte), undefined);
  assert.equal(unpackXz(filtered, 2 * megabyte), undefined);
  assert.equal(unpackXz(Buffer.from('not xz'), megabyte), undefined);
});

test('2000 mutations: no error, never more than allowed', (t) => {
  const packed = pack(t, node.subarray(0, 20_000));
  if (packed === undefined) return;
  let state = 7;
  for (let round = 0; round < 2000; round++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    const bytes = Buffer.from(packed);
    bytes[12 + ((state >>> 8) % 60)] = state >>> 24;
    bytes[state % bytes.length] = state >>> 16;
    assert.ok((unpackXz(bytes, 100_000)?.length ?? 0) <= 100_000);
  }
});
