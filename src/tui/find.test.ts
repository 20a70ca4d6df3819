import assert from 'node:assert/strict';
import { test } from 'node:test';
import { StackFeeder, serverStacks } from '../../test/helpers/synthetic-session.ts';
import { type CallTree, type NodeId, ROOT } from '../profile/call-tree.ts';
import { Finding, matchBeside } from './find.ts';

const never = () => false;

function found(tree: CallTree, text: string): Finding {
  const finding = new Finding(tree, { text, isExact: false });
  finding.step(never);
  return finding;
}

function server(): StackFeeder {
  const feeder = new StackFeeder();
  feeder.add(serverStacks);
  return feeder;
}

/** Goes from match to match, beginning behind the root; every list of children that is asked for is counted. */
function walkOf(tree: CallTree, finding: Finding) {
  const asked: string[] = [];
  const walk = {
    isMatch: (node: NodeId) => finding.isMatch(node),
    leadsToMatch: (node: NodeId) => finding.leadsToMatch(node),
    parentOf: (node: NodeId) => tree.parentOf(node),
    childrenOf(node: NodeId) {
      asked.push(tree.functionOf(node).name);
      return tree.childrenOf(node).toSorted((a, b) => tree.totalNs(b) - tree.totalNs(a));
    },
  };
  const names = (step: 1 | -1, count: number) => {
    let at = ROOT;
    return Array.from({ length: count }, () => {
      at = matchBeside(walk, at, step) ?? ROOT;
      return tree.functionOf(at).name;
    });
  };
  return { names, asked };
}

test('time under nested matches counts once', () => {
  const feeder = new StackFeeder();
  feeder.add([
    { stack: ['walk', 'step', 'walk'], samples: 30 },
    { stack: ['walk', 'other'], samples: 20 },
    { stack: ['rest'], samples: 50 },
  ]);
  const { totals } = found(feeder.profile.tree, 'walk');
  assert.deepEqual(
    { ...totals, share: Math.round((totals?.share ?? 0) * 1e6) / 1e6 },
    {
      count: 2,
      functions: 1,
      share: 0.5,
    },
  );
});

test('matches come in the order of the screen, from closed parts too, and round at both ends', () => {
  const { tree } = server().profile;
  const { names } = walkOf(tree, found(tree, 'read|page'));
  assert.deepEqual(names(1, 4), ['renderPage', 'fs::ReadFile', 'read', 'renderPage']);
  assert.deepEqual(names(-1, 4), ['read', 'fs::ReadFile', 'renderPage', 'read']);
});

test('a match that stands above other ones comes before them', () => {
  const feeder = new StackFeeder();
  feeder.add([
    { stack: ['walk', 'step', 'walk_more'], samples: 30 },
    { stack: ['walk', 'walk_less'], samples: 20 },
  ]);
  const { tree } = feeder.profile;
  const { names } = walkOf(tree, found(tree, 'walk'));
  assert.deepEqual(names(1, 4), ['walk', 'walk_more', 'walk_less', 'walk']);
  assert.deepEqual(names(-1, 3), ['walk_less', 'walk_more', 'walk']);
});

test('the next match is found on the way to it: no other part of the tree is sorted', () => {
  const feeder = server();
  const lines = Array.from({ length: 300 }, (_, i) => ({
    stack: ['side', `way_${i}`, `end_${i}`],
    samples: 1,
  }));
  feeder.add(lines);
  const { tree } = feeder.profile;
  const { names, asked } = walkOf(tree, found(tree, 'end_7$|longest'));
  assert.deepEqual(names(1, 2), ['end_7', 'longest_match']);
  assert.ok(asked.length <= 12, asked.join(' '));
});

test('the root and an empty pattern match nothing', () => {
  const { tree } = server().profile;
  for (const pattern of ['all threads', '']) {
    const finding = found(tree, pattern);
    assert.equal(finding.totals?.count, 0);
    assert.deepEqual(walkOf(tree, finding).names(1, 1), ['all threads']);
  }
});

test('a row says whether it matches before anything was counted; a pass is done in slices', () => {
  const feeder = new StackFeeder();
  feeder.add(Array.from({ length: 3000 }, (_, i) => ({ stack: ['main', `way_${i}`, 'end'], samples: 1 })));
  const { tree } = feeder.profile;
  const finding = new Finding(tree, { text: 'end', isExact: true });
  const end = tree.nodeCount - 1;
  assert.ok(finding.isMatch(end));
  assert.ok(!finding.isMatch(ROOT));
  const known = () => finding.totals?.count;
  assert.equal(known(), undefined);
  let slices = 1;
  while (!finding.step(() => true)) slices++;
  assert.equal(slices, Math.ceil(tree.nodeCount / 1024));
  assert.equal(known(), 3000);
  assert.ok(finding.isCurrent);
  feeder.add([{ stack: ['main', 'way_0', 'end'], samples: 1 }]);
  assert.ok(!finding.isCurrent);
});
