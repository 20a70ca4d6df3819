import assert from 'node:assert/strict';
import { test } from 'node:test';
import { StackFeeder, type StackLine } from '../../test/helpers/synthetic-session.ts';
import { type CallTree, type NodeId, ROOT } from './call-tree.ts';
import { comparedProfile } from './compared-profile.ts';
import { totalDifference } from './difference.ts';
import type { Profile } from './profile.ts';

function fed(lines: readonly StackLine[], change: (profile: Profile) => void = () => {}): Profile {
  const feeder = new StackFeeder();
  feeder.add(lines);
  change(feeder.profile);
  return feeder.profile;
}

function find(tree: CallTree, name: string): NodeId {
  for (let node = ROOT; node < tree.nodeCount; node++) if (tree.functionOf(node).name === name) return node;
  throw new Error(`no ${name}`);
}

/** The tree of what came since the baseline, compared with it. */
function difference(profile: Profile): CallTree {
  const tree = profile.bounded({ threads: new Set(), label: 'all', isDifference: true });
  while (!tree.step(() => false));
  return tree;
}

test('functions of both are one by their names; each share is of its own whole', () => {
  const first = fed([
    { stack: ['main', 'libx!parse'], samples: 60 },
    { stack: ['main', 'write', '?kernel'], samples: 40 },
  ]);
  // Other ids, another order.
  const second = fed([
    { stack: ['main', 'write', '?kernel'], samples: 180, tid: 7 },
    { stack: ['main', 'libx!parse'], samples: 20, tid: 8 },
  ]);
  const profile = comparedProfile({ profile: first, durationNs: 1e9 }, { profile: second, durationNs: 4e9 });
  assert.equal(profile.weightNs, first.weightNs + second.weightNs);
  const tree = difference(profile);
  const { compared } = tree;
  assert(compared !== undefined);
  assert.deepEqual(compared.seconds, { now: 4, before: 1 });
  assert.equal(tree.totalNs(ROOT), second.weightNs);
  assert.equal(compared.totalNs(ROOT), first.weightNs);
  const shares = ['main', 'parse', 'write', '[kernel: no symbols]'].map((name) =>
    Math.round(totalDifference(tree, compared, find(tree, name)).share * 100),
  );
  assert.deepEqual(shares, [0, -50, 50, 50]);
});

test('time that no sample carries is compared, too, under its label', () => {
  const lines: readonly StackLine[] = [{ stack: ['main'], samples: 10 }];
  const first = fed(lines);
  const second = fed(lines, (profile) => profile.setUnsampled('[not sampled]', profile.weightNs));
  const tree = difference(
    comparedProfile({ profile: first, durationNs: 1e9 }, { profile: second, durationNs: 1e9 }),
  );
  const node = find(tree, '[not sampled]');
  assert.equal(tree.functionOf(node).kind, 'marked');
  assert.equal(tree.totalNs(node), tree.totalNs(ROOT) / 2);
  assert.equal(tree.compared?.totalNs(node), 0);
});

test('one of them is empty: the other is all that there is', () => {
  const lines: readonly StackLine[] = [{ stack: ['main'], samples: 10 }];
  const tree = difference(
    comparedProfile({ profile: fed(lines), durationNs: 1e9 }, { profile: fed([]), durationNs: 0 }),
  );
  assert.deepEqual([tree.totalNs(ROOT), tree.compared?.totalNs(ROOT)], [0, fed(lines).weightNs]);
});
