import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { configPath, loadConfig, parseConfig } from './config.ts';
import { ConfigError, readConfigText } from './config-text.ts';
import { parseCommandLine, settingNames, UsageError } from './options.ts';
import { commandOf, keyLists, setKeys } from './tui/keys/keymap.ts';
import { keyTableMarkdown } from './tui/keys/shown-keys.ts';
import { createTheme } from './tui/theme.ts';

test('settings and keys, with comments and a comma too many', () => {
  const { settings, keys } = parseConfig(`{
    // how it looks
    "theme": "light",
    "engine": "ctimer",
    "frequency": 199, // more
    "no-inject": true,
    "keys": {
      "tree": { "zoom": ["enter", "Z"], "quit": "Q" },
      "picker": { "leave": "ctrl+g" },
    },
  }`);
  assert.deepEqual(settings, { theme: 'light', engine: 'ctimer', frequency: '199', 'no-inject': true });
  assert.deepEqual(keys.tree.find(({ command }) => command === 'zoom')?.keys, ['enter', 'Z']);
  assert.deepEqual(keys.tree.find(({ command }) => command === 'quit')?.keys, ['Q']);
  assert.deepEqual(keys.picker.find(({ command }) => command === 'leave')?.keys, ['ctrl+g']);
  assert.equal(keys.flame, keyLists.flame);
});

test('two commands may change places', () => {
  const { keys } = parseConfig('{"keys":{"tree":{"sort":"S","reverse":"s"}}}');
  assert.deepEqual(keys.tree.find(({ command }) => command === 'sort')?.keys, ['S']);
});

