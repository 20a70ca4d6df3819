/**
 * Transforms applied to a profile as it grows: at every instant at which a pass is whole, exactly what the same rules make
 * of all stacks so far, worked out here by the rules alone, stack by stack.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { StackFeeder, type StackLine } from '../../test/helpers/synthetic-session.ts';
import { type ColumnTree, type NodeId, ROOT } from './call-tree.ts';
import type { ProfileFunction } from './functions.ts';
import type { Transform } from './transform.ts';
import { TransformedTree } from './transformed-tree.ts';

const names = ['a', 'b', 'c', 'd', 'libc!e', 'libc!f', 'libm!g'];
const steps = 12;
const rounds = 25;

type Path = readonly string[];

/** A rule as a reader would write it down: another path, or none. Paths are of names without their modules. */
const rules: Readonly<Record<string, (path: Path, arg: Path) => Path | undefined>> = {
  'focus-function': (path, [name = '']) => (path.includes(name) ? path.slice(path.indexOf(name)) : undefined),
  'focus-subtree': (path, place) =>
    place.every((name, at) => path[at] === name) ? path.slice(place.length - 1) : undefined,
  'merge-function': (path, [name]) => path.filter((each) => each !== name),
  'merge-node': (path, place) =>
    place.every((name, at) => path[at] === name) ? path.toSpliced(place.length - 1, 1) : path,
  'collapse-function': (path, [name = '']) =>
    path.includes(name) ? path.slice(0, path.indexOf(name) + 1) : path,
  'collapse-module': (path) =>
    path
      .map((name) => (name === 'e' || name === 'f' ? 'libc' : name))
      .filter((name, at, all) => name !== 'libc' || all[at - 1] !== 'libc'),
  'collapse-recursion': (path, [name = '']) =>
    path.includes(name)
      ? [...path.slice(0, path.indexOf(name)), ...path.slice(path.lastIndexOf(name))]
      : path,
  'drop-function': (path, [name = '']) => (path.includes(name) ? undefined : path),
  keep: (path, [name = '']) => (path.includes(name) ? path : undefined),
};

interface Step {
  readonly kind: string;
  readonly arg: Path;
}

let seed = 7;
function random(below: number): number {
  seed = (seed * 48_271) % 2_147_483_647;
  return seed % below;
}

const bare = (name: string) => name.replace(/^.*!/, '');
const anyOf = <T>(list: readonly T[]): T => list[random(list.length)] as T;

function randomStep(): Step {
  const kind = anyOf(Object.keys(rules));
  const isPlace = kind === 'focus-subtree' || kind === 'merge-node';
  return { kind, arg: Array.from({ length: isPlace ? 1 + random(2) : 1 }, () => bare(anyOf(names))) };
}

function randomLine(): StackLine {
  return { stack: Array.from({ length: 1 + random(9) }, () => anyOf(names)), samples: 1 + random(3) };
}

function transformOf({ kind, arg }: Step, functions: ReadonlyMap<string, ProfileFunction>): Transform {
  const named = (name: string) => functions.get(name) as ProfileFunction;
  if (kind === 'focus-subtree' || kind === 'merge-node') return { kind, path: arg.map(named) };
  if (kind === 'collapse-module') return { kind, module: 'libc' };
  if (kind === 'keep') return { kind, query: { text: arg[0] as string, isExact: true } };
  return { kind: kind as 'drop-function', function: named(arg[0] as string) };
}

/** Samples of every path that has any: `a b: total self`. */
function expected(lines: readonly StackLine[], applied: readonly Step[]): Map<string, string> {
  const sums = new Map<string, { total: number; self: number }>();
  for (const { stack, samples } of lines) {
    let path: Path | undefined = stack.map(bare);
    for (const { kind, arg } of applied) path = path && rules[kind]?.(path, arg);
    for (let length = path?.length ?? -1; length >= 0; length--) {
      const key = path?.slice(0, length).join(' ') ?? '';
      const sum = sums.get(key) ?? { total: 0, self: 0 };
      sum.total += samples;
      if (length === path?.length) sum.self += samples;
      sums.set(key, sum);
    }
  }
  return new Map(Array.from(sums, ([path, { total, self }]) => [path, `${total} ${self}`]));
}

function actual(tree: ColumnTree): Map<string, string> {
  const paths: string[] = [];
  const sums = new Map<string, string>();
  for (let node: NodeId = ROOT; node < tree.nodeCount; node++) {
    const above = paths[tree.parentOf(node)] ?? '';
    paths.push(node === ROOT ? '' : `${above} ${tree.functionOf(node).name}`.trim());
    if (tree.samplesOf(node) === 0) continue;
    assert.ok(!sums.has(paths[node] as string), `two nodes of ${paths[node]}`);
    sums.set(paths[node] as string, `${tree.samplesOf(node)} ${tree.selfSamplesOf(node)}`);
  }
  return sums;
}

const sorted = (sums: ReadonlyMap<string, string>) => [...sums].sort(([a], [b]) => (a < b ? -1 : 1));

for (let step = 0; step < steps; step++) {
  const applied = Array.from({ length: 1 + (step % 3) }, randomStep);
  const title = applied.map(({ kind, arg }) => `${kind} ${arg.join(' ')}`).join(', then ');
  test(`${title}: the same sums while it grows as the rules give at once`, () => {
    const feeder = new StackFeeder();
    const lines: StackLine[] = [{ stack: names, samples: 1 }];
    feeder.add(lines);
    const { tree, functions } = feeder.profile;
    const byName = new Map<string, ProfileFunction>();
    for (let node = 0; node < tree.nodeCount; node++)
      byName.set(tree.functionOf(node).name, tree.functionOf(node));
    const transforms = applied.map((each) => transformOf(each, byName));
    const growing = new TransformedTree(tree, transforms, functions);
    for (let round = 0; round < rounds; round++) {
      const more = Array.from({ length: 20 }, randomLine);
      lines.push(...more);
      feeder.add(more);
      feeder.advance(1e9);
      // Sometimes only a part of the work is done before the next samples come.
      let looks = random(4);
      growing.step(() => looks-- <= 0);
    }
    while (!growing.isCurrent) growing.step(() => random(2) === 0);
    assert.deepEqual(sorted(actual(growing)), sorted(expected(lines, applied)));
  });
}
