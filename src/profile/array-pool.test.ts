import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ArrayPool } from './array-pool.ts';

const nodes = 10_000;

test('what was given back is used again, and reads as 0', () => {
  const pool = new ArrayPool();
  const first = pool.float64(nodes).fill(7);
  pool.giveBack(first);
  assert.ok(pool.freeBytes >= nodes * 8);
  const grown = pool.float64(nodes + 100);
  assert.equal(grown.buffer, first.buffer, 'a little more fits');
  assert.equal(grown.length, nodes + 100);
  assert.ok(grown.every((value) => value === 0));
  assert.equal(pool.freeBytes, 0);
  const other = pool.float64(nodes);
  assert.notEqual(other.buffer, grown.buffer, 'nothing is given to two');
});

test('arrays of other types share the memory', () => {
  const pool = new ArrayPool();
  const int32 = pool.int32(2 * nodes).fill(-1);
  pool.giveBack(int32);
  const float64 = pool.float64(nodes);
  assert.equal(float64.buffer, int32.buffer);
  assert.ok(float64.every((value) => value === 0));
});

test('lengths that are no round number get all of their length', () => {
  const pool = new ArrayPool();
  for (const length of [0, 1, 7, 1023, 1025, 33_333, 100_001]) {
    const arrays = [pool.float64(length), pool.int32(length), pool.unset.uint32(length), pool.uint8(length)];
    for (const array of arrays) assert.equal(array.length, length);
    pool.giveBack(...arrays);
    for (const array of [pool.float64(length), pool.uint8(length)]) assert.equal(array.length, length);
  }
});

test('the smallest one that is large enough is used again, but none for what is far smaller', () => {
  const pool = new ArrayPool();
  const [large, small] = [pool.float64(4 * nodes), pool.float64(2 * nodes)];
  pool.giveBack(large, small);
  assert.equal(pool.float64(1.5 * nodes).buffer, small.buffer);
  assert.notEqual(pool.float64(nodes).buffer, large.buffer);
  assert.equal(pool.float64(3 * nodes).buffer, large.buffer);
});

test('what is asked for unset is not cleared', () => {
  const pool = new ArrayPool();
  pool.giveBack(pool.float64(nodes).fill(7));
  const unset = pool.unset.float64(nodes);
  assert.equal(unset[nodes - 1], 7);
  pool.giveBack(unset);
  assert.ok(pool.float64(nodes).every((value) => value === 0));
});

test('what waits to be used again is bounded', () => {
  const pool = new ArrayPool();
  const large = Array.from({ length: 40 }, () => pool.float64(2 ** 20));
  pool.giveBack(...large);
  assert.ok(pool.freeBytes <= 150 * 2 ** 20, `${pool.freeBytes}`);
  assert.ok(pool.freeBytes > 100 * 2 ** 20, `${pool.freeBytes}`);
});
