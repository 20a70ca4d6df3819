import assert from 'node:assert/strict';
import { test } from 'node:test';
import { StackFeeder, serverStacks } from '../../test/helpers/synthetic-session.ts';
import { ROOT } from './call-tree.ts';
import { bucketCount } from './history.ts';
import { boundedFigures, frozenFigures, livingFigures, ThreadList } from './thread-figures.ts';
import { cpusUsed, ThreadTotals } from './thread-totals.ts';

function listOf(feeder: StackFeeder, figures = () => livingFigures(feeder.profile)): ThreadList {
  return new ThreadList(figures, (thread) => ({
    id: thread + 1,
    name: thread < 0 ? 'all' : (feeder.profile.threads[thread]?.name ?? ''),
    module: '',
    kind: thread < 0 ? 'root' : 'native',
  }));
}

function draw(list: ThreadList): string[] {
  return [ROOT, ...list.childrenOf(ROOT)].map(
    (node) => `${list.functionOf(node).name} ${list.samplesOf(node)}`,
  );
}

test('a row per thread, and all of them with the time that is no thread’s', () => {
  const feeder = new StackFeeder();
  feeder.add(serverStacks);
  feeder.profile.setUnsampled('[not sampled]', 5e9);
  const list = listOf(feeder);
  assert.deepEqual(draw(list), ['all 100', 'thread-100 77', 'thread-101 23']);
  const sum = list.childrenOf(ROOT).reduce((ns, node) => ns + list.totalNs(node), 0);
  assert.ok(Math.abs(list.totalNs(ROOT) - sum - 5e9) < 1);
});

test('a copy stands still while the profile goes on; a reset empties the living one', () => {
  const feeder = new StackFeeder();
  feeder.add(serverStacks);
  const frozen = frozenFigures(livingFigures(feeder.profile));
  const before = draw(listOf(feeder, () => frozen));
  feeder.advance(3e9);
  feeder.add([...serverStacks, { stack: ['new'], samples: 1, tid: 102 }]);
  assert.deepEqual(draw(listOf(feeder, () => frozen)), before);
  assert.equal(draw(listOf(feeder)).length, 4);
  feeder.profile.reset();
  assert.deepEqual(draw(listOf(feeder)), ['all 0']);
});

test('of a window that stands still a thread has the history of the window, and how long it is', () => {
  const feeder = new StackFeeder();
  feeder.add([{ stack: ['early'], samples: 6 }]);
  feeder.advance(9e9);
  feeder.add([{ stack: ['late'], samples: 2, tid: 101 }]);
  feeder.advance(60e9);
  const span = { kind: 'fixed', from: 0, to: 12 } as const;
  const tree = feeder.profile.bounded({ threads: new Set(), label: '', span });
  tree.step(() => false);
  const figures = boundedFigures(tree, livingFigures(feeder.profile), feeder.profile.nowSecond);
  const filled = (thread: number) => {
    const buckets = new Float64Array(bucketCount);
    figures.history(thread, buckets);
    return [...buckets.keys()].filter((at) => (buckets[at] ?? 0) > 0);
  };
  assert.deepEqual([filled(0), filled(1), filled(-1)], [[0], [9], [0, 9]]);
  assert.equal(figures.windowSeconds, 12);
  assert.equal(frozenFigures(figures).windowSeconds, 12);
  const last = { kind: 'last', seconds: 300 } as const;
  const recent = feeder.profile.bounded({ threads: new Set(), label: '', span: last });
  recent.step(() => false);
  const living = boundedFigures(recent, livingFigures(feeder.profile), feeder.profile.nowSecond);
  assert.equal(living.windowSeconds, undefined);
});

test('CPUs used: whole buckets of the last 10 s only, unknown before the first', () => {
  const totals = new ThreadTotals();
  const used = (last: number) => {
    const buckets = new Float64Array(bucketCount);
    totals.history(0, last, buckets);
    return cpusUsed(buckets, last);
  };
  for (let bucket = 0; bucket < 4; bucket++) totals.add(0, 1.25e9, 1, bucket);
  totals.add(0, 0.1e9, 1, 4);
  assert.equal(used(0), undefined);
  assert.equal(used(1), 0.5);
  assert.equal(used(4), 0.5);
  assert.equal(used(6), 0.26);
  assert.equal(used(40), 0);
});
