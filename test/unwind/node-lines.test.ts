/** Lines at which JavaScript functions stand, of code at each tier: read from outside, against where the time must be. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { startNode } from '../helpers/node-target.ts';
import { nodeOf, otherMajors } from '../helpers/node-versions.ts';
import { hasRoot, replay } from './replay.ts';

const snapshots = 600;

/** First and last line of the functions of lines.cjs. */
const extents: Readonly<Record<string, readonly [number, number]>> = {
  inner: [3, 9],
  work: [11, 27],
  turn: [29, 32],
};
/** Loops of `work`, the bodies of `inner`, the call in `turn`. */
const hotLines = [16, 23, 5, 6, 30];

interface Place {
  readonly name: string;
  readonly line: number;
}

/** Functions of lines.cjs in what `unwind_replay runtime` prints: `work /…/lines.cjs:11@16`, between tabs. */
function placesOf(output: readonly string[]): Place[] {
  return output.flatMap((text) =>
    [...text.matchAll(/(\w+)\t[^\t]*lines\.cjs:\d+(?:@(\d+))?/g)].map(([, name = '', line = '0']) => ({
      name,
      line: Number(line),
    })),
  );
}

function shareOf(places: readonly Place[], holds: (place: Place) => boolean): number {
  return places.filter(holds).length / places.length;
}

async function linesOf(t: TestContext, executable: string, flags: readonly string[]): Promise<Place[]> {
  const target = await startNode(t, 'lines.cjs', [], { executable, flags });
  const output = replay(['runtime', String(target.pid), String(snapshots)]);
  // The first half is the time until the code has reached its tier.
  return placesOf(output.slice(output.length / 2));
}

function assertTrueLines(places: readonly Place[]): void {
  const known = places.filter(({ line }) => line !== 0);
  for (const { name, line } of known) {
    const [first, last] = extents[name] ?? [0, Number.POSITIVE_INFINITY];
    assert(line >= first && line <= last, `${name} does not reach to line ${line}`);
  }
  const ours = known.filter(({ name }) => name in extents);
  const rare = ours.filter(({ line }) => !hotLines.includes(line));
  // setImmediate, and what happens once in a turn.
  assert(rare.length <= ours.length * 0.02, JSON.stringify(rare));
}

const executables: readonly (readonly [string, (t: TestContext) => string | undefined])[] = [
  [`${process.versions.node.split('.')[0]}`, () => process.execPath],
  ...otherMajors.map((major) => [`${major}`, (t: TestContext) => nodeOf(t, major)] as const),
];

for (const [major, find] of executables) {
  test(`Node.js ${major}: optimized code stands at the lines of its loops`, async (t) => {
    const executable = find(t);
    if (!hasRoot(t) || executable === undefined) return;
    const places = await linesOf(t, executable, []);
    assertTrueLines(places);
    const leaves = places.filter(({ name }) => name === 'work');
    assert(shareOf(leaves, ({ line }) => line === 16 || line === 23) > 0.9, `${leaves.length} of work`);
  });

  test(`Node.js ${major}: interpreted code stands at the lines of its loops, callers at their calls`, async (t) => {
    const executable = find(t);
    if (!hasRoot(t) || executable === undefined) return;
    const places = await linesOf(t, executable, ['--no-opt', '--no-sparkplug', '--no-maglev']);
    assertTrueLines(places);
    const leaves = places.filter(({ name }) => name === 'work');
    assert(shareOf(leaves, ({ line }) => line === 16 || line === 23) > 0.4, `${leaves.length} of work`);
    const callers = places.filter(({ name }) => name === 'turn');
    assert(shareOf(callers, ({ line }) => line === 30) > 0.8, `${callers.length} of turn`);
  });

  test(`Node.js ${major}: baseline code stands at the lines of its loops, and callers at their calls`, async (t) => {
    const executable = find(t);
    if (!hasRoot(t) || executable === undefined) return;
    const places = await linesOf(t, executable, ['--always-sparkplug', '--no-opt', '--no-maglev']);
    assertTrueLines(places);
    const leaves = places.filter(({ name }) => name === 'work');
    // Builtins without a frame of their own run for it a good part of the time: these samples have no line.
    assert(shareOf(leaves, ({ line }) => line === 16 || line === 23) > 0.55, `${leaves.length} of work`);
    const callers = places.filter(({ name }) => name === 'turn');
    assert(shareOf(callers, ({ line }) => line === 30) > 0.95, `${callers.length} of turn`);
  });
}
