import assert from 'node:assert/strict';
import { test } from 'node:test';
import { periodNs, StackFeeder, type StackLine, serverStacks } from '../../test/helpers/synthetic-session.ts';
import { type CallTree, ROOT } from './call-tree.ts';
import { bucketCount } from './history.ts';
import type { ThreadTree } from './thread-tree.ts';

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
function draw(tree: ThreadTree): string[] {
  const nodes = Array.from({ length: tree.nodeCount }, (_, node) => node);
  return nodes
    .filter((node) => tree.totalNs(node) > 0)
    .map((node) => `${tree.functionOf(node).name} ${tree.samplesOf(node)} ${tree.selfSamplesOf(node)}`);
}

test('only the weight of the chosen threads is left, on the nodes of the whole tree', () => {
  const { profile } = feed(...serverStacks);
  const tree = profile.threadTree(new Set([1]), 'thread 101');
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
  const trees = [[0], [1], [0, 1]].map((threads) => profile.threadTree(new Set(threads), ''));
  for (const tree of trees) tree.step(never);
  const [first, second, both] = trees as [ThreadTree, ThreadTree, ThreadTree];
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
  const tree = feeder.profile.threadTree(new Set([1]), 'one');
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
  const tree = feeder.profile.threadTree(new Set([0]), 'one');
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
  const tree = feeder.profile.threadTree(new Set([1]), 'one');
  tree.step(never);
  const read = () => {
    const out = new Float64Array(bucketCount);
    tree.history(ROOT, out);
    return Array.from(out, (ns) => Math.round(ns / periodNs));
  };
  assert.deepEqual(read(), [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 6]);
  feeder.advance(5e9);
  assert.deepEqual(read(), [0, 0, 0, 0, 0, 0, 0, 0, 0, 6, 0, 0]);
  tree.step(never);
  assert.deepEqual(read(), [0, 0, 0, 0, 0, 0, 0, 0, 0, 6, 0, 0]);
});
