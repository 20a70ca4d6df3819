import assert from 'node:assert/strict';
import { test } from 'node:test';
import { periodNs, StackFeeder, type StackLine, serverStacks } from '../../test/helpers/synthetic-session.ts';
import type { BoundedTree } from './bounded-tree.ts';
import { type CallTree, ROOT } from './call-tree.ts';
import { bucketCount } from './history.ts';

const never = () => false;

function feed(...lines: readonly StackLine[]): StackFeeder {
  const feeder = new StackFeeder();
  feeder.add(lines);
  return feeder;
}

function nodeOf(tree: CallTree, name: string): number {
  for (let node = 0; node < tree.nodeCount; node++) if (tree.functionOf(node).name === name) return node;
  throw new Error(`no node ${name}`);
}

/** Weighty nodes as `name total self`, in samples. */
function draw(tree: BoundedTree): string[] {
  const nodes = Array.from({ length: tree.nodeCount }, (_, node) => node);
  return nodes
    .filter((node) => tree.totalNs(node) > 0)
    .map((node) => `${tree.functionOf(node).name} ${tree.samplesOf(node)} ${tree.selfSamplesOf(node)}`);
}

test('only the weight of the chosen threads is left, on the nodes of the whole tree', () => {
  const { profile } = feed(...serverStacks);
  const tree = profile.bounded({ threads: new Set([1]), label: 'thread 101' });
  assert.equal(tree.step(never), true);
  assert.deepEqual(draw(tree), [
    'thread 101 23 0',
    'main 23 0',
    'uv_run 23 0',
    'deflate_slow 23 6',
    'longest_match 17 17',
  ]);
  const node = nodeOf(profile.tree, 'longest_match');
  assert.equal(tree.totalNs(node), profile.tree.totalNs(node));
  assert.equal(tree.totalNs(nodeOf(profile.tree, 'escapeHtml')), 0);
});

test('each thread by itself adds up to all of them together', () => {
  const { profile } = feed(...serverStacks);
  profile.setUnsampled('[not sampled]', 7e9);
  const trees = [[0], [1], [0, 1]].map((threads) =>
    profile.bounded({ threads: new Set(threads), label: '' }),
  );
  for (const tree of trees) tree.step(never);
  const [first, second, both] = trees as [BoundedTree, BoundedTree, BoundedTree];
  for (let node = 1; node < profile.tree.nodeCount; node++) {
    assert.equal(first.totalNs(node) + second.totalNs(node), both.totalNs(node));
  }
  assert.ok(
    Math.abs(profile.tree.totalNs(ROOT) - 7e9 - both.totalNs(ROOT)) < 1,
    'unsampled time is no thread’s',
  );
});

test('slices of any length and samples between them: the last whole pass is shown', () => {
  const feeder = new StackFeeder();
  feeder.add(
    Array.from({ length: 3000 }, (_, i) => ({ stack: ['main', `f${i}`], samples: 1, tid: 100 + (i % 2) })),
  );
  const tree = feeder.profile.bounded({ threads: new Set([1]), label: 'one' });
  assert.equal(
    tree.step(() => true),
    false,
  );
  assert.equal(tree.totalNs(ROOT), 0);
  feeder.add([{ stack: ['main', 'late'], samples: 5, tid: 101 }]);
  while (!tree.step(() => true));
  assert.equal(tree.samplesOf(ROOT) >= 1500, true);
  while (!tree.isCurrent) tree.step(() => true);
  assert.equal(tree.samplesOf(ROOT), 1505);
});

test('late names make the nodes anew: nothing is known of them until the next pass', () => {
  const feeder = new StackFeeder();
  feeder.add(serverStacks, false);
  const tree = feeder.profile.bounded({ threads: new Set([0]), label: 'one' });
  tree.step(never);
  feeder.nameAll();
  assert.ok(tree.isOutdated);
  assert.equal(tree.totalNs(ROOT), 0);
  tree.step(never);
  assert.equal(tree.samplesOf(nodeOf(feeder.profile.tree, 'escapeHtml')), 22);
});