const errors: readonly (readonly [text: string, line: number, says: RegExp])[] = [
  ['{\n"theme": "pink"\n}', 2, /^"theme": pink: one of 16, dark, light, none$/],
  ['{\n\n"engine": "warp" }', 3, /^"engine": warp: one of auto, cpu/],
  ['{"frequency": 0}', 1, /^"frequency": 0: a number from 1 to/],
  ['{"frequency": true}', 1, /^"frequency": not true$/],
  ['{\n"ascii": "yes"}', 2, /^"ascii": true or false is expected$/],
  ['{\n"colour": "red"}', 2, /^"colour": no such setting; known are engine, .*theme, keys$/],
  ['{"duration": 5}', 1, /^"duration": no such setting/],
  ['{"theme": ["dark"]}', 1, /^"theme": a plain value is expected$/],
  ['{"theme": null}', 1, /^"theme": a plain value is expected$/],
  ['{"theme": "dark",\n"theme": "light"}', 2, /^"theme" is there twice$/],
  ['{"keys": []}', 1, /^"keys": `\{` is expected$/],
  ['{"keys":\n{"forest": {}}}', 2, /^"keys.forest": no such list of keys; one of tree, flame/],
  ['{"keys": {"tree": {\n"zoon": "x"}}}', 2, /^"keys.tree.zoon": no such command; one of down, up/],
  ['{"keys": {"tree": {\n"zoom": "xx"}}}', 2, /^"keys.tree.zoom": "xx" is no key: a letter/],
  ['{"keys": {"tree": {"zoom": " "}}}', 1, /^"keys.tree.zoom": " " is no key/],
  ['{"keys": {"tree": {"zoom": []}}}', 1, /^"keys.tree.zoom": a command needs a key$/],
  ['{"keys": {"tree": {"zoom": 7}}}', 1, /^"keys.tree.zoom": a key or a list of keys is expected/],
  ['{"keys": {"tree": {"zoom": "ctrl+c"}}}', 1, /^"keys.tree.zoom": ctrl\+c always quits$/],
  ['{"keys": {"picker": {"leave": "q"}}}', 1, /^"keys.picker.leave": "q" is text here$/],
  [
    '{"keys": {"tree": {\n"names": "N",\n"zoom": "Z"}}}',
    2,
    /^"keys.tree.names": "N" is a key of "find-previous" already$/,
  ],
  [
    '{"keys": {"tree": {"names": "N", "find-previous": "P",\n"zoom": "j"}}}',
    2,
    /"j" is a key of "down" already/,
  ],
  [
    '{"keys": {"everywhere": {\n"redraw": "ctrl+d"}}}',
    2,
    /^"keys.everywhere.redraw": "ctrl\+d" is a key of "half-down" already$/,
  ],
  ['{"keys": {"everywhere": {"redraw": "L"}}}', 1, /^"keys.everywhere.redraw": "L" is text here$/],
  ['[]', 1, /^the file: `\{` is expected$/],
  ['{\n"theme" "dark"}', 2, /^`:` after the key "theme" is expected, not "dark"$/],
  ['{\n"theme": dark}', 2, /^a value is expected, not dark$/],
  ['{\n"theme": "dark\n}', 2, /^a value is expected, not "$/],
  ['{theme: "dark"}', 1, /^a value is expected, not theme$/],
  ['{\n1: 2}', 2, /^a key in quotes is expected: 1$/],
  ['{"theme": "dark"', 1, /^the file ends where `\}` or a comma is expected$/],
  ['{}\n{}', 2, /^nothing is expected after the end: \{$/],
  ['['.repeat(5000), 1, /^nested too deep$/],
];

for (const [text, line, says] of errors) {
  test(`config error: ${JSON.stringify(text.slice(0, 50))}`, () => {
    assert.throws(
      () => parseConfig(text),
      (error: Error) => {
        assert.ok(error instanceof ConfigError, error.stack);
        assert.match(error.message, says);
        assert.equal(error.line, line);
        return true;
      },
    );
  });
}

test('an empty file says nothing, and scalars are those of JSON', () => {
  assert.deepEqual(parseConfig(' \n').settings, {});
  const read = readConfigText('["a\\u0041\\n", -1.5e3, true, null]');
  assert.ok(read.kind === 'list');
  assert.deepEqual(
    read.items.map((item) => item.kind === 'scalar' && item.value),
    ['aA\n', -1500, true, null],
  );
});

function configHome(t: TestContext, text: string | undefined): string {
  const home = mkdtempSync(join(tmpdir(), 'prof-tui-config-'));
  t.after(() => rmSync(home, { recursive: true }));
  mkdirSync(join(home, 'prof-tui'));
  // A folder in its place can be read by nobody, root included.
  if (text === undefined) mkdirSync(join(home, 'prof-tui', 'config.json'));
  else writeFileSync(join(home, 'prof-tui', 'config.json'), text);
  return home;
}

test('the file lies where XDG says; a relative folder counts as none', () => {
  assert.equal(configPath({ XDG_CONFIG_HOME: '/etc/mine' }), '/etc/mine/prof-tui/config.json');
  for (const base of ['', 'relative', undefined]) {
    assert.equal(configPath({ XDG_CONFIG_HOME: base }), join(homedir(), '.config/prof-tui/config.json'));
  }
});

test('a missing file says nothing; one that cannot be read or is wrong is a usage error with path, line and key', (t) => {
  assert.deepEqual(loadConfig({ XDG_CONFIG_HOME: '/nonexistent' }).settings, {});
  const unreadable = configHome(t, undefined);
  assert.throws(() => loadConfig({ XDG_CONFIG_HOME: unreadable }), {
    constructor: UsageError,
    message: `config file ${unreadable}/prof-tui/config.json cannot be read: EISDIR`,
  });
  const wrong = configHome(t, '{\n  "theme": "pink"\n}');
  assert.throws(() => loadConfig({ XDG_CONFIG_HOME: wrong }), {
    constructor: UsageError,
    message: `config file ${wrong}/prof-tui/config.json, line 2: "theme": pink: one of 16, dark, light, none`,
  });
});

test('the command line stands above NO_COLOR, NO_COLOR above the file', (t) => {
  const home = configHome(t, '{"theme": "dark", "frequency": 199, "engine": "wall"}');
  const themeOf = (argv: readonly string[], env: Readonly<Record<string, string>>) => {
    const invocation = parseCommandLine(argv, () => loadConfig({ XDG_CONFIG_HOME: home, ...env }).settings);
    assert.ok('options' in invocation);
    return invocation.options.theme;
  };
  assert.equal(themeOf(['1'], {}), 'dark');
  assert.equal(themeOf(['1'], { NO_COLOR: '1' }), 'none');
  assert.equal(themeOf(['1'], { NO_COLOR: '' }), 'dark');
  assert.equal(themeOf(['1', '--theme', 'light'], { NO_COLOR: '1' }), 'light');
  assert.equal(themeOf(['1', '--theme', 'light', '--no-color'], {}), 'none');
  const invocation = parseCommandLine(
    ['1', '-e', 'cpu'],
    () => loadConfig({ XDG_CONFIG_HOME: home }).settings,
  );
  assert.ok('options' in invocation);
  assert.deepEqual([invocation.options.engine, invocation.options.frequencyHz], ['cpu', 199]);
});

test('help needs no config file, and settings are options that say how, not what', () => {
  const broken = () => {
    throw new UsageError('broken');
  };
  assert.deepEqual(parseCommandLine(['--help'], broken), { command: 'help' });
  assert.deepEqual(settingNames, ['engine', 'frequency', 'strict', 'no-inject', 'ascii', 'theme']);
});

test('changed keys run their commands, stand in the key table, and free the old ones', (t) => {
  t.after(() => setKeys(keyLists));
  setKeys(parseConfig('{"keys":{"tree":{"zoom":"Z","hottest":["ctrl+o"]}}}').keys);
  assert.equal(commandOf('tree', 'Z'), 'zoom');
  assert.equal(commandOf('tree', 'enter'), undefined);
  const table = keyTableMarkdown(createTheme({ ascii: false, color: false }).glyphs);
  assert.match(table, /\| Tree \| `Z` \| zoom/);
  assert.match(table, /\| Tree \| `\^O` \| open the hottest/);
});
