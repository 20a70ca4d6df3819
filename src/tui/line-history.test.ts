import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LineHistory } from './line-history.ts';

test('earlier goes back to the oldest line, later on to what was being typed', () => {
  const history = new LineHistory();
  for (const line of ['read', 'main', '', 'read']) history.keep(line);
  assert.equal(history.earlier('dra'), 'read');
  assert.equal(history.earlier('read'), 'main');
  assert.equal(history.earlier('main'), 'main');
  assert.equal(history.later('main'), 'read');
  assert.equal(history.later('read'), 'dra');
  assert.equal(history.later('draft'), 'draft');
});

test('an empty history leaves what is typed alone', () => {
  const history = new LineHistory();
  assert.equal(history.earlier('x'), 'x');
  assert.equal(history.later('x'), 'x');
});
