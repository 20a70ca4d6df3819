/** The user's config file with the real program: keys, theme, and an error that names line and key. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { program } from '../helpers/cli.ts';
import { openLive } from '../helpers/live-program.ts';
import { openTerminal } from '../helpers/terminal.ts';

function configHome(t: TestContext, text: string): string {
  const home = mkdtempSync(join(tmpdir(), 'prof-tui-config-'));
  t.after(() => rmSync(home, { recursive: true }));
  mkdirSync(join(home, 'prof-tui'));
  writeFileSync(join(home, 'prof-tui', 'config.json'), text);
  return home;
}

test('keys and theme of the config file are in force, and the footer names them', async (t) => {
  const text = '{ "theme": "none", "ascii": true, "keys": { "picker": { "leave": "ctrl+g" } } }';
  const env = { XDG_CONFIG_HOME: configHome(t, text) };
  const terminal = openTerminal([process.execPath, program], { test: t, env });
  await terminal.shows('^G clear, quit', 'filter: _');
  await terminal.until(({ text: all }) => /would run|no engine/.test(all), 'the look');
  assert.doesNotMatch(terminal.bytes, /[^\x00-\x7f]|\x1b\[[\d;]*3\dm/);
  terminal.type('\x07');
  assert.deepEqual(await terminal.exit(), { code: 0, signal: 0 });
});

test('an error in the config file: one line with path, line and key, code 2, no screen; help works all the same', async (t) => {
  const home = configHome(t, '{\n  "theme": "light",\n  "keys": { "tree": { "zoom": "j" } }\n}\n');
  const env = { XDG_CONFIG_HOME: home };
  const terminal = openTerminal([process.execPath, program], { test: t, env, cols: 200 });
  assert.deepEqual(await terminal.exit(), { code: 2, signal: 0 });
  assert.equal(
    terminal.bytes.trim(),
    `prof-tui: config file ${home}/prof-tui/config.json, line 3: "keys.tree.zoom": "j" is a key of "down" already`,
  );
  const help = openTerminal([process.execPath, program, '--help'], { test: t, env, cols: 200, rows: 60 });
  assert.equal((await help.exit()).code, 0);
});

test('T goes through the themes: 256 colours for dark and light, none at all, the 16 again', async (t) => {
  const terminal = openLive('still', { test: t });
  await terminal.shows('escapeHtml');
  const live = () => {
    const x = (terminal.screen.lines[0] ?? '').indexOf('● LIVE');
    return terminal.cell(x, 0).foreground?.value;
  };
  assert.equal(live(), 2);
  terminal.press('T');
  await terminal.shows('theme dark');
  await terminal.until(() => live() === 114, 'the colours of dark');
  terminal.press('T');
  await terminal.shows('theme light');
  await terminal.until(() => live() === 28, 'the colours of light');
  terminal.press('T');
  await terminal.shows('theme none');
  await terminal.until(() => live() === undefined, 'no colour');
  terminal.press('3');
  await terminal.shows('░ jit');
  terminal.press('T');
  await terminal.shows('theme 16', 'colour module');
});
