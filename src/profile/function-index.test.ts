import assert from 'node:assert/strict';
import { test } from 'node:test';
import { StackFeeder, type StackLine, serverStacks } from '../../test/helpers/synthetic-session.ts';
import { type CallTree, ROOT } from './call-tree.ts';
import { FunctionIndex } from './function-index.ts';

const never = () => false;

/** `name self total` in samples, by name. */
function figures(index: FunctionIndex): string[] {
  return index.functions
    .filter(({ id }) => index.samples(id) > 0)
    .map(({ id, name }) => `${name} ${index.selfSamples(id)} ${index.samples(id)}`)
    .sort();
}

/** The same, counted stack by stack. */
function counted(lines: readonly StackLine[]): string[] {
  const self = new Map<string, number>();
  const total = new Map<string, number>();
  const add = (sums: Map<string, number>, name: string, samples: number) =>
    sums.set(name, (sums.get(name) ?? 0) + samples);
  for (const { stack, samples } of lines) {
    add(self, stack.at(-1) ?? '', samples);
    for (const name of new Set(stack)) add(total, name, samples);
    add(total, 'all threads', samples);
  }
  return Array.from(total, ([name, samples]) => `${name} ${self.get(name) ?? 0} ${samples}`).sort();
}

function randomStacks(stacks: number, names: number): StackLine[] {
  let seed = 7;
  const random = (n: number) => {
    seed = (seed * 48_271) % 2_147_483_647;
    return seed % n;
  };
  return Array.from({ length: stacks }, () => ({
    stack: Array.from({ length: 1 + random(15) }, () => `f${random(names)}`),
    samples: 1 + random(9),
  }));
}

function nodeOf(tree: CallTree, name: string): number {
  for (let node = 0; node < tree.nodeCount; node++) if (tree.functionOf(node).name === name) return node;
  throw new Error(`no node ${name}`);
}

test('self and total of a function over all its places; recursion counts once', () => {
  for (const names of [2, 5, 40]) {
    const lines = randomStacks(500, names);
    const feeder = new StackFeeder();
    feeder.add(lines);
    const index = new FunctionIndex(feeder.profile.tree, ROOT);
    assert.equal(index.step(never), true);
    assert.deepEqual(figures(index), counted(lines));
  }
});

test('a tree that grows between passes and slices of any length give the same sums', () => {
  const lines = randomStacks(3000, 12);
  const feeder = new StackFeeder();
  const index = new FunctionIndex(feeder.profile.tree, ROOT);
  for (let at = 0; at < lines.length; at += 250) {
    feeder.add(lines.slice(at, at + 250));
    while (!index.step(() => true));
  }
  assert.deepEqual(figures(index), counted(lines));
});

test('a slice ends when its time is over, and what it shows is the pass before', () => {
  const feeder = new StackFeeder();
  feeder.add(randomStacks(2000, 30));
  const index = new FunctionIndex(feeder.profile.tree, ROOT);
  let slices = 1;
  while (!index.step(() => true)) {
    assert.deepEqual(figures(index), []);
    slices++;
  }
  assert.ok(slices >= feeder.profile.tree.nodeCount / 2048, `${slices} slices`);
  assert.ok(index.isCurrent);
  feeder.add([{ stack: ['f0'], samples: 1 }]);
  assert.ok(!index.isCurrent);
});

test('one tree at different bases and with different weights shares what only its shape tells', () => {
  const lines = randomStacks(4000, 20);
  const feeder = new StackFeeder();
  feeder.add(lines.slice(0, 3000));
  const { profile } = feeder;
  const index = new FunctionIndex(profile.tree, ROOT);
  // Grows while most of it is still to be learned.
  assert.equal(
    index.step(() => true),
    false,
  );
  feeder.add(lines.slice(3000));
  while (!index.step(() => true) || !index.isCurrent);
  assert.deepEqual(figures(index), counted(lines));
  const bounded = profile.bounded({ threads: new Set([0]), label: 'all threads' });
  bounded.step(never);
  assert.equal(bounded.places, profile.tree.places);
  const ofThread = new FunctionIndex(bounded, ROOT);
  ofThread.step(never);
  assert.deepEqual(figures(ofThread), counted(lines));
});

test('below a base only its subtree counts, with the recursion inside it', () => {
  const feeder = new StackFeeder();
  feeder.add([
    ...serverStacks,
    { stack: ['main', 'uv_run', 'Server.handle', 'main', 'renderPage'], samples: 5 },
  ]);
  const { tree } = feeder.profile;
  const index = new FunctionIndex(tree, nodeOf(tree, 'Server.handle'));
  index.step(never);
  assert.deepEqual(figures(index), [
    'Server.handle 0 52',
    'escapeHtml 22 22',
    'main 0 5',
    'renderPage 30 52',
  ]);
  const renderPage = index.functions.find(({ name }) => name === 'renderPage')?.id ?? -1;
  assert.equal([...index.nodesOf(renderPage)].length, 2);
});

test('a stack 5,000 frames deep, all of one function, is one outermost place', () => {
  const feeder = new StackFeeder();
  feeder.add([{ stack: Array.from({ length: 5000 }, () => 'again'), samples: 3 }]);
  const index = new FunctionIndex(feeder.profile.tree, ROOT);
  index.step(never);
  assert.deepEqual(figures(index), ['again 3 3', 'all threads 0 3']);
  const again = index.functions.find(({ name }) => name === 'again')?.id ?? -1;
  assert.equal([...index.nodesOf(again)].filter((node) => index.isOutermost(node)).length, 1);
});

test('an empty tree has no function with weight', () => {
  const index = new FunctionIndex(new StackFeeder().profile.tree, ROOT);
  assert.equal(index.step(never), true);
  assert.deepEqual(figures(index), []);
});
