import assert from 'node:assert/strict';
import { test } from 'node:test';
import { periodNs, StackFeeder, type StackLine } from '../../test/helpers/synthetic-session.ts';
import { type CallTree, type NodeId, ROOT } from './call-tree.ts';
import type { ProfileFunction } from './functions.ts';
import { bucketCount } from './history.ts';
import type { Transform } from './transform.ts';
import { TransformedTree } from './transformed-tree.ts';

const never = () => false;

function feed(...stacks: readonly string[]): StackFeeder {
  const feeder = new StackFeeder();
  feeder.add(stacks.map(lineOf));
  return feeder;
}

/** `5 main read` */
function lineOf(text: string): StackLine {
  const [samples = '1', ...stack] = text.split(' ');
  return { stack, samples: Number(samples) };
}

function functionNamed(feeder: StackFeeder, name: string): ProfileFunction {
  const { tree } = feeder.profile;
  for (let node = 1; node < tree.nodeCount; node++) {
    if (tree.functionOf(node).name === name) return tree.functionOf(node);
  }
  throw new Error(`no function ${name}`);
}

/** `focus-function read`, `merge-node main read`, `collapse-module libc`, `keep read|write` */
function transformOf(feeder: StackFeeder, text: string): Transform {
  const [kind, first = '', ...others] = text.split(' ');
  const named = (name: string) => functionNamed(feeder, name);
  if (kind === 'focus-subtree' || kind === 'merge-node') return { kind, path: [first, ...others].map(named) };
  if (kind === 'collapse-module') return { kind, module: first };
  if (kind === 'hide-internals') return { kind };
  if (kind === 'keep') return { kind, query: { text: first, isExact: false } };
  return { kind: kind as Transform['kind'] & 'drop-function', function: named(first) };
}

function transformed(feeder: StackFeeder, ...transforms: readonly string[]): TransformedTree {
  const list = transforms.map((text) => transformOf(feeder, text));
  return new TransformedTree(feeder.profile.tree, list, feeder.profile.functions);
}

function pathOf(tree: CallTree, node: NodeId): string {
  const names: string[] = [];
  for (let at = node; at > ROOT; at = tree.parentOf(at)) names.unshift(tree.functionOf(at).name);
  return names.join(' ');
}

/** Own samples of every path that has any, as `5 main read`, sorted by path. */
function draw(tree: CallTree): string[] {
  return Array.from({ length: tree.nodeCount }, (_, node) => node)
    .filter((node) => tree.selfSamplesOf(node) > 0)
    .map((node) => `${tree.selfSamplesOf(node)} ${pathOf(tree, node)}`.trimEnd())
    .sort((a, b) => (a.replace(/^\d+ ?/, '') < b.replace(/^\d+ ?/, '') ? -1 : 1));
}

const cases: readonly {
  readonly transforms: readonly string[];
  readonly stacks: readonly string[];
  readonly becomes: readonly string[];
}[] = [
  {
    transforms: ['focus-function b'],
    stacks: ['1 a', '2 a b', '3 a b c', '4 x b c', '5 x y', '6 a b d b e'],
    becomes: ['2 b', '7 b c', '6 b d b e'],
  },
  {
    transforms: ['focus-subtree a b'],
    stacks: ['2 a b', '3 a b c', '4 x b c', '5 a a b c', '6 a c', '1 a'],
    becomes: ['2 b', '3 b c'],
  },
  {
    transforms: ['merge-function b'],
    stacks: ['2 a b', '3 a b c', '4 a c', '5 b', '6 a b b d'],
    becomes: ['5', '2 a', '7 a c', '6 a d'],
  },
  {
    transforms: ['merge-node a b'],
    stacks: ['2 a b', '3 a b c', '4 a c', '5 x b', '6 a b b d'],
    becomes: ['2 a', '6 a b d', '7 a c', '5 x b'],
  },
  {
    transforms: ['collapse-function b'],
    stacks: ['2 a b', '3 a b c', '4 a b c d', '5 c', '6 b x'],
    becomes: ['9 a b', '6 b', '5 c'],
  },
  {
    transforms: ['collapse-module libc'],
    stacks: [
      '2 a libc!b libc!c',
      '3 a libc!c d libc!b',
      '4 a e',
      '1 libc!b libc!b a',
      '5 a libc!c',
      '1 x libc!b',
      '2 x libc!c',
    ],
    becomes: ['4 a e', '7 a libc', '3 a libc d libc', '1 libc a', '3 x libc'],
  },
  {
    transforms: ['collapse-recursion b'],
    stacks: ['2 a b b', '3 a b c b d', '4 a b c', '5 b b b', '6 c b x b'],
    becomes: ['2 a b', '4 a b c', '3 a b d', '5 b', '6 c b'],
  },
  {
    transforms: ['drop-function b'],
    stacks: ['2 a b', '3 a b c', '4 a c', '5 c', '6 b'],
    becomes: ['4 a c', '5 c'],
  },
  {
    transforms: ['hide-internals'],
    stacks: [
      '1 main',
      '2 main uv_run',
      '3 main uv_run Builtins_A b',
      '4 main uv_run Builtins_A b Builtins_C',
      '5 uv_run',
    ],
    becomes: ['5', '3 main', '7 main b'],
  },
  {
    transforms: ['keep b|e'],
    stacks: ['1 a', '2 a b', '3 a b c', '4 a c', '5 e', '6 d'],
    becomes: ['2 a b', '3 a b c', '5 e'],
  },
  {
    transforms: ['keep module:LIBC'],
    stacks: ['1 a', '2 a LIBC!b c'],
    becomes: ['2 a b c'],
  },
  {
    transforms: ['merge-function b', 'focus-subtree a c', 'drop-function e'],
    stacks: ['1 a b c', '2 a c d', '3 a c b e', '4 c', '5 b a c d'],
    becomes: ['1 c', '7 c d'],
  },
];

