import assert from 'node:assert/strict';
import { test } from 'node:test';
import { KeyedSums } from './keyed-sums.ts';

test('adds up by key, in order of first sight, also where a sum has come to nothing', () => {
  const sums = new KeyedSums();
  sums.add(5000, 2);
  sums.add(7, 3);
  sums.add(5000, -2);
  sums.add(5000, 4);
  assert.deepEqual([...sums.keys], [5000, 7]);
  assert.deepEqual([sums.at(5000), sums.at(7), sums.at(0), sums.at(9999)], [4, 3, 0, 0]);
});

test('forgets all of it, and begins anew', () => {
  const sums = new KeyedSums();
  for (let key = 0; key < 3000; key++) sums.add(key, 1);
  sums.clear();
  assert.deepEqual([[...sums.keys], sums.at(12)], [[], 0]);
  sums.add(12, 1);
  assert.deepEqual([[...sums.keys], sums.at(12)], [[12], 1]);
});
