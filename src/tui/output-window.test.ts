import assert from 'node:assert/strict';
import { test } from 'node:test';
import { outputWindow, scrolledTop } from './output-window.ts';

const output = (count: number, first = 0) => ({
  first,
  lines: Array.from({ length: count }, (_, at) => `line ${first + at}`),
});

test('follows the end, whatever comes', () => {
  assert.deepEqual(outputWindow(output(5), undefined, 20, 3).shown, ['line 2', 'line 3', 'line 4']);
  assert.deepEqual(outputWindow(output(2), undefined, 20, 3), {
    shown: ['line 0', 'line 1'],
    top: 0,
    isAtEnd: true,
  });
  assert.deepEqual(outputWindow(output(0), undefined, 20, 3).shown, []);
});

test('stays where it was scrolled to while lines come; goes along when its lines are dropped', () => {
  const top = scrolledTop(output(10), undefined, -2, 20, 3);
  assert.equal(top, 5);
  assert.deepEqual(outputWindow(output(50), top, 20, 3).shown, ['line 5', 'line 6', 'line 7']);
  assert.deepEqual(outputWindow(output(40, 10), top, 20, 3).shown, ['line 10', 'line 11', 'line 12']);
});

test('scrolling down to the last line follows again', () => {
  assert.equal(scrolledTop(output(10), 5, 1, 20, 3), 6);
  assert.equal(scrolledTop(output(10), 6, 1, 20, 3), undefined);
  assert.equal(scrolledTop(output(10), 5, -99, 20, 3), 0);
  assert.equal(scrolledTop(output(2), undefined, 1, 20, 3), undefined);
});

test('long lines are broken at the width of the screen, wide characters whole', () => {
  const long = { first: 0, lines: ['abcdefgh', '日本語', 'x'] };
  assert.deepEqual(outputWindow(long, 0, 3, 4).shown, ['abc', 'def', 'gh', '日']);
  assert.deepEqual(outputWindow(long, undefined, 3, 4).shown, ['日', '本', '語', 'x']);
  assert.deepEqual(outputWindow({ first: 0, lines: ['日'] }, undefined, 1, 2).shown, ['日', '']);
});
