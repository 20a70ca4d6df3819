import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nextRate } from './rates.ts';

test('rates step up and down, from any rate, and end at both ends', () => {
  assert.deepEqual(
    [99, 250, 19, 997].map((hz) => [nextRate(hz, -1, undefined), nextRate(hz, 1, undefined)]),
    [
      [49, 199],
      [199, 499],
      [undefined, 49],
      [499, undefined],
    ],
  );
});

test('never beyond what the kernel allows, but up to it', () => {
  assert.equal(nextRate(199, 1, 250), 250);
  assert.equal(nextRate(250, 1, 250), undefined);
  assert.equal(nextRate(499, 1, 100_000), 997);
});
