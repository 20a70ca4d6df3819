import assert from 'node:assert/strict';
import { test } from 'node:test';
import { periodNs, StackFeeder } from '../../test/helpers/synthetic-session.ts';
import { selfDifference, totalDifference } from './difference.ts';
import { TransformedTree } from './transformed-tree.ts';

test('share and time a second, since the mark against before it, through transforms too', () => {
  const feeder = new StackFeeder();
  feeder.add([
    { stack: ['main', 'a'], samples: 30 },
    { stack: ['main', 'b'], samples: 10 },
  ]);
  feeder.advance(10e9);
  feeder.profile.markBaseline();
  feeder.advance(5e9);
  feeder.add([
    { stack: ['main', 'a'], samples: 5 },
    { stack: ['main', 'b', 'c'], samples: 15 },
  ]);
  const { tree: whole, functions } = feeder.profile;
  const tree = feeder.profile.bounded({ threads: new Set(), label: 'all', isDifference: true });
  tree.step(() => false);
  const [main = 0] = whole.childrenOf(0);
  const [a = 0, b = 0] = whole.childrenOf(main);
  const transformed = new TransformedTree(
    tree,
    [{ kind: 'merge-function', function: whole.functionOf(main) }],
    functions,
  );
  transformed.step(() => false);
  const { compared } = tree;
  assert.ok(compared);
  assert.deepEqual(totalDifference(tree, compared, main), {
    share: 0,
    nsPerSecond: (20 * periodNs) / 5 - (40 * periodNs) / 10,
  });
  assert.deepEqual(totalDifference(tree, compared, a), {
    share: 0.25 - 0.75,
    nsPerSecond: periodNs - 3 * periodNs,
  });
  assert.deepEqual(totalDifference(tree, compared, b), {
    share: 0.75 - 0.25,
    nsPerSecond: 3 * periodNs - periodNs,
  });
  assert.equal(selfDifference(tree, compared, b).share, -0.25);
  assert.ok(transformed.compared);
  const merged = transformed
    .childrenOf(0)
    .map((node) => totalDifference(transformed, transformed.compared ?? compared, node).share);
  assert.deepEqual(merged, [-0.5, 0.5]);
});
