import assert from 'node:assert/strict';
import { test } from 'node:test';
import { periodNs, StackFeeder, type StackLine, serverStacks } from '../../test/helpers/synthetic-session.ts';
import { ROOT } from './call-tree.ts';
import { FunctionIndex } from './function-index.ts';
import { Sandwich, type SandwichPart } from './sandwich.ts';

const never = () => false;

function indexOf(lines: readonly StackLine[]): FunctionIndex {
  const feeder = new StackFeeder();
  feeder.add(lines);
  const index = new FunctionIndex(feeder.profile.tree, ROOT);
  index.step(never);
  return index;
}

function sandwichOf(index: FunctionIndex, name: string): Sandwich {
  const id = index.functions.find((func) => func.name === name)?.id ?? -1;
  const sandwich = new Sandwich(index, id);
  while (!sandwich.step(() => true));
  return sandwich;
}

const draw = (parts: readonly SandwichPart[]) =>
  parts.map((part) => `${part.function?.name ?? '-'} ${Math.round(part.weightNs / periodNs)}`);

test('callers and callees over all places, each with its part, and the time of its own', () => {
  const lines = [...serverStacks, { stack: ['boot', 'renderPage', 'JSON.stringify'], samples: 3 }];
  const { callers, callees } = sandwichOf(indexOf(lines), 'renderPage');
  assert.deepEqual(draw(callers), ['Server.handle 47', 'boot 3']);
  assert.deepEqual(draw(callees), ['- 25', 'escapeHtml 22', 'JSON.stringify 3']);
});

test('a root has no caller and a leaf calls nothing', () => {
  const index = indexOf(serverStacks);
  assert.deepEqual(draw(sandwichOf(index, 'main').callers), ['- 99']);
  assert.deepEqual(draw(sandwichOf(index, 'escapeHtml').callees), ['- 22']);
});

test('recursion, direct and through others, is counted once', () => {
  const index = indexOf([
    { stack: ['main', 'walk', 'walk', 'walk', 'visit'], samples: 4 },
    { stack: ['main', 'walk', 'walk'], samples: 2 },
    { stack: ['main', 'walk', 'visit', 'walk', 'leaf'], samples: 8 },
  ]);
  const { callers, callees } = sandwichOf(index, 'walk');
  assert.deepEqual(draw(callers), ['main 14']);
  assert.deepEqual(draw(callees), ['visit 12', '- 2']);
});

test('both sides add up to the total of any function of any profile', () => {
  let seed = 3;
  const random = (n: number) => {
    seed = (seed * 48_271) % 2_147_483_647;
    return seed % n;
  };
  const lines = Array.from({ length: 2000 }, () => ({
    stack: Array.from({ length: 1 + random(14) }, () => `f${random(7)}`),
    samples: 1 + random(5),
  }));
  const index = indexOf(lines);
  for (const { name, id, kind } of index.functions) {
    if (kind === 'root') continue;
    const { callers, callees } = sandwichOf(index, name);
    for (const side of [callers, callees]) {
      const sum = side.reduce((ns, part) => ns + part.weightNs, 0);
      assert.ok(Math.abs(sum - index.totalNs(id)) < 1, name);
    }
  }
});

test('5,000 calls of itself and 10,000 callees, without recursion', () => {
  const index = indexOf([
    { stack: Array.from({ length: 5000 }, () => 'again'), samples: 1 },
    ...Array.from({ length: 10_000 }, (_, i) => ({ stack: ['again', `w${i}`], samples: 1 })),
  ]);
  const { callees } = sandwichOf(index, 'again');
  assert.equal(callees.length, 10_001);
});
