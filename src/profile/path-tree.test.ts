import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PathTree } from './path-tree.ts';

const root = 0;

/** The same answers as a map of maps gives. */
class Oracle {
  readonly #nodes = new Map<string, number>();

  child(parent: number, functionId: number): number {
    const key = `${parent}/${functionId}`;
    const node = this.#nodes.get(key) ?? this.#nodes.size + 1;
    this.#nodes.set(key, node);
    return node;
  }
}

test('a child is found again among few and among thousands, while the tree grows', () => {
  const tree = new PathTree(0, 4);
  const oracle = new Oracle();
  let seed = 5;
  const random = (below: number) => {
    seed = (seed * 48_271) % 2_147_483_647;
    return seed % below;
  };
  for (let step = 0; step < 60_000; step++) {
    // Half of all go below the root, whose children become thousands; the rest anywhere.
    const parent = random(2) === 0 ? root : random(tree.length);
    const functionId = random(6000);
    const known = tree.length;
    const node = tree.child(parent, functionId);
    assert.equal(node, oracle.child(parent, functionId));
    if (node === known) tree.share(node);
  }
  assert.ok(tree.childrenOf(root).length > 5000);
});

test('children are in order of first sight, each one deeper than its parent', () => {
  const tree = new PathTree(0, 1);
  const nodes = [7, 3, 9].map((functionId) => tree.child(root, functionId));
  assert.deepEqual(tree.childrenOf(root), nodes);
  const newest = tree.child(root, 4);
  assert.deepEqual(tree.childrenOf(root), [...nodes, newest]);
  assert.deepEqual([tree.depthOf(newest), tree.parentOf(newest), tree.functionIdOf(newest)], [1, root, 4]);
  assert.deepEqual(tree.childrenOf(newest), []);
});

test('children of a node with one path are not looked for; once it is shared they are all found', () => {
  const tree = new PathTree(0, 1);
  const parent = tree.child(root, 1);
  const children = Array.from({ length: 30 }, (_, functionId) => tree.child(parent, functionId));
  tree.share(parent);
  assert.deepEqual(
    children.map((_, functionId) => tree.child(parent, functionId)),
    children,
  );
  assert.equal(tree.length, 32);
});

test('a tree taken as it is, in pieces, is the same as the one it was taken from', () => {
  const from = new PathTree(0, 4);
  const copy = new PathTree(0, 4);
  from.share(0);
  for (let step = 0; step < 3000; step++) {
    const parent = (step * 7919) % from.length;
    const known = from.length;
    if (from.child(parent, 1 + (step % 11)) === known) from.share(known);
    if (step % 37 === 0) copy.takeAsIs(from.shape, from.length);
  }
  copy.takeAsIs(from.shape, from.length);
  assert.ok(from.length > 1000, `${from.length}`);
  assert.equal(copy.length, from.length);
  for (let node = 0; node < from.length; node++) {
    assert.equal(copy.parentOf(node), from.parentOf(node));
    assert.equal(copy.functionIdOf(node), from.functionIdOf(node));
    assert.equal(copy.depthOf(node), from.depthOf(node));
    assert.deepEqual(copy.childrenOf(node), from.childrenOf(node));
  }
});
