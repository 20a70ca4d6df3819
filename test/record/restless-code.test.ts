/** Code that does not last in processes of Node and CPython: no wrong name, and the program does what it would do alone. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  profileOf,
  type RecordedNode,
  type RecordedProfile,
  recordCpu,
  startCli,
  untilRecording,
} from '../helpers/cli.ts';
import { startNode } from '../helpers/node-target.ts';
import { interpreters, startPython } from '../helpers/python-target.ts';
import { inclusiveShare, paths, selfShare } from '../helpers/tree.ts';
import { type Calls, untrueCalls } from '../helpers/true-calls.ts';
import { waitForCpu } from '../helpers/truth.ts';

/** What it says at its end. */
function assertUnharmed(lines: readonly string[]): void {
  const { rounds, errors } = JSON.parse(lines.at(-1) ?? '') as { rounds: number; errors: number };
  assert.equal(errors, 0);
  assert(rounds > 0);
}

/** `burn` of `burn restless.cjs:12`. Made functions have no file. */
function functionOf(row: string): string | undefined {
  return /^(\w+|<module>) restless\.(?:cjs|py):\d+$/.exec(row)?.[1];
}

/** Its row, as the profile has it. */
function rowOf({ tree }: RecordedProfile, name: string): string {
  return [...paths(tree)].find(({ node }) => functionOf(node.name) === name)?.node.name ?? `no ${name}`;
}

const engines = [
  ['-e', 'cpu'],
  ['-e', 'ctimer'],
] as const;

/** How V8 is made restless: what is flags here happens to programs that run for days. */
const storms = [
  {
    storm: 'optimized and deoptimized all the time',
    flags: ['--deopt-every-n-times=200', '--interrupt-budget=2000'],
  },
  {
    storm: 'code flushed as soon as it is not used',
    flags: ['--stress-flush-code', '--gc-interval=2000'],
  },
  {
    storm: 'a small young generation, and a collector that always compacts',
    flags: ['--max-semi-space-size=1', '--compact-on-every-full-gc', '--gc-interval=4000'],
  },
];

/** The innermost frame is not always there to be held against code that took its place since. */
const hasCalled = ({ children }: RecordedNode): boolean => children.length > 0;

for (const { storm, flags } of storms) {
  for (const engine of engines) {
    test(`Node, ${storm}, ${engine[1]}: no name but true ones`, async (t) => {
      const target = await startNode(t, 'restless.cjs', [], { flags });
      const { callsOf } = JSON.parse(target.lines[0] ?? '') as { callsOf: Calls };
      const profile = await recordCpu(target.pid, 2, ['-F', 499, ...engine]);
      const names = [...paths(profile.tree)].map(({ node }) => functionOf(node.name)).filter(Boolean);
      assert.deepEqual(
        names.filter((name) => !Object.hasOwn(callsOf, name ?? '')),
        [],
      );
      assert.deepEqual(untrueCalls(profile, callsOf, functionOf, hasCalled), []);
      assert(inclusiveShare(profile.tree, rowOf(profile, 'turn')) > 0.3);
      const unnamed = selfShare(profile.tree, '[jit: no symbols]');
      assert(unnamed < 0.05, `${unnamed} without a name`);
      await target.finish();
      assertUnharmed(target.lines);
    });
  }
}

for (const { storm, flags } of storms) {
  for (const engine of engines) {
    test(`Node that is killed, ${storm}, ${engine[1]}: no name but true ones`, async (t) => {
      const target = await startNode(t, 'restless.cjs', [], { flags });
      const { callsOf } = JSON.parse(target.lines[0] ?? '') as { callsOf: Calls };
      const cli = startCli(['record', target.pid, '-F', 999, ...engine, '-f', 'json', '-o', '-']);
      await untilRecording(cli);
      await waitForCpu(target.pid, 0.5e9);
      process.kill(target.pid, 'SIGKILL');
      const profile = profileOf(await cli.run);
      assert.deepEqual(untrueCalls(profile, callsOf, functionOf, hasCalled), []);
      assert(inclusiveShare(profile.tree, rowOf(profile, 'turn')) > 0);
    });
  }
}

for (const engine of engines) {
  test(`Node that exits while it is read, ${engine[1]}: the recording ends well`, async (t) => {
    const target = await startNode(t, 'restless.cjs');
    const cli = startCli(['record', target.pid, '-F', '999', ...engine, '-f', 'json', '-o', '-']);
    await untilRecording(cli);
    await waitForCpu(target.pid, 0.5e9);
    await target.finish();
    const profile = profileOf(await cli.run);
    assertUnharmed(target.lines);
    assert(inclusiveShare(profile.tree, rowOf(profile, 'turn')) > 0);
  });
}

for (const python of interpreters()) {
  test(`CPython ${python.version}, generators, threads and recursion by the thousand: no name but true ones`, async (t) => {
    const target = await startPython(t, python, 'restless.py');
    const { calls } = JSON.parse(target.lines[0] ?? '') as { calls: Calls };
    const profile = await recordCpu(target.pid, 2, ['-F', 499, '-e', 'ctimer']);
    assert.deepEqual(untrueCalls(profile, calls, functionOf), []);
    assert(inclusiveShare(profile.tree, rowOf(profile, 'turn')) > 0);
    await target.finish();
    assertUnharmed(target.lines);
  });
}
