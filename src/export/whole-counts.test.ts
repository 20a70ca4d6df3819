import assert from 'node:assert/strict';
import { test } from 'node:test';
import { roundToCounts } from './whole-counts.ts';

test('counts: the sum is the rounded total, each within one of its weight', () => {
  let state = 42;
  const random = (): number => {
    state = (state * 1_103_515_245 + 12_345) % 2 ** 31;
    return state / 2 ** 31;
  };
  for (let round = 0; round < 200; round++) {
    const weights = Array.from({ length: Math.floor(random() * 50) }, () => random() * 1e9);
    const counts = roundToCounts(weights, 1e7);
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    assert.equal(
      counts.reduce((sum, count) => sum + count, 0),
      Math.round(total / 1e7),
    );
    counts.forEach((count, i) => {
      assert.ok(Math.abs(count - (weights[i] as number) / 1e7) <= 1);
    });
  }
});
