import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hasUtf8Locale } from './locale.ts';

const cases: readonly (readonly [environment: Record<string, string>, isUtf8: boolean])[] = [
  [{}, true],
  [{ LANG: 'en_US.UTF-8' }, true],
  [{ LANG: 'de_DE.utf8' }, true],
  [{ LANG: 'C' }, false],
  [{ LANG: 'de_DE.ISO-8859-1' }, false],
  [{ LC_ALL: 'C', LANG: 'en_US.UTF-8' }, false],
  [{ LC_ALL: '', LC_CTYPE: 'C.UTF-8', LANG: 'C' }, true],
];
for (const [environment, isUtf8] of cases) {
  test(`locale ${JSON.stringify(environment)} is ${isUtf8 ? '' : 'not '}UTF-8`, () => {
    assert.equal(hasUtf8Locale(environment), isUtf8);
  });
}
