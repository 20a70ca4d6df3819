import assert from 'node:assert/strict';
import { test } from 'node:test';
import { frameLook } from './flame-palette.ts';
import { createTheme } from './theme.ts';
import { type Role, themeNames, themes } from './theme-colours.ts';

const roles = Object.keys(themes.none.roles) as readonly Role[];

test('every theme closes what it opens, and shows selection and match by more than colour', () => {
  for (const name of themeNames) {
    const theme = createTheme({ ascii: false, color: name });
    assert.equal(theme.name, name);
    for (const role of roles) assert.match(theme.paint(role, 'x'), /^(\x1b\[[\d;]+m)?x(\x1b\[0m)?$/);
    assert.equal(themes[name].roles.selected, '7');
    assert.match(themes[name].roles.match, /^1;4/);
    const func = { id: 1, name: 'f', module: 'm', kind: 'native' } as const;
    const [plain, match] = [frameLook(func, false, theme), frameLook(func, true, theme)];
    assert.notDeepEqual(plain, match);
    assert.match(match.body, /1;4$/);
  }
});

test('none has no colour at all; 16 only those of the palette', () => {
  for (const role of roles) {
    assert.match(themes.none.roles[role], /^(|[1247](;[1247])*)$/);
    assert.match(themes['16'].roles[role], /^(|[1247]|(1;)?3\d|1;4)$/);
  }
  assert.equal(themes.none.frames, undefined);
});

test('the next theme follows in the order of their names, round and round', () => {
  const theme = createTheme({ ascii: false, color: true });
  const seen = themeNames.map(() => {
    theme.change();
    return theme.name;
  });
  assert.deepEqual(seen, ['dark', 'light', 'none', '16']);
});
