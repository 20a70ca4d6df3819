/** Transforms and windows of time on the screen. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openLive } from '../helpers/live-program.ts';
import { lineWith } from '../helpers/terminal.ts';

test('transforms stand above the tree with what they leave, in every view, and are undone', async (t) => {
  const terminal = openLive('still', { test: t });
  await terminal.shows('all threads', 'main');
  terminal.press('/', ...'renderPage', 'enter', 'escape');
  await terminal.selects('renderPage');
  terminal.press('f');
  const focused = await terminal.shows('[focus renderPage]  all', '47.0% kept');
  assert.match(lineWith(focused, 'all threads'), / 100\.0% +0\.0% /);
  assert.match(lineWith(focused, '· escapeHtml'), / 46\.8% +46\.8% /);
  await terminal.selects('renderPage');
  terminal.press('2');
  await terminal.shows('[focus renderPage]  bottom-up of all', 'escapeHtml');
  assert.ok(!terminal.screen.text.includes('longest_match'), terminal.screen.text);
  terminal.press('1', 'm');
  await terminal.shows('[focus renderPage] [merge renderPage]  all', '47.0% kept');
  terminal.press('U');
  await terminal.until((screen) => !screen.text.includes('% kept'), 'no transforms');
  await terminal.shows('all threads', 'Server.handle');
});

test('H folds what is the runtime into its callers and says so; runtime: finds functions of the language', async (t) => {
  const terminal = openLive('node', { test: t, cols: 110 });
  const before = await terminal.shows('Builtins_JSEntry', 'Node.js 20.20 / V8 11.3');
  assert.match(lineWith(before, 'main'), / 100\.0% +0\.0% /);
  terminal.press('H');
  const folded = await terminal.shows('[no runtime internals]  all', 'handle server.js:4');
  assert.ok(!/Builtins_|v8::|uv_run/.test(folded.text), folded.text);
  assert.match(lineWith(folded, 'main'), / 100\.0% +15\.0% /);
  assert.match(lineWith(folded, 'handle server.js:4'), / 80\.0% +20\.0% /);
  terminal.press('/', ...'runtime:node', 'enter');
  await terminal.selects('handle server.js:4');
  terminal.press('escape', 'H');
  await terminal.shows('Builtins_JSEntry');
});

test('on 40x12 the stack of transforms is still seen', async (t) => {
  const terminal = openLive('still', { test: t, cols: 40, rows: 12 });
  await terminal.shows('all threads', 'main');
  terminal.press('/', ...'main', 'enter', 'escape', 'c');
  await terminal.shows('[collapse main]');
});

test('a window of time is named and drawn above the rows; moved, it holds the view', async (t) => {
  const terminal = openLive('live', { test: t, flags: ['--no-color'] });
  await terminal.shows('all threads', 'main');
  terminal.press('v');
  await terminal.shows('last 10 s', '[ ] or drag', 'LIVE');
  terminal.press('[');
  await terminal.shows('window 00:00-', 'PAUSED');
  terminal.press('space');
  await terminal.until((screen) => !screen.text.includes('window'), 'the whole run');
});
