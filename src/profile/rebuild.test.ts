import assert from 'node:assert/strict';
import { test } from 'node:test';
import { StackFeeder, type StackLine } from '../../test/helpers/synthetic-session.ts';
import { type NodeId, ROOT } from './call-tree.ts';
import { bucketCount } from './history.ts';
import type { Profile } from './profile.ts';

const always = () => true;

/** Stacks over a few functions, so that many share their nodes; some end in the kernel. */
function stacks(from: number, to: number): StackLine[] {
  return Array.from({ length: to - from }, (_, i) => {
    const at = from + i;
    const leaf = at % 3 === 0 ? ['?kernel1', '?kernel2'] : [`leaf${at % 41}`];
    return {
      stack: ['main', `a${at % 7}`, `b${at % 11}`, `c${at}`, ...leaf],
      samples: 1 + (at % 3),
      tid: 100 + (at % 5),
    };
  });
}

/** All paths with total, self and recent history. */
function paths({ tree }: Profile): string[] {
  const lines: string[] = [];
  const recent = new Float64Array(bucketCount);
  const visit = (node: NodeId, above: string): void => {
    const path = `${above}/${tree.functionOf(node).name}`;
    tree.history(node, recent);
    lines.push(
      `${path} ${tree.totalNs(node)} ${tree.samplesOf(node)} ${tree.selfNs(node)} ${recent.join(' ')}`,
    );
    for (const child of tree.childrenOf(node)) visit(child, path);
  };
  visit(ROOT, '');
  return lines.sort();
}

function nodeOf({ tree }: Profile, ...path: readonly string[]): NodeId {
  return path.reduce((node, name) => {
    const child = tree.childrenOf(node).find((each) => tree.functionOf(each).name === name);
    assert.ok(child !== undefined, `no ${name}`);
    return child;
  }, ROOT);
}

test('a tree built anew in slices, while samples come in, is the one that is built at once', () => {
  const [sliced, atOnce] = [new StackFeeder(), new StackFeeder()];
  for (const feeder of [sliced, atOnce]) {
    feeder.add(stacks(0, 2000));
    feeder.profile.setUnsampled('[not sampled]', 5e9);
  }
  const { profile } = sliced;
  const selected = nodeOf(profile, 'main', 'a1', 'b1', 'c1');
  const before = profile.tree.generation;
  profile.setKernelCollapsed(true);
  let slices = 0;
  const batches: StackLine[][] = [];
  while (!profile.rebuild(always)) {
    // The one that is shown counts all, as it was folded before.
    assert.equal(profile.tree.generation, before);
    assert.equal(profile.tree.totalNs(ROOT), profile.weightNs + 5e9);
    const batch =
      slices++ % 4 === 0 ? [...stacks(slices, slices + 3), ...stacks(3000 + slices, 3002 + slices)] : [];
    batches.push(batch);
    sliced.advance(1e8);
    addWithout(sliced, batch);
    profile.placeWaiting(false);
  }
  assert.ok(slices > 2000 / 64, `${slices} slices`);
  for (const batch of batches) {
    atOnce.advance(1e8);
    addWithout(atOnce, batch);
  }
  atOnce.profile.setKernelCollapsed(true);
  atOnce.profile.settle(true);
  profile.placeWaiting(true);
  assert.equal(profile.isOutdated, false);
  assert.equal(profile.tree.generation, before + 1);
  assert.deepEqual(paths(profile), paths(atOnce.profile));
  assert.equal(profile.successorOf(selected), nodeOf(profile, 'main', 'a1', 'b1', 'c1'));
});

/** Adds samples as a batch of capture does: the tree is not settled. */
function addWithout(feeder: StackFeeder, lines: readonly StackLine[]): void {
  const { settle } = feeder.profile;
  feeder.profile.settle = () => false;
  feeder.add(lines);
  feeder.profile.settle = settle;
}

test('names that change while the tree is built: it is built once more, and nothing is lost', () => {
  const feeder = new StackFeeder();
  feeder.add(stacks(0, 500));
  addWithout(feeder, [{ stack: ['main', 'late'], samples: 4 }]);
  const { profile } = feeder;
  const rename = (name: string) => profile.setNames([{ frame: 0, name, module: 'app', hasSymbol: true }]);
  rename('first');
  assert.equal(profile.rebuild(always), false);
  rename('second');
  while (!profile.rebuild(always));
  assert.equal(profile.isOutdated, true);
  while (!profile.rebuild(always));
  assert.equal(profile.isOutdated, false);
  profile.placeWaiting(true);
  const [main] = profile.tree.childrenOf(ROOT);
  assert.equal(profile.tree.functionOf(main as NodeId).name, 'second');
  assert.equal(profile.tree.totalNs(ROOT), profile.weightNs);
});

test('a fold that is asked back, and a reset, give up the tree that is worked on', () => {
  const feeder = new StackFeeder();
  feeder.add(stacks(0, 500));
  const { profile } = feeder;
  const before = paths(profile);
  profile.setKernelCollapsed(true);
  assert.equal(profile.rebuild(always), false);
  profile.setKernelCollapsed(false);
  assert.equal(profile.rebuild(always), true);
  assert.deepEqual(paths(profile), before);
  profile.setKernelCollapsed(true);
  assert.equal(profile.rebuild(always), false);
  profile.reset();
  assert.deepEqual([profile.isOutdated, profile.kernelCollapsed], [false, true]);
  feeder.add(stacks(0, 3));
  assert.equal(profile.tree.totalNs(ROOT), profile.weightNs);
  assert.equal(profile.tree.functionOf(nodeOf(profile, 'main', 'a0', 'b0', 'c0', '[kernel]')).kind, 'kernel');
});
