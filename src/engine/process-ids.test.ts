import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ROOT } from '../profile/call-tree.ts';
import { type FrameKind, frameKinds } from '../profile/frames.ts';
import type { Profile } from '../profile/profile.ts';
import { runtimeAddress, runtimePlaceOf } from '../profile/runtime-place.ts';
import type { NativeBatch } from './native.ts';
import { IdSpace, laterThreads, ProcessIds } from './process-ids.ts';
import { UnitProfiles } from './unit-profiles.ts';

interface Drained {
  /** New frames: [kind, module, address]. */
  readonly frames?: readonly (readonly [FrameKind, number, bigint])[];
  /** New stacks: [parent, frame]. */
  readonly stacks?: readonly (readonly [number, number])[];
  readonly modules?: readonly string[];
  readonly firstModule?: number;
  readonly threads?: NativeBatch['threads'];
  /** Names of a runtime's functions. */
  readonly functions?: readonly string[];
  /** [stack, thread, weight, start]. */
  readonly samples?: readonly (readonly [number, number, number, number])[];
}

/** What a native session hands over, in its own ids. */
function drained(of: Drained): NativeBatch {
  const { frames = [], stacks = [], modules = [], samples = [] } = of;
  return {
    rows: {
      frameKind: Uint8Array.from(frames, ([kind]) => frameKinds.indexOf(kind)),
      frameModule: Uint32Array.from(frames, ([, module]) => (module < 0 ? 0xffffffff : module)),
      frameAddress: BigUint64Array.from(frames, ([, , address]) => address),
      frameFunctionStart: BigUint64Array.from(frames, () => 0n),
      stackParent: Uint32Array.from(stacks, ([parent]) => parent),
      stackFrame: Uint32Array.from(stacks, ([, frame]) => frame),
    },
    modules: modules.map((path, i) => ({
      id: (of.firstModule ?? 0) + i,
      path,
      buildId: '',
      fd: -1,
      openedBy: 'none',
    })),
    threads: of.threads ?? [],
    functions: (of.functions ?? []).map((name) => ({ name, script: '', line: 0, runtime: 0 })),
    timeNs: Float64Array.from(samples, () => 5),
    weightNs: Float64Array.from(samples, ([, , weight]) => weight),
    thread: Uint32Array.from(samples, ([, thread]) => thread),
    stack: Uint32Array.from(samples, ([stack]) => stack),
    span: Uint32Array.from(samples, ([, , , start]) => start),
    samples: Uint32Array.from(samples, () => 1),
  };
}

/** `path weight` of each node below the root. */
function nodes(profile: Profile): Set<string> {
  const { tree } = profile;
  const list = (node: number, path: string): string[] =>
    tree.childrenOf(node).flatMap((child) => {
      const here = `${path}/${tree.functionOf(child).name}`;
      return [`${here} ${tree.totalNs(child)}`, ...list(child, here)];
    });
  return new Set(list(ROOT, ''));
}

