import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { NativeBatch, NativeState } from './native.ts';
import type { Plan } from './select.ts';
import { SpanBook } from './spans.ts';
import type { EngineName } from './status.ts';
import { emptyBatch, zeroState } from './test-native.ts';

const at = (change: Partial<NativeState>): NativeState => ({ ...zeroState, ...change });
const plan = (engine: EngineName): Plan => ({
  engine,
  mechanism: 'perf_events',
  reason: 'as asked',
  degradations: [],
});
const start = (engine: EngineName, periodNs = 10) => ({
  asked: 'auto' as const,
  plan: plan(engine),
  periodNs,
});

/** [span, weight, 1 for a sample] */
function rows(...list: readonly (readonly [number, number, 0 | 1])[]): NativeBatch {
  return {
    ...emptyBatch,
    timeNs: Float64Array.from(list, () => 0),
    weightNs: Float64Array.from(list, ([, weight]) => weight),
    thread: Uint32Array.from(list, () => 0),
    stack: Uint32Array.from(list, () => 1),
    span: Uint32Array.from(list, ([span]) => span),
    samples: Uint32Array.from(list, ([, , isSample]) => isSample),
  };
}

test('rows of one batch on both sides of a cut are counted by the span they name', () => {
  const book = new SpanBook();
  book.begin(start('cpu'), zeroState, 'shown');
  // The batch comes before the cut is known.
  book.expect(plan('ctimer'));
  book.count(rows([0, 60, 1], [0, 35, 0], [1, 20, 1], [1, 20, 1]));
  book.begin(start('ctimer', 20), at({ elapsedNs: 110, cpuNs: 100, lost: 2, truncated: 1 }), 'shown');
  const now = at({ elapsedNs: 200, cpuNs: 150, lost: 5, truncated: 1, throttled: 4 });
  const [first, second, ...others] = book.list(now, zeroState, 'shown');
  assert.deepEqual(others, []);
  assert.deepEqual(
    [first?.engine, first?.startNs, first?.endNs, first?.cpuTimeNs, first?.samples, first?.weightNs],
    ['cpu', 0, 110, 100, 1, 95],
  );
  assert.deepEqual([first?.lost, first?.truncated, first?.throttled], [2, 1, 0]);
  assert.deepEqual(
    [second?.engine, second?.startNs, second?.endNs, second?.cpuTimeNs, second?.samples, second?.weightNs],
    ['ctimer', 110, 200, 50, 2, 40],
  );
  assert.deepEqual([second?.lost, second?.truncated, second?.throttled], [3, 0, 4]);
  assert.deepEqual([first?.periodNs, second?.periodNs], [10, 20]);
});

test('the kernel part of a span is what its symbols were then, not what they are now', () => {
  const book = new SpanBook();
  book.begin(start('cpu'), zeroState, 'hidden');
  book.begin(start('cpu'), at({ elapsedNs: 5 }), 'hidden');
  const parts = book.list(at({ elapsedNs: 9 }), zeroState, 'shown').map((span) => span.kernelPart);
  assert.deepEqual(parts, ['unresolved', 'resolved']);
});

test('what a user-only span leaves out is kernel time, what another leaves is not sampled: both at once', () => {
  const book = new SpanBook();
  book.begin(start('cpu'), zeroState, 'shown');
  book.count(rows([0, 95, 1]));
  book.begin(start('cpu-clock'), at({ cpuNs: 100 }), 'shown');
  book.count(rows([1, 30, 1]));
  // Of the 70 that no sample carries 10 were lost by the ring.
  const now = at({ cpuNs: 200, lost: 1, lostNs: 10 });
  assert.deepEqual(book.balance(now, zeroState), {
    cpuTimeNs: 200,
    weightNs: 125,
    kernelNotSampledNs: 60,
    notSampledNs: 15,
  });
  // And the sum is the clock.
  const { cpuTimeNs, weightNs, kernelNotSampledNs, notSampledNs } = book.balance(now, zeroState);
  assert.equal(weightNs + kernelNotSampledNs + notSampledNs, cpuTimeNs);
});

test('weights above the clock leave nothing unsampled, and a span above it takes nothing from another', () => {
  const book = new SpanBook();
  book.begin(start('cpu-clock'), zeroState, 'shown');
  book.count(rows([0, 104, 1]));
  book.begin(start('cpu'), at({ cpuNs: 100 }), 'shown');
  book.count(rows([1, 96, 1]));
  assert.deepEqual(book.balance(at({ cpuNs: 200 }), zeroState), {
    cpuTimeNs: 200,
    weightNs: 200,
    kernelNotSampledNs: 0,
    notSampledNs: 0,
  });
});

test('time in which nothing captured is not sampled', () => {
  const book = new SpanBook();
  book.begin(start('cpu'), zeroState, 'shown');
  book.count(rows([0, 100, 1]));
  book.close(at({ elapsedNs: 100, cpuNs: 100 }), 'shown');
  book.begin(start('cpu'), at({ elapsedNs: 180, cpuNs: 170 }), 'shown');
  book.count(rows([1, 30, 1]));
  const now = at({ elapsedNs: 210, cpuNs: 200 });
  assert.equal(book.balance(now, zeroState).notSampledNs, 70);
  assert.deepEqual(
    book.list(now, zeroState, 'shown').map((span) => [span.startNs, span.endNs]),
    [
      [0, 100],
      [180, 210],
    ],
  );
});

test('wall time is never CPU time: its span neither carries nor owes any', () => {
  const book = new SpanBook();
  book.begin(start('cpu'), zeroState, 'shown');
  book.count(rows([0, 100, 1]));
  book.expect(plan('wall'));
  assert.equal(book.unitOf(1), 'wall');
  book.begin(start('wall'), at({ cpuNs: 100 }), 'shown');
  book.count(rows([1, 5000, 1]));
  assert.deepEqual([book.unitOf(0), book.unitOf(1)], ['cpu', 'wall']);
  assert.deepEqual(book.balance(at({ cpuNs: 180 }), zeroState), {
    cpuTimeNs: 100,
    weightNs: 100,
    kernelNotSampledNs: 0,
    notSampledNs: 0,
  });
});

test('a reset begins the running span anew and forgets those before it', () => {
  const book = new SpanBook();
  book.begin(start('cpu'), zeroState, 'shown');
  book.begin(start('ctimer'), at({ elapsedNs: 100, cpuNs: 100 }), 'shown');
  book.count(rows([1, 50, 1]));
  const base = at({ elapsedNs: 150, cpuNs: 150, lost: 3, lostNs: 30 });
  book.reset(base);
  book.count(rows([1, 10, 1]));
  const now = at({ elapsedNs: 170, cpuNs: 170, lost: 3, lostNs: 30 });
  const [span, ...others] = book.list(now, base, 'shown');
  assert.deepEqual(others, []);
  assert.deepEqual([span?.startNs, span?.endNs, span?.samples, span?.lost], [0, 20, 1, 0]);
  assert.deepEqual(book.balance(now, base), {
    cpuTimeNs: 20,
    weightNs: 10,
    kernelNotSampledNs: 0,
    notSampledNs: 10,
  });
});
