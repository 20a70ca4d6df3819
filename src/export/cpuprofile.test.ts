import assert from 'node:assert/strict';
import { test } from 'node:test';
import { syntheticRun } from '../../test/helpers/synthetic-run.ts';
import { ROOT } from '../profile/call-tree.ts';
import { importProfile } from '../record/import/import-profile.ts';
import { writeCpuProfile } from './cpuprofile.ts';

interface CpuProfile {
  readonly nodes: readonly {
    readonly id: number;
    readonly callFrame: { readonly functionName: string; readonly url: string };
    readonly children: readonly number[];
  }[];
  readonly startTime: number;
  readonly endTime: number;
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
  readonly 'x-prof-tui': { readonly engine: string };
}

const run = syntheticRun();
const text = [...writeCpuProfile(run)].join('');
const file = JSON.parse(text) as CpuProfile;

test('cpuprofile: one tree, every sample a node of it, and the deltas are the whole time', () => {
  const ids = new Set(file.nodes.map(({ id }) => id));
  assert.equal(ids.size, file.nodes.length);
  const children = file.nodes.flatMap((node) => node.children);
  assert.deepEqual(new Set(children).size, children.length);
  assert.deepEqual(
    [...ids].filter((id) => !children.includes(id)),
    [1],
  );
  assert.equal(file.nodes[0]?.callFrame.functionName, '(root)');
  assert(file.samples.every((id) => ids.has(id)));
  assert.equal(file.samples.length, file.timeDeltas.length);
  const sum = file.timeDeltas.reduce((total, delta) => total + delta, 0);
  assert.deepEqual([file.startTime, sum], [0, file.endTime]);
  assert.equal(file.endTime, Math.round(run.profile.tree.totalNs(ROOT) / 1000));
  assert.equal(file['x-prof-tui'].engine, 'cpu+ctimer');
});

test('cpuprofile: each function has its time, to the µs, in readers that add up from one sample to the next', () => {
  const own = new Map<string, number>();
  for (const [i, id] of file.samples.slice(0, -1).entries()) {
    const name = file.nodes[id - 1]?.callFrame.functionName ?? '?';
    own.set(name, (own.get(name) ?? 0) + (file.timeDeltas[i + 1] as number));
  }
  const { tree } = run.profile;
  for (let node = ROOT + 1; node < tree.nodeCount; node++) {
    const us = tree.selfNs(node) / 1000;
    if (us > 0)
      assert(Math.abs((own.get(tree.functionOf(node).name) ?? 0) - us) <= 1, tree.functionOf(node).name);
  }
});

test('cpuprofile: what we wrote comes back with its marks and its engine', () => {
  const { profile, meta } = importProfile(Buffer.from(text));
  assert.equal(profile.tree.totalNs(ROOT), file.endTime * 1000);
  assert.equal(meta?.['engine'], 'cpu+ctimer');
  const kinds = new Map<string, string>();
  for (let node = ROOT; node < profile.tree.nodeCount; node++) {
    const { name, kind } = profile.tree.functionOf(node);
    kinds.set(name, kind);
  }
  assert.deepEqual(
    ['[kernel: no symbols]', '[jit: no symbols]', 'ksys_write', 'read'].map((name) => kinds.get(name)),
    ['marked', 'marked', 'kernel', 'native'],
  );
});
