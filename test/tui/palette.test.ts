/** The command palette as a user sees it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openLive } from '../helpers/live-program.ts';

test(': narrows by typing, runs the command as its key would, and closes', async (t) => {
  const terminal = openLive('still', { test: t });
  await terminal.shows('escapeHtml');
  terminal.press(':');
  await terminal.shows(':▏   type to narrow', '> next row', '⏎ run', 'esc close');
  terminal.type('functions');
  await terminal.until(({ text }) => /> functions +4 /.test(text) && !text.includes('next row'), 'narrowed');
  terminal.press('enter');
  await terminal.shows('callers of ', 'functions of all');
  // Commands of the view itself come with it, and letters are text, not keys.
  terminal.press(':');
  terminal.type('qcentre');
  await terminal.shows('no command answers this');
  terminal.press('ctrl+u');
  terminal.type('centre on');
  await terminal.shows('> centre on it');
  terminal.press('escape', ':', 'down', 'up', 'down');
  await terminal.shows('> previous function');
  terminal.press('ctrl+u', 'backspace');
  await terminal.until(({ text }) => !text.includes('esc close'), 'closed by backspace');
  terminal.press(':');
  terminal.type('\x1b[200~quit\rq\x1b[201~');
  await terminal.shows(':quit▏');
  terminal.press('enter');
  assert.deepEqual(await terminal.exit(), { code: 0, signal: 0 });
});

test('the palette at 40x12 in ASCII without colour: list, keys and way out', async (t) => {
  const terminal = openLive('still', { test: t, cols: 40, rows: 12, flags: ['--ascii', '--no-color'] });
  await terminal.shows('escapeHtml');
  terminal.press(':');
  terminal.type('engine');
  await terminal.shows(':engine_', '> choose the engine', 'esc close');
  assert.doesNotMatch(terminal.bytes, /[^\x00-\x7f]/);
  terminal.press('enter');
  await terminal.shows('>   auto', 'Ent switch');
});
