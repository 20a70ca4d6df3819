import assert from 'node:assert/strict';
import { test } from 'node:test';
import { StackWeights } from './stack-weights.ts';

/** `stack thread span: weight/samples` by row. */
const lines = (weights: StackWeights): string[] =>
  Array.from({ length: weights.length }, (_, row) => {
    const { stack, thread, span, weightNs, samples } = weights;
    return `${stack.at(row)} ${thread.at(row)} ${span.at(row)}: ${weightNs.at(row)}/${samples.at(row)}`;
  });

test('a stack has a row for each engine span that saw it, however late rows of an older one come', () => {
  const weights = new StackWeights();
  weights.add(7, 1, 0, 10, 1, 0);
  weights.add(7, 1, 3, 20, 1, 0);
  weights.add(7, 1, 0, 1, 0, 0);
  weights.add(7, 1, 2, 30, 1, 0);
  weights.add(7, 1, 2, 2, 1, 0);
  weights.add(7, 1, 1, 40, 1, 0);
  weights.add(7, 1, 3, 3, 1, 0);
  weights.add(7, 2, 3, 50, 1, 0);
  assert.deepEqual(lines(weights), [
    '7 1 0: 11/1',
    '7 1 3: 23/2',
    '7 1 2: 32/2',
    '7 1 1: 40/1',
    '7 2 3: 50/1',
  ]);
});

test('cleared: rows of old spans do not come back', () => {
  const weights = new StackWeights();
  weights.add(7, 1, 0, 10, 1, 0);
  weights.add(7, 1, 1, 10, 1, 0);
  weights.clear();
  weights.add(7, 1, 0, 5, 1, 0);
  weights.add(7, 1, 1, 6, 1, 0);
  assert.deepEqual(lines(weights), ['7 1 0: 5/1', '7 1 1: 6/1']);
});
