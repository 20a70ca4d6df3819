import assert from 'node:assert/strict';
import { test } from 'node:test';
import { StackFeeder, serverStacks } from '../../test/helpers/synthetic-session.ts';
import { type CallTree, ROOT } from '../profile/call-tree.ts';
import { Profile } from '../profile/profile.ts';
import { TreeSource } from './tree-source.ts';

function picture(tree: CallTree, node = ROOT): string {
  const row = `${tree.functionOf(node).name} ${tree.totalNs(node)} ${tree.selfNs(node)} ${tree.samplesOf(node)}`;
  return [row, ...tree.childrenOf(node).map((child) => picture(tree, child))].join('\n');
}

function pathOf(tree: CallTree, node: number): string {
  const names: string[] = [];
  for (let at = node; at > ROOT; at = tree.parentOf(at)) names.unshift(tree.functionOf(at).name);
  return names.join('/');
}

test('a paused tree stands still in every figure while the living one goes on', () => {
  const feeder = new StackFeeder();
  feeder.add(serverStacks);
  const source = new TreeSource(() => feeder.profile);
  source.pause();
  const before = picture(source.tree);
  const history = new Float64Array(12);
  source.tree.history(ROOT, history);
  feeder.advance(3e9);
  feeder.add([...serverStacks, { stack: ['main', 'brand_new'], samples: 5 }]);
  assert.equal(picture(source.tree), before);
  assert.notEqual(picture(feeder.profile.tree), before);
  const later = new Float64Array(12);
  source.tree.history(ROOT, later);
  assert.deepEqual(later, history);
  assert.equal(source.samplesSincePause, 105);
  assert.equal(source.samples, 100);
});

test('nodes follow late names: one step per generation', () => {
  const feeder = new StackFeeder();
  feeder.add(serverStacks, false);
  const source = new TreeSource(() => feeder.profile);
  const deepest = source.tree.nodeCount - 2;
  const depth = source.tree.depthOf(deepest);
  assert.equal(source.follow(), undefined);
  feeder.nameAll();
  const successorOf = source.follow();
  assert.ok(successorOf);
  assert.equal(source.tree.depthOf(successorOf(deepest)), depth);
  assert.equal(source.follow(), undefined);
});

test('names that come during a pause change nothing on the screen; resuming finds every node again', () => {
  const feeder = new StackFeeder();
  feeder.add(serverStacks, false);
  const source = new TreeSource(() => feeder.profile);
  source.pause();
  const frozen = picture(source.tree);
  feeder.nameAll();
  assert.equal(source.follow(), undefined);
  assert.equal(picture(source.tree), frozen);
  feeder.profile.setKernelCollapsed(true);
  feeder.profile.settle();
  source.follow();
  const kernelNodes = [...Array(source.tree.nodeCount).keys()];
  const depths = kernelNodes.map((node) => source.tree.depthOf(node));
  const resumed = source.resume();
  for (const node of kernelNodes) {
    assert.ok(source.tree.depthOf(resumed(node)) <= (depths[node] ?? 0), pathOf(source.tree, resumed(node)));
  }
  const page = kernelNodes.find((node) =>
    pathOf(source.tree, resumed(node)).endsWith('renderPage/escapeHtml'),
  );
  assert.ok(page !== undefined);
});

test('after a reset, another profile or two generations at once only the root is certain', () => {
  const feeder = new StackFeeder();
  feeder.add(serverStacks);
  let profile = feeder.profile;
  const source = new TreeSource(() => profile);
  profile.reset();
  assert.equal(source.follow()?.(3), ROOT);
  feeder.add(serverStacks);
  profile.setKernelCollapsed(true);
  profile.settle();
  profile.setKernelCollapsed(false);
  profile.settle();
  assert.equal(source.follow()?.(3), ROOT);
  profile = new Profile();
  assert.equal(source.follow()?.(3), ROOT);
  assert.equal(source.tree, profile.tree);
});

test('a choice of threads holds through late names, a pause and another profile of the session', () => {
  const feeders = [new StackFeeder(), new StackFeeder()] as const;
  feeders[0].add(serverStacks, false);
  feeders[1].add([...serverStacks, ...serverStacks]);
  let feeder: StackFeeder = feeders[0];
  const source = new TreeSource(() => feeder.profile);
  source.setBounds({ threads: new Set([1]), label: 'thread 101' });
  const samples = () => {
    source.follow();
    source.bound(() => false);
    return source.samples;
  };
  assert.equal(samples(), 23);
  feeder.nameAll();
  assert.equal(samples(), 23);
  source.pause();
  feeder.add(serverStacks);
  assert.equal(source.samples, 23);
  assert.equal(source.samplesSincePause, 100);
  source.resume();
  assert.equal(samples(), 46);
  feeder = feeders[1];
  assert.equal(samples(), 46);
  assert.equal(source.tree.functionOf(ROOT).name, 'thread 101');
  source.setBounds({ threads: new Set(), label: '' });
  assert.equal(source.samples, 200);
});
