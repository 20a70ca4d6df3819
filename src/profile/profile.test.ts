import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Batch } from './batch.ts';
import { type NodeId, ROOT } from './call-tree.ts';
import { type FrameKind, frameKinds } from './frames.ts';
import { bucketCount } from './history.ts';
import { Profile } from './profile.ts';

interface SampleRow {
  readonly stack: number;
  readonly weightNs: number;
  readonly timeNs?: number;
  readonly thread?: number;
}

/** A batch from plain rows: frames by kind, stacks as [parent, frame] pairs. */
function batch(kinds: FrameKind[], stacks: (readonly [number, number])[], samples: SampleRow[]): Batch {
  return {
    frames: {
      kind: Uint8Array.from(kinds, (kind) => frameKinds.indexOf(kind)),
      module: Uint32Array.from(kinds, () => 0xffffffff),
      address: BigUint64Array.from(kinds, (_, i) => BigInt(4096 + i)),
      functionStart: BigUint64Array.from(kinds, () => 0n),
    },
    stacks: {
      parent: Uint32Array.from(stacks, ([parent]) => parent),
      frame: Uint32Array.from(stacks, ([, frame]) => frame),
    },
    modules: [],
    threads: [
      { index: 0, thread: { tid: 100, name: 'main' } },
      { index: 1, thread: { tid: 101, name: 'worker' } },
    ],
    samples: {
      timeNs: Float64Array.from(samples, (s) => s.timeNs ?? 0),
      weightNs: Float64Array.from(samples, (s) => s.weightNs),
      thread: Uint32Array.from(samples, (s) => s.thread ?? 0),
      stack: Uint32Array.from(samples, (s) => s.stack),
      samples: Uint32Array.from(samples, () => 1),
    },
  };
}

const named = (frame: number, name: string) => ({ frame, name, module: 'app', hasSymbol: true });
const unnamed = (frame: number) => ({ frame, name: '', module: '', hasSymbol: false });

/** The tree as indented text: name total self. */
function draw(profile: Profile, node: NodeId = ROOT, indent = ''): string[] {
  const { tree } = profile;
  const line = `${indent}${tree.functionOf(node).name} ${tree.totalNs(node)} ${tree.selfNs(node)}`;
  return [line, ...tree.childrenOf(node).flatMap((child) => draw(profile, child, `${indent}  `))];
}

/** main -> read -> two kernel frames, and main alone. */
function readerProfile(): Profile {
  const profile = new Profile();
  const stacks = [[0, 0] as const, [1, 1] as const, [2, 2] as const, [3, 3] as const];
  const samples = [
    { stack: 4, weightNs: 10 },
    { stack: 1, weightNs: 5 },
    { stack: 3, weightNs: 2, thread: 1 },
  ];
  const wanted = profile.add(batch(['native', 'native', 'kernel', 'kernel'], stacks, samples));
  assert.deepEqual(
    wanted.map((frame) => frame.id),
    [0, 1, 2, 3],
  );
  return profile;
}

test('a stack waits for its first names, then stands in the tree; its weight counts at once', () => {
  const profile = readerProfile();
  assert.equal(profile.weightNs, 17);
  assert.deepEqual(draw(profile), ['all threads 0 0']);
  profile.setNames([named(0, 'main')]);
  assert.equal(profile.settle(), false);
  assert.deepEqual(draw(profile), ['all threads 5 0', '  main 5 5']);
});