for (const { transforms, stacks, becomes } of cases) {
  test(`${transforms.join(', then ')}: every stack goes where the rule says`, () => {
    const feeder = feed(...stacks);
    const tree = transformed(feeder, ...transforms);
    assert.equal(tree.step(never), true);
    assert.deepEqual(draw(tree), becomes);
  });
}

test('totals are those of what is below, at every node', () => {
  const feeder = feed('2 a b', '3 a b c', '4 a c', '5 c', '6 b d');
  const tree = transformed(feeder, 'merge-function b', 'drop-function d');
  tree.step(never);
  const names = (node: NodeId) => `${tree.functionOf(node).name} ${tree.samplesOf(node)}`;
  assert.deepEqual([ROOT, ...tree.childrenOf(ROOT)].map(names), ['all threads 14', 'a 9', 'c 5']);
  assert.equal(tree.totalNs(ROOT), 14 * periodNs);
});

const walk = ['collapse-recursion b', 'merge-function c', 'collapse-module libc', 'keep d|a'];

test('the growing profile in slices of any length: the same as one pass over all of it', () => {
  const feeder = new StackFeeder();
  let seed = 3;
  const random = (below: number) => {
    seed = (seed * 48_271) % 2_147_483_647;
    return seed % below;
  };
  const names = ['a', 'b', 'c', 'd', 'e', 'libc!read', 'libc!write'];
  feeder.add([{ stack: names, samples: 1 }]);
  const growing = transformed(feeder, ...walk);
  for (let round = 0; round < 30; round++) {
    const stack = () => Array.from({ length: 1 + random(9) }, () => names[random(names.length)] as string);
    feeder.add(Array.from({ length: 40 }, () => ({ stack: stack(), samples: 1 + random(3) })));
    feeder.advance(1e9);
    let looks = 0;
    growing.step(() => looks++ > random(3));
  }
  while (!growing.step(never) || !growing.isCurrent);
  const whole = transformed(feeder, ...walk);
  whole.step(never);
  assert.deepEqual(draw(growing), draw(whole));
  assert.ok(draw(whole).length > 500);
});

test('histories are those of the stacks that ended there, dropped ones left out', () => {
  const feeder = feed('4 a b c', '2 a b');
  const bars = (tree: CallTree, path: string) => {
    const out = new Float64Array(bucketCount);
    const node = Array.from({ length: tree.nodeCount }, (_, at) => at).find(
      (at) => pathOf(tree, at) === path,
    );
    tree.history(node as NodeId, out);
    return Array.from(out.subarray(bucketCount - 3), (ns) => Math.round(ns / periodNs));
  };
  feeder.advance(2.5e9);
  feeder.add([lineOf('3 a b c'), lineOf('5 a d b'), lineOf('1 a d')]);
  const merged = transformed(feeder, 'merge-function b');
  merged.step(never);
  merged.stepHistory(never);
  assert.deepEqual(bars(merged, 'a'), [0, 6, 9]);
  assert.deepEqual(bars(merged, 'a c'), [0, 4, 3]);
  assert.deepEqual(bars(merged, 'a d'), [0, 0, 6]);
  const dropped = transformed(feeder, 'drop-function c');
  dropped.step(never);
  dropped.stepHistory(never);
  assert.deepEqual(bars(dropped, ''), [0, 2, 6]);
  assert.deepEqual(bars(dropped, 'a b'), [0, 2, 0]);
  const focused = transformed(feeder, 'focus-function d');
  focused.step(never);
  focused.stepHistory(never);
  assert.deepEqual(bars(focused, ''), [0, 0, 6]);
  assert.deepEqual(bars(focused, 'd b'), [0, 0, 5]);
});

test('a node knows where it came from, and where a node of the source went', () => {
  const feeder = feed('2 a b c', '3 x b c', '1 x');
  const tree = transformed(feeder, 'focus-function b');
  tree.step(never);
  const source = feeder.profile.tree;
  const nodeAt = (of: CallTree, path: string) =>
    Array.from({ length: of.nodeCount }, (_, at) => at).find((at) => pathOf(of, at) === path) ?? -1;
  assert.equal(pathOf(source, tree.originOf(nodeAt(tree, 'b c'))), 'a b c');
  assert.equal(pathOf(tree, tree.placeOf(nodeAt(source, 'x b c'))), 'b c');
  assert.equal(tree.placeOf(nodeAt(source, 'x')), ROOT);
  assert.equal(tree.ownPlaceOf(nodeAt(source, 'x')), undefined);
});

test('nodes made anew: nothing more is learned, what was known stays on the screen', () => {
  const feeder = new StackFeeder();
  feeder.add([lineOf('2 a b'), lineOf('3 a c')], false);
  const { tree: source, functions } = feeder.profile;
  const root = source.childrenOf(ROOT)[0] as NodeId;
  const tree = new TransformedTree(
    source,
    [{ kind: 'merge-function', function: source.functionOf(root) }],
    functions,
  );
  tree.step(never);
  const before = draw(tree);
  feeder.nameAll();
  assert.ok(tree.isOutdated);
  assert.equal(tree.step(never), true);
  assert.deepEqual(draw(tree), before);
});
