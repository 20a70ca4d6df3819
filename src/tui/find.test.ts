import assert from 'node:assert/strict';
import { test } from 'node:test';
import { StackFeeder, serverStacks } from '../../test/helpers/synthetic-session.ts';
import { ROOT } from '../profile/call-tree.ts';
import { findAll, matchesInOrder } from './find.ts';

const pattern = (text: string) => ({ text, isExact: false });

test('time under nested matches counts once', () => {
  const feeder = new StackFeeder();
  feeder.add([
    { stack: ['walk', 'step', 'walk'], samples: 30 },
    { stack: ['walk', 'other'], samples: 20 },
    { stack: ['rest'], samples: 50 },
  ]);
  const found = findAll(feeder.profile.tree, pattern('walk'));
  assert.equal(found.nodes.size, 2);
  assert.equal(found.functions, 1);
  assert.ok(Math.abs(found.share - 0.5) < 1e-9);
});

test('matches come in the order of the screen, from closed parts too', () => {
  const feeder = new StackFeeder();
  feeder.add(serverStacks);
  const { tree } = feeder.profile;
  const found = findAll(tree, pattern('read|page'));
  const largestFirst = (node: number) =>
    tree
      .childrenOf(node)
      .slice()
      .sort((a, b) => tree.totalNs(b) - tree.totalNs(a));
  const names = matchesInOrder(found, ROOT, largestFirst).map((node) => tree.functionOf(node).name);
  assert.deepEqual(names, ['renderPage', 'fs::ReadFile', 'read']);
});

test('the root and an empty pattern match nothing', () => {
  const feeder = new StackFeeder();
  feeder.add(serverStacks);
  assert.equal(findAll(feeder.profile.tree, pattern('all threads')).nodes.size, 0);
  assert.equal(findAll(feeder.profile.tree, pattern('')).nodes.size, 0);
});