test('hidden kernel names: one marked node; names that come later bring the kernel frames back', () => {
  const profile = readerProfile();
  profile.setNames([named(0, 'main'), named(1, 'read'), unnamed(2), unnamed(3)]);
  profile.settle();
  assert.deepEqual(draw(profile), [
    'all threads 17 0',
    '  main 17 5',
    '    read 12 0',
    '      [kernel: no symbols] 12 12',
  ]);
  const read = profile.tree.childrenOf(profile.tree.childrenOf(ROOT)[0] as NodeId)[0] as NodeId;
  const marked = profile.tree.childrenOf(read)[0] as NodeId;
  profile.setNames([named(2, 'ksys_read'), named(3, 'vfs_read')]);
  assert.equal(profile.settle(), true);
  assert.deepEqual(draw(profile).slice(3), ['      ksys_read 12 2', '        vfs_read 10 10']);
  assert.equal(profile.tree.functionOf(profile.successorOf(read)).name, 'read');
  assert.equal(profile.tree.functionOf(profile.successorOf(marked)).name, 'ksys_read');
});

test('frames placed without an answer get their name later', () => {
  const profile = readerProfile();
  profile.settle(true);
  assert.equal(profile.tree.totalNs(ROOT), 17);
  profile.setNames([named(0, 'main'), named(1, 'read'), named(2, 'a'), named(3, 'b')]);
  assert.equal(profile.settle(), true);
  assert.deepEqual(draw(profile)[1], '  main 17 5');
});

test('not sampled time is a child of the root and makes the root the CPU clock; it survives a rebuild', () => {
  const profile = readerProfile();
  profile.setNames([0, 1, 2, 3].map((frame) => named(frame, `f${frame}`)));
  profile.settle();
  profile.setUnsampled('[not sampled]', 3);
  assert.equal(profile.tree.totalNs(ROOT), 20);
  const node = profile.tree.childrenOf(ROOT)[1] as NodeId;
  profile.setNames([named(0, 'start')]);
  profile.settle();
  assert.equal(profile.tree.totalNs(ROOT), 20);
  assert.equal(profile.tree.functionOf(profile.successorOf(node)).name, '[not sampled]');
  profile.setUnsampled('[not sampled]', 1);
  assert.equal(profile.tree.totalNs(ROOT), 18);
});

test('collapsing the kernel folds names too and keeps all weight; opening it again restores the tree', () => {
  const profile = readerProfile();
  profile.setNames([0, 1, 2, 3].map((frame) => named(frame, `f${frame}`)));
  profile.settle();
  const before = draw(profile);
  profile.setKernelCollapsed(true);
  profile.settle();
  assert.deepEqual(draw(profile).slice(2), ['    f1 12 0', '      [kernel] 12 12']);
  profile.setKernelCollapsed(false);
  profile.settle();
  assert.deepEqual(draw(profile), before);
});

test('recent history: buckets of 2.5 s, the same after a rebuild, old ones fall out', () => {
  const profile = new Profile();
  const at = (seconds: number) => ({ stack: 1, weightNs: 1, timeNs: seconds * 1e9 });
  profile.add(batch(['native'], [[0, 0]], [at(0), at(1), at(6), at(29)]));
  profile.setNames([named(0, 'main')]);
  profile.settle();
  profile.setNow(29e9);
  const out = new Float64Array(bucketCount);
  const read = (): number[] => {
    profile.tree.history(profile.tree.childrenOf(ROOT)[0] as NodeId, out);
    return [...out];
  };
  assert.deepEqual(read(), [2, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 1]);
  profile.setNames([named(0, 'start')]);
  profile.settle();
  assert.deepEqual(read(), [2, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 1]);
  profile.setNow(31e9);
  assert.deepEqual(read(), [0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0]);
});

test('share delta compares the last 10 s with the 10 s before', () => {
  const profile = new Profile();
  const samples = [
    { stack: 1, weightNs: 50, timeNs: 11e9 },
    { stack: 2, weightNs: 50, timeNs: 11e9 },
    { stack: 1, weightNs: 90, timeNs: 21e9 },
    { stack: 2, weightNs: 10, timeNs: 21e9 },
  ];
  profile.add(batch(['native', 'native'], [[0, 0] as const, [0, 1] as const], samples));
  profile.setNames([named(0, 'a'), named(1, 'b')]);
  profile.settle();
  profile.setNow(28e9);
  const [a, b] = profile.tree.childrenOf(ROOT) as [NodeId, NodeId];
  assert.equal(profile.tree.shareDelta(a)?.toFixed(3), '0.400');
  assert.equal(profile.tree.shareDelta(b)?.toFixed(3), '-0.400');
});

