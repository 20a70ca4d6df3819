import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type FlameNode, inverted, matchedNs, topDown, totalsOf } from './page/flame-node.ts';
import { layOut, leastWidth } from './page/layout.ts';
import type { PageProfile } from './page/page-profile.ts';

/** all { main { read {} read' { main {} } } } : recursion, and a function called from two places. */
const profile: PageProfile = {
  functions: [
    ['all', 0, 0],
    ['main', 0, 0],
    ['read', 0, 0],
    ['copy', 0, 0],
  ],
  modules: [''],
  kinds: ['native'],
  parents: [-1, 0, 1, 2, 1, 4],
  nodeFunctions: [0, 1, 2, 3, 3, 1],
  selfNs: [0, 5, 10, 40, 0, 45],
};
const totals = totalsOf(profile);

function draw(node: FlameNode): string {
  const name = profile.functions[node.function]?.[0];
  const children = node.children().map(draw);
  return `${name} ${node.totalNs}${children.length > 0 ? ` { ${children.join(' ')} }` : ''}`;
}

test('top-down: totals are summed, the heaviest child comes first', () => {
  assert.equal(
    draw(topDown(profile, totals)),
    'all 100 { main 100 { read 50 { copy 40 } copy 45 { main 45 } } }',
  );
});

test('inverted: time stands with who was running, its callers below', () => {
  assert.equal(
    draw(inverted(profile)),
    'all 100 { main 50 { copy 45 { main 45 } } copy 40 { read 40 { main 40 } } read 10 { main 10 } }',
  );
});

test('search: a stack with several matches counts once', () => {
  assert.equal(matchedNs(profile, totals, new Set([1])), 100);
  assert.equal(matchedNs(profile, totals, new Set([3])), 85);
  assert.equal(matchedNs(profile, totals, new Set([2, 3])), 95);
  assert.equal(matchedNs(profile, totals, new Set()), 0);
});

test('layout: children share the width of their parent, side by side', () => {
  const root = topDown(profile, totals);
  const boxes = layOut(root, root, 1000);
  const places = boxes.map(({ node, row, left, width }) => [
    profile.functions[node.function]?.[0],
    row,
    left,
    width,
  ]);
  assert.deepEqual(
    new Set(places.map((place) => place.join(' '))),
    new Set([
      'all 0 0 1000',
      'main 1 0 1000',
      'read 2 0 500',
      'copy 2 500 450',
      'copy 3 0 400',
      'main 3 500 450',
    ]),
  );
});

test('layout: zoomed, the callers stand above in full width and siblings are gone', () => {
  const root = topDown(profile, totals);
  const main = root.children()[0] as FlameNode;
  const copy = main.children()[1] as FlameNode;
  const boxes = layOut(copy, copy, 300);
  assert.deepEqual(boxes.map(({ row, left, width }) => [row, left, width]).sort(), [
    [0, 0, 300],
    [1, 0, 300],
    [2, 0, 300],
    [3, 0, 300],
  ]);
});

test('layout: what is too narrow is left out, but for the one that has the focus', () => {
  const wide: PageProfile = {
    ...profile,
    parents: [-1, 0, ...Array.from({ length: 1000 }, () => 1)],
    nodeFunctions: [0, 1, ...Array.from({ length: 1000 }, () => 2)],
    selfNs: [0, 1e6, ...Array.from({ length: 1000 }, () => 1)],
  };
  const root = topDown(wide, totalsOf(wide));
  assert.equal(layOut(root, root, 1000).length, 2);
  const last = root.children()[0]?.children().at(-1) as FlameNode;
  const kept = layOut(root, last, 1000).find(({ node }) => node === last);
  assert.equal(kept?.width, leastWidth);
});
