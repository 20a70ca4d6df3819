import assert from 'node:assert/strict';
import { test } from 'node:test';
import { allRows, type RowSelection, spanRows } from './row-selection.ts';
import { SampleLog } from './sample-log.ts';
import { StackWeights } from './stack-weights.ts';
import type { TimeSpan } from './time-span.ts';

/** Weight by row. */
function sumOf(selection: RowSelection): Record<number, number> {
  const sums: Record<number, number> = {};
  const take = (row: number, weightNs: number) => {
    sums[row] = (sums[row] ?? 0) + weightNs;
  };
  while (!selection.step(take));
  return sums;
}

/** Row 0 gets 1 ns and row `second` 10 ns in each second. */
function logOf(seconds: number, most?: number): SampleLog {
  const log = new SampleLog(most === undefined ? {} : { entries: most });
  for (let second = 0; second < seconds; second++) {
    log.add(0, second * 1e9, 1, 1);
    log.add(second, second * 1e9 + 5e8, 10, 1);
  }
  return log;
}

const spans: readonly (readonly [span: TimeSpan, sums: Record<number, number>])[] = [
  [
    { kind: 'last', seconds: 2 },
    { 0: 2, 8: 10, 9: 10 },
  ],
  [
    { kind: 'fixed', from: 3, to: 5 },
    { 0: 2, 3: 10, 4: 10 },
  ],
  [{ kind: 'last', seconds: 100 }, { ...sumOf(spanRows(logOf(10), { kind: 'all' }, 9)) }],
  [{ kind: 'fixed', from: 20, to: 30 }, {}],
];
for (const [span, sums] of spans) {
  test(`${JSON.stringify(span)} of ten seconds`, () => {
    assert.deepEqual(sumOf(spanRows(logOf(10), span, 9)), sums);
  });
}

test('decay: half as much for each half-life', () => {
  const sums = sumOf(spanRows(logOf(10), { kind: 'decay', halfLife: 2 }, 9));
  assert.equal(sums[9], 10);
  assert.equal(sums[7], 5);
  assert.equal(sums[1], 10 / 16);
});

test('samples out of order count in their own second, those of a forgotten one nowhere', () => {
  const log = logOf(10);
  log.add(7, 2.5e9, 3, 1);
  log.add(7, 2.6e9, 4, 1);
  log.add(7, 9.9e9, 5, 1);
  log.add(7, 9.1e9, 6, 1);
  assert.deepEqual(sumOf(spanRows(log, { kind: 'fixed', from: 2, to: 3 }, 9)), { 0: 1, 2: 10, 7: 7 });
  assert.deepEqual(sumOf(spanRows(log, { kind: 'last', seconds: 1 }, 9)), { 0: 1, 7: 11, 9: 10 });
  assert.equal(log.totalNs(2), 18);
});

test('bounded: the oldest seconds are forgotten, also over a long silence', () => {
  const log = logOf(1000, 100);
  assert.equal(log.first, 950);
  assert.equal(log.totalNs(949), 0);
  assert.equal(log.totalNs(999), 11);
  log.add(1, 10_000e9, 1, 1);
  assert.ok(10_000 - log.first <= 3600);
  log.add(1, 5e9, 1, 1);
  assert.equal(log.totalNs(5), 0);
});

test('cleared: time goes on', () => {
  const log = logOf(10);
  log.clear();
  log.add(3, 9.9e9, 2, 1);
  log.add(4, 10.5e9, 2, 1);
  assert.deepEqual(sumOf(spanRows(log, { kind: 'last', seconds: 60 }, 10)), { 3: 2, 4: 2 });
});

test('rows since a mark are what came after it', () => {
  const weights = new StackWeights();
  weights.add(1, 0, 0, 10, 1, 0);
  weights.add(2, 0, 0, 20, 1, 0);
  const baseline = {
    second: 1,
    weightNs: weights.weightNs.values.slice(0, 2),
    samples: weights.samples.values.slice(0, 2),
  };
  weights.add(2, 0, 0, 5, 1, 0);
  weights.add(3, 0, 0, 7, 1, 0);
  assert.deepEqual(sumOf(allRows(weights, baseline)), { 1: 5, 2: 7 });
  assert.deepEqual(sumOf(allRows(weights)), { 0: 10, 1: 25, 2: 7 });
});

test('of a recording seconds are joined rather than forgotten, and no weight is lost', () => {
  const log = new SampleLog({ entries: 100, seconds: 2 ** 20, joinsSeconds: true });
  for (let second = 0; second < 1000; second++)
    for (const row of [0, 1]) log.add(row, second * 1e9, 1 + row, 1);
  assert.equal(log.first, 0);
  assert.equal(log.secondsPerStep, 32);
  assert.deepEqual(sumOf(spanRows(log, { kind: 'all' }, 999)), { 0: 1000, 1: 2000 });
  assert.deepEqual(sumOf(spanRows(log, { kind: 'fixed', from: 320, to: 640 }, 999)), { 0: 320, 1: 640 });
  assert.equal(log.totalNs(500), 3);
});

test('rows that are never met again: joining gives nothing, so the oldest are forgotten after all', () => {
  const log = new SampleLog({ entries: 100, seconds: 2 ** 20, joinsSeconds: true });
  for (let second = 0; second < 10_000; second++) log.add(second, second * 1e9, 1, 1);
  assert.equal(log.secondsPerStep, 2);
  assert.ok(log.first >= 9800 && log.first < 10_000, `${log.first}`);
});

test('a time that no recording has does not fill memory', () => {
  const log = new SampleLog({ seconds: 1000 });
  log.add(0, 0, 1, 1);
  log.add(0, 2 ** 52, 1, 1);
  assert.equal(log.totalNs(Math.floor(2 ** 52 / 1e9)), 1);
});
