import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { ByteWriter } from '../encoding/byte-writer.ts';
import { gzip } from './gzip.ts';

/** LEB128 by the book, for numbers of any size. */
function leb128(value: bigint): number[] {
  return value < 128n ? [Number(value)] : [Number(value & 127n) | 128, ...leb128(value >> 7n)];
}

test('varint: every length up to 2^53 - 1', () => {
  const values = [0, 1, 127, 128, 16_383, 16_384, 2 ** 31 - 1, 2 ** 31, 2 ** 32, 2 ** 40 + 5, 2 ** 53 - 1];
  for (const value of values) {
    const out = new ByteWriter();
    out.varint(value);
    assert.deepEqual([...out.take()], leb128(BigInt(value)), String(value));
  }
});

test('text: length in bytes, whatever the script; the buffer grows', () => {
  const out = new ByteWriter();
  const text = 'é日👩'.repeat(3000);
  out.text(text);
  const bytes = out.take();
  const size = Buffer.byteLength(text);
  const prefix = leb128(BigInt(size));
  assert.deepEqual([...bytes.subarray(0, prefix.length)], prefix);
  assert.equal(Buffer.from(bytes.subarray(prefix.length)).toString('utf8'), text);
  assert.equal(out.length, 0);
});

test('take gives a copy: what is written later does not change it', () => {
  const out = new ByteWriter();
  out.byte(1);
  const taken = out.take();
  out.byte(2);
  assert.deepEqual([...taken], [1]);
});

test('gzip: text and bytes in any mixture, across blocks, of nothing too', () => {
  const pieces = Array.from({ length: 3000 }, (_, i) =>
    i % 3 === 0 ? new Uint8Array(997).fill(i) : `${i} é `.repeat(90),
  );
  const whole = Buffer.concat(pieces.map((piece) => Buffer.from(piece as string)));
  assert(whole.length > 2 ** 21, 'several blocks');
  const packed = Array.from(gzip(pieces));
  assert(packed.length > 5, 'in pieces');
  assert(gunzipSync(Buffer.concat(packed)).equals(whole));
  assert.equal(gunzipSync(Buffer.concat(Array.from(gzip([])))).length, 0);
});
