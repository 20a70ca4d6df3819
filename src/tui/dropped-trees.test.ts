/** The memory of trees that are shown no more is used again: what is shown must not notice. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { StackFeeder } from '../../test/helpers/synthetic-session.ts';
import { arrayPool } from '../profile/array-pool.ts';
import { type ColumnTree, ROOT } from '../profile/call-tree.ts';
import { bucketCount } from '../profile/history.ts';
import type { TreeBounds } from '../profile/profile.ts';
import type { TimeSpan } from '../profile/time-span.ts';
import type { Transform } from '../profile/transform.ts';
import { TransformedTree } from '../profile/transformed-tree.ts';
import { TreeSource } from './tree-source.ts';

const never = () => false;
const threads = [100, 101, 102];

/** Enough nodes for sums to lie in memory that is used again. */
function feedMany(feeder: StackFeeder, random: (below: number) => number, stacks: number): void {
  feeder.add(
    Array.from({ length: stacks }, () => ({
      stack: ['main', ...Array.from({ length: 6 }, (_, depth) => `f${depth}_${random(4 + 2 * depth)}`)],
      samples: 1 + random(3),
      tid: threads[random(threads.length)] as number,
    })),
  );
}

function randomOf(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state * 48_271) % 2_147_483_647;
    return state % below;
  };
}

/** Each path with its figures and its history. */
function figures(tree: ColumnTree): Map<string, string> {
  const all = new Map<string, string>();
  const paths: string[] = [];
  const history = new Float64Array(bucketCount);
  for (let node = ROOT; node < tree.nodeCount; node++) {
    const above = tree.parentOf(node);
    paths[node] = node === ROOT ? '' : `${paths[above]}/${tree.functionOf(node).name}`;
    if (tree.totalNs(node) === 0 && (tree.compared?.totalNs(node) ?? 0) === 0) continue;
    tree.history(node, history);
    const own = [tree.totalNs(node), tree.selfNs(node), tree.samplesOf(node), tree.selfSamplesOf(node)];
    const compared = [tree.compared?.totalNs(node) ?? -1, tree.compared?.selfNs(node) ?? -1];
    const figure = [...own, ...compared, ...history].map((each) => Math.round(each));
    all.set(paths[node] as string, figure.join(' '));
  }
  return all;
}

function workOut(source: TreeSource): void {
  untilDone(() => source.bound(never));
  untilDone(() => source.transform(never));
  source.showTransformed();
  untilDone(() => source.stepHistory(never));
}

/** Work whose slices never end is done in a few of them. */
function untilDone(step: () => boolean): void {
  for (let slices = 1; !step(); slices++) assert.ok(slices < 1000, 'the work is never done');
}

function countedAnew(feeder: StackFeeder, bounds: TreeBounds, transforms: readonly Transform[]): ColumnTree {
  const { profile } = feeder;
  let base: ColumnTree = profile.tree;
  if (bounds.threads.size > 0 || bounds.isDifference === true || bounds.span !== undefined) {
    const bounded = profile.bounded(bounds);
    bounded.step(never);
    bounded.stepHistory(never);
    base = bounded;
  }
  if (transforms.length === 0) return base;
  const tree = new TransformedTree(base, transforms, profile.functions);
  tree.step(never);
  tree.stepHistory(never);
  return tree;
}

test('whatever was shown before, sums are those counted anew', () => {
  const random = randomOf(7);
  const feeder = new StackFeeder();
  const grow = (stacks: number) => {
    feedMany(feeder, random, stacks);
    feeder.advance(1e9);
  };
  for (let i = 0; i < 12; i++) grow(250);
  feeder.profile.markBaseline();
  for (let i = 0; i < 8; i++) grow(80);
  const functionOf = (node: number) => feeder.profile.tree.functionOf(node);
  const choices: readonly Transform[] = [
    { kind: 'merge-function', function: functionOf(3) },
    { kind: 'focus-function', function: functionOf(2) },
    { kind: 'collapse-function', function: functionOf(4) },
    { kind: 'keep', query: { text: 'f3_1', isExact: false } },
    { kind: 'drop-function', function: functionOf(5) },
  ];
  const spans: readonly TimeSpan[] = [
    { kind: 'last', seconds: 3 },
    { kind: 'decay', halfLife: 4 },
    { kind: 'fixed', from: 2, to: 9 },
    { kind: 'fixed', from: 5, to: 12 },
  ];
  const source = new TreeSource(() => feeder.profile);
  let bounds: TreeBounds = { threads: new Set(), label: 'all threads' };
  let transforms: readonly Transform[] = [];
  let again = 0;
  for (let step = 0; step < 40; step++) {
    if (step % 10 === 9) grow(40);
    source.releaseDropped(never);
    const freeBefore = arrayPool.freeBytes;
    if (random(2) === 0) {
      const chosen = random(3) === 0 ? new Set([random(threads.length)]) : new Set<number>();
      const span = random(4) === 0 ? undefined : spans[random(spans.length)];
      const isDifference = random(4) === 0;
      bounds = {
        threads: chosen,
        label: 'all threads',
        isDifference,
        ...(span === undefined ? {} : { span }),
      };
      source.setBounds(bounds);
      // Given up before it is done: the next choice comes at once.
      if (random(4) === 0) source.bound(() => true);
      if (random(4) === 0) source.setBounds(bounds);
    } else {
      transforms =
        random(4) === 0
          ? transforms.slice(0, -1)
          : [...transforms.slice(-1), choices[random(choices.length)] as Transform];
      source.setTransforms(transforms);
      if (random(4) === 0) source.transform(() => true);
    }
    workOut(source);
    assert.deepEqual(figures(source.tree), figures(countedAnew(feeder, bounds, transforms)), `step ${step}`);
    if (arrayPool.freeBytes < freeBefore) again++;
  }
  assert.ok(again > 10, `memory was used again ${again} times`);
});

test('a tree that is still read stays whole, and so does a frozen one', () => {
  const random = randomOf(11);
  const feeder = new StackFeeder();
  for (let i = 0; i < 6; i++) {
    feedMany(feeder, random, 500);
    feeder.advance(1e9);
  }
  feeder.profile.markBaseline();
  feedMany(feeder, random, 500);
  const source = new TreeSource(() => feeder.profile);
  const all = { threads: new Set<number>(), label: 'all threads' };
  source.setBounds({ ...all, isDifference: true });
  workOut(source);
  const read = source.tree;
  const before = figures(read);
  source.pause();
  const frozen = source.tree;
  assert.deepEqual(figures(frozen), before);
  source.resume();
  for (const seconds of [1, 2, 3, 4, 5, 6]) {
    source.setBounds({ ...all, span: { kind: 'last', seconds } });
    workOut(source);
    source.releaseDropped((tree) => tree === read || tree === frozen);
  }
  assert.deepEqual(figures(read), before);
  assert.deepEqual(figures(frozen), before);
  const freeBefore = arrayPool.freeBytes;
  source.releaseDropped((tree) => tree === read);
  assert.ok(arrayPool.freeBytes > freeBefore, 'nobody reads the frozen one any more');
});