test('batches of two processes by turns make one tree, each process under its own frame', () => {
  const space = new IdSpace();
  const [first, second] = [new ProcessIds(space), new ProcessIds(space)];
  const profiles = new UnitProfiles();
  const unnamed: string[] = [];
  const take = (ids: ProcessIds, pid: number, of: Drained): void => {
    const batch = ids.renumber(drained(of), { pid, offsetNs: pid * 1000, spanOf: (start) => start + pid });
    const name = { frame: ids.rootFrame ?? -1, name: `p${pid}`, module: '', hasSymbol: true };
    const frames = profiles.add(batch, () => 'cpu', [name]);
    unnamed.push(...frames.map(({ id, module }) => `${id} in ${profiles.of('cpu').modules[module]?.path}`));
    profiles.setNames(
      frames.map(({ id, address }) => ({ frame: id, name: `f${address}`, module: '', hasSymbol: true })),
    );
    assert.deepEqual(
      [...batch.span],
      (of.samples ?? []).map(([, , , start]) => start + pid),
    );
    assert.deepEqual(
      [...batch.timeNs],
      (of.samples ?? []).map(() => 5 + pid * 1000),
    );
  };
  const shared: Drained = {
    frames: [
      ['native', 0, 1n],
      ['native', 0, 2n],
    ],
    stacks: [
      [0, 0],
      [1, 1],
    ],
    threads: [{ index: 0, tid: 1, name: 'one' }],
    samples: [[2, 0, 10, 0]],
  };
  take(first, 7, { ...shared, modules: ['/a'] });
  take(second, 8, { ...shared, modules: ['/b'], threads: [{ index: 0, tid: 2, name: 'two' }] });
  // Later batches refer to what came before, and a stack may be empty.
  take(first, 7, {
    frames: [['native', 1, 3n]],
    stacks: [[1, 2]],
    modules: ['/c'],
    firstModule: 1,
    samples: [
      [3, 0, 4, 1],
      [0, 0, 1, 1],
    ],
  });
  // Frames of a runtime hold the number of a function of that process, and a line of their own each.
  const runtime = (name: string): Drained => ({
    frames: [
      ['runtime', -1, runtimeAddress({ function: 0, line: 7 })],
      ['runtime', -1, runtimeAddress({ function: 0, line: 9 })],
    ],
    functions: [name],
  });
  take(first, 7, { ...runtime('js7'), stacks: [[0, 3]], samples: [[4, 0, 6, 1]] });
  take(second, 8, {
    ...runtime('js8'),
    stacks: [
      [0, 2],
      [0, 3],
    ],
    samples: [
      [3, 0, 2, 0],
      [4, 0, 3, 0],
    ],
  });
  take(second, 8, { samples: [[1, 0, 2, 0]] });
  profiles.settle(true);
  const profile = profiles.of('cpu');
  const js8 = profile.tree
    .childrenOf(ROOT)
    .flatMap((node) => profile.tree.childrenOf(node))
    .find((node) => profile.tree.functionOf(node).name === 'js8');
  const func = profile.tree.functionOf(js8 ?? ROOT);
  const hot = profile.hotAddresses(func, { threads: new Set() });
  assert.deepEqual(
    hot.map(({ frame, totalNs }) => [runtimePlaceOf(frame.address), totalNs]),
    [
      [{ function: 1, line: 9 }, 3],
      [{ function: 1, line: 7 }, 2],
    ],
  );
  assert.deepEqual(
    nodes(profile),
    new Set([
      '/p7 21',
      '/p7/f1 14',
      '/p7/f1/f2 10',
      '/p7/f1/f3 4',
      '/p7/js7 6',
      '/p8 17',
      '/p8/f1 12',
      '/p8/f1/f2 10',
      '/p8/js8 5',
    ]),
  );
  assert.deepEqual(unnamed, ['1 in /a', '2 in /a', '4 in /b', '5 in /b', '6 in /c']);
  assert.deepEqual(
    profile.threadsUnder(ROOT).map(({ tid, weightNs }) => `${tid} ${weightNs}`),
    ['1 21', '2 17'],
  );
});

test('threads beyond the bound are one entry, told once, and keep all their time', () => {
  const space = new IdSpace(3);
  const [first, second] = [new ProcessIds(space), new ProcessIds(space)];
  const profiles = new UnitProfiles();
  const take = (ids: ProcessIds, pid: number, index: number, name = `${pid}-${index}`) => {
    const of = { threads: [{ index, tid: pid + index, name }], samples: [[0, index, 10, 0]] } as const;
    const batch = ids.renumber(drained(of), { pid, offsetNs: 0, spanOf: () => 0 });
    profiles.add(batch, () => 'cpu', [
      { frame: ids.rootFrame ?? -1, name: `p${pid}`, module: '', hasSymbol: true },
    ]);
    return batch.threads.length;
  };
  const told: number[] = [];
  for (let index = 0; index < 50; index++) told.push(take(first, 100, index), take(second, 200, index));
  // One that is told apart goes on to be, under a new name too.
  take(first, 100, 0, 'renamed');
  assert.deepEqual(told.slice(0, 6), [1, 1, 1, 1, 0, 0]);
  const { threads, threadTotals } = profiles.of('cpu');
  assert.deepEqual(
    threads.map(({ tid, name }) => `${tid} ${name}`),
    ['100 renamed', '200 200-0', '101 100-1', `0 ${laterThreads.name}`],
  );
  assert.deepEqual(
    threads.map((_, index) => threadTotals.weightNs(index)),
    [20, 10, 10, 970],
  );
});

test('a process that is renamed keeps its node', () => {
  const ids = new ProcessIds(new IdSpace());
  const profiles = new UnitProfiles();
  const batch = ids.renumber(
    drained({ threads: [{ index: 0, tid: 1, name: 'a' }], samples: [[0, 0, 3, 0]] }),
    {
      pid: 7,
      offsetNs: 0,
      spanOf: () => 0,
    },
  );
  const frame = ids.rootFrame ?? -1;
  profiles.add(batch, () => 'cpu', [{ frame, name: 'sh [7]', module: '', hasSymbol: true }]);
  assert.deepEqual(nodes(profiles.of('cpu')), new Set(['/sh [7] 3']));
  profiles.setNames([{ frame, name: 'cc1 [7]', module: '', hasSymbol: true }]);
  profiles.settle();
  assert.deepEqual(nodes(profiles.of('cpu')), new Set(['/cc1 [7] 3']));
});