test('history is of the chosen threads, and grows old with the clock', () => {
  const feeder = new StackFeeder();
  feeder.advance(20e9);
  feeder.add([
    { stack: ['main', 'a'], samples: 4, tid: 100 },
    { stack: ['main', 'b'], samples: 6, tid: 101 },
  ]);
  const tree = feeder.profile.bounded({ threads: new Set([1]), label: 'one' });
  tree.step(never);
  const read = () => {
    const out = new Float64Array(bucketCount);
    tree.history(ROOT, out);
    return Array.from(out, (ns) => Math.round(ns / periodNs));
  };
  assert.deepEqual(read(), [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], 'weights do not wait for histories');
  assert.equal(tree.samplesOf(ROOT), 6);
  tree.stepHistory(never);
  assert.deepEqual(read(), [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 6]);
  feeder.advance(5e9);
  assert.deepEqual(read(), [0, 0, 0, 0, 0, 0, 0, 0, 0, 6, 0, 0]);
  tree.step(never);
  tree.stepHistory(never);
  assert.deepEqual(read(), [0, 0, 0, 0, 0, 0, 0, 0, 0, 6, 0, 0]);
});

test('history of a window that stands still is of its own time, in whatever slices it is worked out', () => {
  const feeder = new StackFeeder();
  for (let second = 0; second < 60; second++) {
    feeder.add([
      { stack: ['main', 'a', 'b'], samples: 1 + (second % 3) },
      { stack: ['main', 'c'], samples: second % 5 },
    ]);
    feeder.advance(1e9);
  }
  const windowOf = (isOver: () => boolean) => {
    const span = { kind: 'fixed', from: 12, to: 36 } as const;
    const tree = feeder.profile.bounded({ threads: new Set(), label: '', span });
    while (!tree.step(isOver));
    while (!tree.stepHistory(isOver));
    return tree;
  };
  const [whole, sliced] = [windowOf(never), windowOf(() => true)];
  const [out, other] = [new Float64Array(bucketCount), new Float64Array(bucketCount)];
  for (let node = 0; node < whole.nodeCount; node++) {
    whole.history(node, out);
    sliced.history(node, other);
    assert.deepEqual(other, out);
    const sum = out.reduce((all, ns) => all + ns, 0);
    assert.ok(Math.abs(sum - whole.totalNs(node)) < 1, `node ${node}: ${sum} of ${whole.totalNs(node)}`);
  }
  whole.history(nodeOf(whole, 'c'), out);
  const samplesOfTwoSeconds = Array.from({ length: 12 }, (_, i) => ((12 + 2 * i) % 5) + ((13 + 2 * i) % 5));
  assert.deepEqual(
    Array.from(out, (ns) => Math.round(ns / periodNs)),
    samplesOfTwoSeconds,
  );
});

test('a part of the run: the weight of its seconds, by node and by thread', () => {
  const feeder = feed({ stack: ['main', 'early'], samples: 4 });
  feeder.advance(20e9);
  feeder.add([
    { stack: ['main', 'late'], samples: 6, tid: 101 },
    { stack: ['main', 'late'], samples: 1 },
  ]);
  const none = new Set<number>();
  const last = feeder.profile.bounded({ threads: none, label: 'all', span: { kind: 'last', seconds: 10 } });
  last.step(never);
  assert.deepEqual(draw(last), ['all 7 0', 'main 7 0', 'late 7 7']);
  assert.deepEqual(last.threadWeights.samples, [1, 6]);
  const fixed = feeder.profile.bounded({
    threads: none,
    label: 'all',
    span: { kind: 'fixed', from: 0, to: 5 },
  });
  fixed.step(never);
  assert.deepEqual(draw(fixed), ['all 4 0', 'main 4 0', 'early 4 4']);
  feeder.advance(20e9);
  last.step(never);
  assert.deepEqual(draw(last), []);
});

test('a difference: what came since the mark, beside what was there', () => {
  const feeder = feed({ stack: ['main', 'a'], samples: 4 }, { stack: ['main', 'b'], samples: 1 });
  feeder.profile.markBaseline();
  feeder.add([{ stack: ['main', 'b'], samples: 3 }]);
  const tree = feeder.profile.bounded({ threads: new Set(), label: 'all', isDifference: true });
  tree.step(never);
  assert.deepEqual(draw(tree), ['all 3 0', 'main 3 0', 'b 3 3']);
  const before = ['main', 'a', 'b'].map((name) => tree.compared?.totalNs(nodeOf(tree, name)));
  assert.deepEqual(before, [5 * periodNs, 4 * periodNs, periodNs]);
});