test('threads under a node, heaviest first', () => {
  const profile = readerProfile();
  profile.setNames([0, 1, 2, 3].map((frame) => named(frame, `f${frame}`)));
  profile.settle();
  const main = profile.tree.childrenOf(ROOT)[0] as NodeId;
  assert.deepEqual(
    profile.threadsUnder(main).map(({ tid, weightNs }) => [tid, weightNs]),
    [
      [100, 15],
      [101, 2],
    ],
  );
});

test('reset forgets weights, not names: new samples stand in the tree at once', () => {
  const profile = readerProfile();
  profile.setNames([0, 1, 2, 3].map((frame) => named(frame, `f${frame}`)));
  profile.settle();
  profile.reset();
  assert.deepEqual([profile.samples, profile.weightNs, profile.tree.nodeCount], [0, 0, 1]);
  profile.add(batch([], [], [{ stack: 1, weightNs: 4 }]));
  assert.deepEqual(draw(profile), ['all threads 4 0', '  f0 4 4']);
});

test('any order of names and samples gives the same tree', () => {
  const names = [0, 1, 2, 3].map((frame) => (frame < 2 ? named(frame, `f${frame}`) : unnamed(frame)));
  const straight = readerProfile();
  straight.setNames(names);
  straight.settle();
  for (const order of [
    [3, 0, 2, 1],
    [1, 3, 0, 2],
    [2, 1, 3, 0],
  ]) {
    const profile = readerProfile();
    for (const i of order) {
      profile.setNames([names[i] as (typeof names)[number]]);
      profile.settle();
    }
    assert.deepEqual(draw(profile).sort(), draw(straight).sort());
  }
});

test('a forced settle right after a changed name places what waits for its first one', () => {
  const profile = new Profile();
  const stacks = [[0, 0] as const, [0, 1] as const];
  profile.add(batch(['native', 'native'], stacks, [{ stack: 1, weightNs: 5 }]));
  profile.setNames([named(0, 'early')]);
  profile.settle(true);
  profile.addSamples(batch([], [], [{ stack: 2, weightNs: 7 }]).samples);
  profile.setNames([named(0, 'changed')]);
  profile.settle(true);
  assert.equal(profile.tree.totalNs(ROOT), 12);
});

test('what is inlined at the address of a frame stands between it and its callee, and is one function everywhere', () => {
  const profile = new Profile();
  const stacks = [[0, 0] as const, [1, 1] as const, [0, 2] as const];
  profile.add(
    batch(['native', 'native', 'native'], stacks, [
      { stack: 2, weightNs: 10 },
      { stack: 1, weightNs: 5 },
      { stack: 3, weightNs: 2 },
    ]),
  );
  const origin = { runtime: 'go', script: '/src/a.go', line: 3 } as const;
  profile.setNames([
    { ...named(0, 'main'), inlined: [{ name: 'twice' }, { name: 'step', ...origin }] },
    named(1, 'leaf'),
    { ...named(2, 'step'), ...origin },
  ]);
  profile.settle();
  const chain = [
    'all threads 17 0',
    '  main 15 0',
    '    twice 15 0',
    '      step 15 5',
    '        leaf 10 10',
  ];
  assert.deepEqual(draw(profile), [...chain, '  step 2 2']);
  const functions = Array.from({ length: profile.tree.nodeCount }, (_, node) =>
    profile.tree.functionOf(node),
  );
  assert.equal(new Set(functions.filter(({ name }) => name === 'step')).size, 1);
  profile.setNames([named(0, 'main')]);
  profile.settle();
  assert.deepEqual(draw(profile), ['all threads 17 0', '  main 15 5', '    leaf 10 10', '  step 2 2']);
});
