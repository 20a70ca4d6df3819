import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type NodeId, ROOT } from './call-tree.ts';
import { type FrameKind, frameKinds } from './frames.ts';
import { Profile } from './profile.ts';

/** Frames by number: address 100 + number, named `f` or `g`. Stacks root first, with the thread and the weight. */
function profileOf(
  frames: readonly (readonly [name: string, kind?: FrameKind])[],
  samples: readonly (readonly [stack: readonly number[], weightNs: number, thread?: number])[],
): Profile {
  const profile = new Profile();
  const parents: number[] = [];
  const leaves: number[] = [];
  const stackOf = (stack: readonly number[]) =>
    stack.reduce((parent, frame) => {
      const known = parents.findIndex((each, at) => each === parent && leaves[at] === frame);
      if (known >= 0) return known + 1;
      parents.push(parent);
      return leaves.push(frame);
    }, 0);
  const stacks = samples.map(([stack]) => stackOf(stack));
  profile.add({
    frames: {
      kind: Uint8Array.from(frames, ([, kind = 'native']) => frameKinds.indexOf(kind)),
      module: Uint32Array.from(frames, () => 0),
      address: BigUint64Array.from(frames, (_, at) => BigInt(100 + at)),
      functionStart: BigUint64Array.from(frames, () => 0n),
    },
    stacks: { parent: Uint32Array.from(parents), frame: Uint32Array.from(leaves) },
    modules: [],
    threads: [
      { index: 0, thread: { tid: 1, name: 'a' } },
      { index: 1, thread: { tid: 2, name: 'b' } },
    ],
    samples: {
      timeNs: Float64Array.from(samples, () => 0),
      weightNs: Float64Array.from(samples, ([, weightNs]) => weightNs),
      thread: Uint32Array.from(samples, ([, , thread = 0]) => thread),
      stack: Uint32Array.from(stacks),
      samples: Uint32Array.from(samples, () => 1),
    },
  });
  profile.setNames(frames.map(([name], frame) => ({ frame, name, module: 'app', hasSymbol: name !== '' })));
  profile.settle(true);
  return profile;
}

function hot(
  profile: Profile,
  name: string,
  threads: ReadonlySet<number> = new Set(),
  isCounted?: (node: NodeId) => boolean,
) {
  const { tree } = profile;
  const nodes = Array.from({ length: tree.nodeCount }, (_, node) => tree.functionOf(node));
  const func = nodes.find((each, node) => node !== ROOT && each.name === name);
  assert.ok(func !== undefined);
  return profile
    .hotAddresses(func, { threads, isCounted })
    .map(({ frame, selfNs, totalNs }) => [Number(frame.address), selfNs, totalNs]);
}

test('addresses of one function, hottest first: self where it ran, total where it called from', () => {
  const profile = profileOf(
    [['main'], ['f'], ['f'], ['g']],
    [
      [[0, 1], 30],
      [[0, 2], 10],
      [[0, 2, 3], 50],
      [[0, 3], 5],
    ],
  );
  assert.deepEqual(hot(profile, 'f'), [
    [102, 10, 60],
    [101, 30, 30],
  ]);
  assert.deepEqual(hot(profile, 'g'), [[103, 55, 55]]);
  assert.deepEqual(hot(profile, 'main'), [[100, 0, 95]]);
});

test('recursion counts each sample once, at the innermost address', () => {
  const profile = profileOf(
    [['f'], ['f'], ['g']],
    [
      [[0, 0, 0, 1], 7],
      [[0, 0, 2], 3],
    ],
  );
  assert.deepEqual(hot(profile, 'f'), [
    [101, 7, 7],
    [100, 0, 3],
  ]);
});

test('only the threads that are chosen count', () => {
  const profile = profileOf(
    [['f'], ['f']],
    [
      [[0], 7, 0],
      [[1], 3, 1],
    ],
  );
  assert.deepEqual(hot(profile, 'f', new Set([1])), [[101, 3, 3]]);
});

test('a kernel function of the same name is another one, and so is an address without a name', () => {
  const profile = profileOf(
    [['read'], ['read', 'kernel'], ['']],
    [
      [[0], 7],
      [[0, 1], 3],
      [[2], 2],
    ],
  );
  assert.deepEqual(hot(profile, 'read'), [[100, 7, 10]]);
  assert.deepEqual(hot(profile, '0x66'), [[102, 2, 2]]);
});

test('a stack 5,000 frames deep and a 100,000 stacks wide are one pass', () => {
  const deep = Array.from({ length: 5000 }, () => 0);
  assert.deepEqual(hot(profileOf([['f']], [[deep, 9]]), 'f'), [[100, 9, 9]]);
});

test('what is inlined at an address has its time there, the function round it only the total', () => {
  const profile = profileOf(
    [['f'], ['f'], ['g']],
    [
      [[0], 7],
      [[1], 3],
      [[0, 2], 5],
    ],
  );
  const inlined = [{ name: 'twice' }, { name: 'step' }];
  profile.setNames([{ frame: 0, name: 'f', module: 'app', hasSymbol: true, inlined }]);
  profile.settle(true);
  assert.deepEqual(hot(profile, 'f'), [
    [100, 0, 12],
    [101, 3, 3],
  ]);
  assert.deepEqual(hot(profile, 'twice'), [[100, 0, 12]]);
  assert.deepEqual(hot(profile, 'step'), [[100, 7, 12]]);
});
