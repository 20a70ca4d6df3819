import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HistoryCache } from './history-cache.ts';

const oneSecond = (out: Float64Array): number => {
  out[0] = (out[0] ?? 0) + 1e9;
  return 1;
};

test('what is asked for again and again is read once a round', () => {
  const cache = new HistoryCache();
  let reads = 0;
  const sum = (out: Float64Array): number => {
    reads++;
    return oneSecond(out);
  };
  for (let round = 0; round < 3; round++) {
    for (let frame = 0; frame < 4; frame++) assert.equal(cache.read(7, sum)[0], 1e9);
    cache.refresh();
  }
  assert.equal(reads, 3);
});

test('rows that come and go: after many rounds no more is held than after two', () => {
  const cache = new HistoryCache();
  const round = (first: number): number => {
    for (let key = first; key < first + 40; key++) cache.read(key, oneSecond);
    cache.refresh();
    return cache.size;
  };
  round(0);
  const afterTwo = round(40);
  for (let at = 2; at < 200; at++) round(at * 40);
  assert.equal(cache.size, afterTwo);
});

test('without room to read all, what was known is shown until it is its turn', () => {
  const cache = new HistoryCache();
  const large = (out: Float64Array): number => {
    oneSecond(out);
    return 100_000;
  };
  cache.read(1, large);
  assert.equal(cache.read(2, oneSecond)[0], 0, 'no room in this frame');
  cache.beginFrame();
  assert.equal(cache.read(2, oneSecond)[0], 1e9);
  assert.equal(cache.read(1, large)[0], 1e9);
});
