import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MovedNodes } from './moved-nodes.ts';

const nodes = 7000;
const all = (moved: MovedNodes) => Array.from({ length: nodes }, (_, node) => moved.of(node));

test('what a node became is the same before, while and after it is written down', () => {
  const moved = new MovedNodes(nodes);
  const expected = Array.from({ length: nodes }, (_, node) => node);
  const move = (successorOf: (node: number) => number) => {
    moved.move(successorOf);
    for (const [node, at] of expected.entries()) expected[node] = successorOf(at);
    assert.deepEqual(all(moved), expected);
  };
  move((node) => nodes - 1 - node);
  move((node) => node >> 1);
  let slices = 1;
  for (; !moved.step(() => true); slices++) {
    assert.deepEqual(all(moved), expected, `slice ${slices}`);
    if (slices === 5) move((node) => (node * 7) % nodes);
    assert.ok(slices < 100);
  }
  assert.ok(slices > 10, `${slices} slices`);
  assert.ok(moved.isSettled);
  assert.deepEqual(all(moved), expected);
});

test('a node that is not known is at the root', () => {
  const moved = new MovedNodes(3);
  moved.move(() => 2);
  assert.equal(moved.of(3), 0);
});
