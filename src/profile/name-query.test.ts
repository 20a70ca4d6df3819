import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ProfileFunction } from './functions.ts';
import { matcherOf } from './name-query.ts';

const named = (name: string, module = 'app'): ProfileFunction => ({ id: 1, name, module, kind: 'native' });

const matches: readonly (readonly [text: string, name: string, isMatch: boolean])[] = [
  ['read', 'fs::ReadFile', true],
  ['Read', 'fs::ReadFile', true],
  ['READ', 'fs::ReadFile', false],
  ['^read$', 'read', true],
  ['^read$', 'pread', false],
  ['([', 'odd([name', true],
  ['([', 'other', false],
  ['*ptr', 'char *ptr', true],
  ['größe', 'GRÖSSE', false],
  ['ö', 'Ö', true],
];
for (const [text, name, isMatch] of matches) {
  test(`/${text}/ ${isMatch ? 'matches' : 'does not match'} ${name}`, () => {
    assert.equal(matcherOf({ text, isExact: false })(named(name)), isMatch);
  });
}

test('an exact name is no pattern', () => {
  const matcher = matcherOf({ text: 'a.c', isExact: true });
  assert.deepEqual(
    ['a.c', 'abc', 'xa.c'].map((name) => matcher(named(name))),
    [true, false, false],
  );
});

test('runtime: looks at the runtime of a function; functions of none do not match', () => {
  const matcher = matcherOf({ text: 'runtime:node', isExact: false });
  assert.equal(matcher({ ...named('render'), kind: 'runtime', runtime: 'node' }), true);
  assert.equal(matcher({ ...named('node'), kind: 'runtime', runtime: 'python' }), false);
  assert.equal(matcher(named('node')), false);
});

test('module: looks at modules, not at names', () => {
  const matcher = matcherOf({ text: 'module:^libc', isExact: false });
  assert.equal(matcher(named('read', 'libc.so.6')), true);
  assert.equal(matcher(named('libc_start', 'app')), false);
});
