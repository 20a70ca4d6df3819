/** Code ranges that overlap: the later one wins, whatever the order and the batches. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { CodeIndex, type CodeRange } from './code-index.ts';

function indexOf(...batches: readonly (readonly [number, number, number])[][]): CodeIndex {
  const index = new CodeIndex();
  for (const batch of batches)
    index.add(batch.map(([start, end, line]) => ({ start, end, line, fromMs: 0 })));
  return index;
}

test('overlaps: the later line wins over what it covers, the rest of the earlier one stays', () => {
  const index = indexOf([
    [0, 100, 1],
    [40, 60, 2],
  ]);
  assert.deepEqual(
    [0, 39, 40, 59, 60, 99, 100].map((address) => index.find(address)?.line),
    [1, 1, 2, 2, 1, 1, undefined],
  );
  assert.equal(indexOf([[0, 100, 1]], [[0, 100, 2]]).find(50)?.line, 2);
  assert.equal(indexOf([[40, 60, 1]], [[0, 100, 2]]).length, 1);
});

test('overlaps: 2000 random lines in random batches give what a plain array of bytes gives', () => {
  let seed = 12345;
  const random = (limit: number): number => {
    seed = (seed * 1103515245 + 12345) % 2 ** 31;
    return seed % limit;
  };
  const truth = new Int32Array(5000).fill(-1);
  const index = new CodeIndex();
  let batch: CodeRange[] = [];
  for (let line = 0; line < 2000; line++) {
    const start = random(4800);
    const end = start + random(200);
    truth.fill(line, start, end);
    batch.push({ start, end, line, fromMs: 0 });
    if (random(10) === 0 || line === 1999) {
      index.add(batch);
      batch = [];
    }
  }
  for (let address = 0; address < truth.length; address++) {
    assert.equal(index.find(address)?.line ?? -1, truth[address], `address ${address}`);
  }
});
