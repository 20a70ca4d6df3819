/** Every key of the key map has a story: it is pressed on a screen, and what it does is seen there. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { keyLists, type ListName } from '../../src/tui/keys/keymap.ts';
import { cursorOn, detailsOf, KeyStory, without } from '../helpers/key-story.ts';
import { openLive, type Story } from '../helpers/live-program.ts';
import type { Screen } from '../helpers/terminal.ts';

const told = new Set<string>();

async function begin(t: TestContext, list: ListName, story: Story = 'still') {
  const terminal = openLive(story, { test: t });
  await terminal.shows(story === 'picker' ? 'would run' : 'uv_run');
  return { terminal, story: new KeyStory(terminal, list, told) };
}

test('tree: moving', async (t) => {
  const { story } = await begin(t, 'tree');
  await story.does('j', cursorOn('main'));
  await story.does('down', cursorOn('uv_run'));
  await story.does('k', cursorOn('main'));
  await story.does('up', cursorOn('all threads'));
  for (const [down, up] of [
    ['G', 'g'],
    ['end', 'home'],
    ['ctrl+d', 'ctrl+u'],
    ['pagedown', 'pageup'],
  ] as const) {
    await story.does(down, cursorOn('_start'));
    await story.does(up, cursorOn('all threads'));
  }
  await story.on(cursorOn('Server.handle'), 'j', 'j', 'j');
  await story.does('}', cursorOn('fs::ReadFile'));
  await story.does('{', cursorOn('Server.handle'));
});

test('tree: opening, closing, zooming', async (t) => {
  const { story } = await begin(t, 'tree');
  await story.on(cursorOn('fs::ReadFile'), 'j', 'j', 'j', '}');
  await story.does('l', ' read ');
  await story.does('right', cursorOn(' read '));
  await story.does('left', cursorOn('fs::ReadFile'));
  await story.does('h', without(' read '));
  await story.does('E', '[kernel: no symbols]');
  await story.does('W', without('[kernel: no symbols]'));
  await story.does('*', '[kernel: no symbols]');
  await story.does('o', cursorOn('[kernel: no symbols]'));
  await story.on(cursorOn('fs::ReadFile'), 'left', 'left', 'left');
  await story.does('enter', 'all › main › uv_run › fs::ReadFile');
  await story.does('escape', without('›'));
  await story.on('› fs::ReadFile', 'enter');
  await story.does('backspace', without('›'));
});

test('tree: views', async (t) => {
  const { story } = await begin(t, 'tree');
  await story.does('2', 'bottom-up of all');
  await story.does('1', without('bottom-up of all'));
  await story.does('3', 'icicle, root above');
  await story.does('4', 'functions of all');
  await story.does('5', 'STATE');
  await story.does('tab', without('STATE'));
  await story.does('shift+tab', 'STATE');
  await story.on(without('STATE'), '1');
  await story.does('i', 'bottom-up of all');
  await story.on(without('bottom-up'), 'i');
  await story.does('I', 'root below');
  await story.on(without('root below'), 'I', '1');
  await story.does('t', 'STATE');
});

test('tree: finding', async (t) => {
  const { story } = await begin(t, 'tree');
  await story.does('/', '/▏   regex');
  await story.on(cursorOn('fs::ReadFile'), 'r', 'e', 'a', 'd', 'enter');
  await story.does('n', cursorOn(' read '));
  await story.does('N', cursorOn('fs::ReadFile'));
  await story.does('&', '[keep /read/]');
  await story.does('u', without('[keep'));
  await story.does('#', 'this name is nowhere else');
});

test('tree: transforms', async (t) => {
  const { story } = await begin(t, 'tree');
  const atPage = (screen: Screen) =>
    !/\[[a-z]/.test(screen.lines[3] ?? '') && detailsOf('renderPage')(screen);
  await story.on(atPage, 'j', 'j', 'j', 'j');
  const transforms = {
    f: '[focus renderPage]',
    F: '[subtree renderPage]',
    m: '[merge renderPage]',
    M: '[merge one renderPage]',
    c: '[collapse renderPage]',
    C: '[collapse module app]',
    R: '[fold recursion of renderPage]',
    d: '[drop renderPage]',
  };
  for (const [key, shown] of Object.entries(transforms)) {
    await story.does(key, shown);
    await story.does('U', (screen) => !/\[[a-z]/.test(screen.lines[3] ?? ''));
    await story.on(atPage, '/', '^', 'r', 'e', 'n', 'd', 'e', 'r', 'enter', 'escape');
  }
});

test('tree: internals of a runtime', async (t) => {
  const { story } = await begin(t, 'tree', 'node');
  await story.on('Builtins_JSEntry', 'E');
  await story.does('H', without('Builtins_JSEntry'));
});

test('tree: time, baseline', async (t) => {
  const { story } = await begin(t, 'tree', 'timed');
  await story.does('space', '○ PAUSED');
  await story.on('● LIVE', 'space');
  await story.does('z', '○ PAUSED');
  await story.on('● LIVE', 'z');
  await story.does('v', 'last 10 s');
  await story.on(without('[ ] or drag'), 'v', 'v', 'v', 'v');
  await story.does('[', 'window 00:25-00:35');
  await story.does(']', 'window 00:30-00:40');
  await story.on('● LIVE', 'space');
  await story.does('b', 'baseline marked');
  await story.does('D', 'difference from before 00:39');
  await story.does('r', 'counters begin anew');
});

test('tree: looking, keeping, asking', async (t) => {
  const { story } = await begin(t, 'tree');
  await story.on(cursorOn('renderPage'), 'j', 'j', 'j', 'j');
  await story.does('K', 'kernel folded');
  await story.does('s', 'SELF▾');
  await story.does('S', 'SELF▴');
  await story.does('%', 'unit time');
  await story.does(',', 'full names');
  await story.does('T', 'theme dark');
  await story.does('-', '49 Hz asked');
  await story.does('+', '99 Hz asked');
  await story.does('=', '199 Hz asked');
  await story.does('y', "name sent to the terminal's clipboard");
  await story.does('Y', "stack sent to the terminal's clipboard");
  await story.does('!', 'recording to prof-tui-node');
  await story.does('O', 'its output is elsewhere');
  await story.does('x', 'export to prof-tui-node');
  await story.on(without('export to'), 'escape');
  await story.does('P', 'no warning offers another engine');
  await story.does('e', 'most allowed here');
  await story.on(without('most allowed here'), 'escape');
  await story.does('w', 'cannot see');
  await story.on(without('cannot see'), 'escape');
  await story.does('a', 'hottest lines');
  await story.on(without('hottest lines'), 'escape');
  await story.does('?', 'type to filter');
  await story.on(without('type to filter'), 'escape');
  await story.does('f1', 'type to filter');
  await story.on(without('type to filter'), 'escape');
  await story.does(':', ':▏   type to narrow');
});

test('quit, and what means the same everywhere', async (t) => {
  const { terminal, story } = await begin(t, 'everywhere');
  await story.on('/▏', '/');
  await story.does('ctrl+l', () => terminal.bytes.includes('\x1b[2J'));
  await story.does('ctrl+z', () => terminal.bytes.includes('\x1b[?1049l'));
  terminal.press('ctrl+c');
  assert.equal((await terminal.exit()).code, 0);
  const other = await begin(t, 'tree');
  other.terminal.press('q');
  assert.equal((await other.terminal.exit()).code, 0);
  told.add('everywhere ctrl+c').add('tree q');
});

test('flame', async (t) => {
  const { story } = await begin(t, 'flame');
  await story.on('icicle', '3');
  await story.on(detailsOf('all threads'), 'g');
  await story.does('j', detailsOf('main'));
  await story.does('down', detailsOf('uv_run'));
  await story.does('k', detailsOf('main'));
  await story.does('up', detailsOf('all threads'));
  await story.on(detailsOf('Server.handle'), 'j', 'j', 'j');
  await story.does('l', detailsOf('fs::ReadFile'));
  await story.does('h', detailsOf('Server.handle'));
  await story.does('right', detailsOf('fs::ReadFile'));
  await story.does('left', detailsOf('Server.handle'));
  await story.does('}', detailsOf('fs::ReadFile'));
  await story.does('{', detailsOf('Server.handle'));
  await story.does('g', detailsOf('all threads'));
  for (const [down, up] of [
    ['G', 'home'],
    ['end', 'g'],
    ['ctrl+d', 'ctrl+u'],
    ['pagedown', 'pageup'],
  ] as const) {
    await story.does(down, detailsOf('escapeHtml'));
    await story.does(up, detailsOf('all threads'));
  }
});

test('functions', async (t) => {
  const { story } = await begin(t, 'functions');
  await story.on(cursorOn('all threads'), '4', 'g');
  await story.does('j', cursorOn('[kernel: no symbols]'));
  await story.does('down', cursorOn('renderPage'));
  await story.does('k', cursorOn('[kernel: no symbols]'));
  await story.does('up', cursorOn('all threads'));
  for (const [down, up] of [
    ['G', 'g'],
    ['end', 'home'],
  ] as const) {
    await story.does(down, cursorOn(' read '));
    await story.does(up, cursorOn('all threads'));
  }
  await story.does('ctrl+d', cursorOn('_start'));
  await story.does('ctrl+u', cursorOn('all threads'));
  await story.does('pagedown', cursorOn('_start'));
  await story.does('pageup', cursorOn('all threads'));
  await story.on(cursorOn('renderPage'), 'j', 'j');
  const inCallers = (screen: Screen) => /^>.*Server\.handle +│/m.test(screen.text);
  const inCallees = (screen: Screen) => screen.text.includes('│> ');
  const inList = (screen: Screen) => !inCallers(screen) && !inCallees(screen);
  await story.does('h', inCallers);
  await story.does('escape', inList);
  await story.does('left', inCallers);
  await story.does('backspace', inList);
  await story.does('l', inCallees);
  await story.on(inList, 'escape');
  await story.does('right', inCallees);
  await story.on(inList, 'escape');
  await story.does('enter', without('functions of all'));
});

test('threads', async (t) => {
  const { story } = await begin(t, 'threads');
  await story.on(cursorOn('thread-101'), '5', 'G');
  await story.does('t', 'only thread 101');
  await story.on(without('only thread'), 't');
  await story.does(
    'enter',
    (screen) => screen.text.includes('only thread 101') && !screen.text.includes('STATE'),
  );
});

test('engine panel', async (t) => {
  const { story } = await begin(t, 'engine');
  const chosen = (name: string) => (screen: Screen) => new RegExp(`> [●* ] ?${name} `).test(screen.text);
  await story.on(chosen('auto'), 'e');
  await story.does('j', chosen('cpu'));
  await story.does('down', chosen('cpu-clock'));
  await story.does('k', chosen('cpu'));
  await story.does('up', chosen('auto'));
  await story.on(chosen('cpu-clock'), 'j', 'j');
  await story.does('enter', 'asked cpu-clock');
  await story.does('-', '49 Hz asked');
  await story.does('+', '99 Hz asked');
  await story.does('=', '199 Hz asked');
  await story.does('r', 'every gate tried again');
  await story.does('y', 'this engine needs no cure');
  await story.does('escape', without('most allowed here'));
  for (const key of ['q', 'e']) {
    await story.on('most allowed here', 'e');
    await story.does(key, without('most allowed here'));
  }
  await story.on('most allowed here', 'e');
  await story.does('w', 'cannot see');
});

test('why panel', async (t) => {
  const { story } = await begin(t, 'why');
  await story.on('> kernel samples', 'w');
  await story.does('j', '> kernel symbols');
  await story.does('down', '> ptrace');
  await story.does('k', '> kernel symbols');
  await story.does('up', '> kernel samples');
  await story.on('> kernel symbols', 'j');
  await story.does('y', 'cure sent');
  await story.does('r', 'tried again');
  for (const key of ['escape', 'q', 'w']) {
    await story.does(key, without('cannot see'));
    await story.on('cannot see', 'w');
  }
});

test('output panel', async (t) => {
  const { story } = await begin(t, 'output', 'launched');
  await story.on('said 90', 'O');
  const ends = (at: number) => (screen: Screen) => screen.lines.at(-2)?.startsWith(`said ${at}`) ?? false;
  await story.on(ends(90), 'G');
  for (const [up, down] of [
    ['k', 'j'],
    ['up', 'down'],
  ] as const) {
    await story.does(up, ends(89));
    await story.does(down, ends(90));
  }
  for (const [up, down] of [
    ['ctrl+u', 'ctrl+d'],
    ['pageup', 'pagedown'],
  ] as const) {
    await story.does(up, (screen) => !screen.text.includes('said 80'));
    await story.does(down, ends(90));
  }
  for (const [first, last] of [
    ['g', 'G'],
    ['home', 'end'],
  ] as const) {
    await story.does(first, 'said 1\n');
    await story.does(last, ends(90));
  }
  for (const key of ['escape', 'q', 'O']) {
    await story.does(key, without('said 90'));
    await story.on('said 90', 'O');
  }
});

test('source panel', async (t) => {
  const { story } = await begin(t, 'source');
  await story.on(cursorOn('renderPage'), 'j', 'j', 'j', 'j');
  await story.on(cursorOn('line 6 of'), 'a');
  await story.does('H', 'number 2 of 3 by heat');
  await story.does('j', cursorOn('line 21 of'));
  await story.does('down', cursorOn('line 22 of'));
  await story.does('k', cursorOn('line 21 of'));
  await story.does('up', cursorOn('line 20 of'));
  await story.does('g', cursorOn('/srv/app.c'));
  await story.does('G', cursorOn('line 30 of'));
  await story.does('home', cursorOn('/srv/app.c'));
  await story.does('end', cursorOn('line 30 of'));
  const half = (screen: Screen) => !cursorOn('line 30 of')(screen) && !cursorOn('/srv/app.c')(screen);
  for (const [up, down] of [
    ['ctrl+u', 'ctrl+d'],
    ['pageup', 'pagedown'],
  ] as const) {
    await story.does(up, half);
    await story.does(down, cursorOn('line 30 of'));
  }
  await story.does('r', cursorOn('line 6 of'));
  await story.does('y', 'place sent');
  await story.does('a', 'hottest instructions');
  await story.does('escape', without('hottest instructions'));
  await story.on('hottest lines', 'a');
  await story.does('q', without('hottest lines'));
});

test('palette', async (t) => {
  const { story } = await begin(t, 'palette');
  const chosen = (text: string) => `> ${text} `;
  await story.on(chosen('next row'), ':');
  await story.does('down', chosen('previous row'));
  await story.does('up', chosen('next row'));
  await story.does('ctrl+n', chosen('previous row'));
  await story.does('ctrl+p', chosen('next row'));
  await story.does('escape', without('type to narrow'));
  await story.on(chosen('bottom-up tree'), ':', 'b', 'o', 't', 't', 'o', 'm', '-', 'u', 'p', ' ', 't');
  await story.does('enter', 'bottom-up of all');
});

test('picker', async (t) => {
  const { terminal, story } = await begin(t, 'picker', 'picker');
  await story.does('down', cursorOn('postgres'));
  await story.does('up', cursorOn('node /srv'));
  await story.does('ctrl+n', cursorOn('postgres'));
  await story.does('ctrl+p', cursorOn('node /srv'));
  await story.does('pagedown', cursorOn('shard 9'));
  await story.does('pageup', cursorOn('node /srv'));
  await story.does('ctrl+d', cursorOn('shard 9'));
  await story.does('home', cursorOn('node /srv'));
  await story.does('end', cursorOn(' init'));
  await story.on('no engine can run');
  await story.does('ctrl+y', 'cure sent');
  await story.on('filter: java', 'j', 'a', 'v', 'a');
  await story.does('escape', 'type to narrow');
  await story.on(cursorOn('node /srv'), 'home');
  terminal.press('enter');
  assert.equal((await terminal.exit()).code, 0);
  told.add('picker enter');
});

test('prompts', async (t) => {
  const { story } = await begin(t, 'prompt');
  await story.on('/read▏', '/', 'r', 'e', 'a', 'd');
  await story.does('enter', 'find /read/');
  await story.on('/main x▏', '/', 'm', 'a', 'i', 'n', ' ', 'x');
  await story.does('ctrl+w', '/main ▏');
  await story.does('ctrl+u', '/▏');
  for (const [earlier, later] of [
    ['up', 'down'],
    ['ctrl+p', 'ctrl+n'],
  ] as const) {
    await story.does(earlier, '/read▏');
    await story.does(later, '/▏');
  }
  await story.does('escape', without('/▏'));
});

test('help', async (t) => {
  const { story } = await begin(t, 'help');
  const top = (screen: Screen) => screen.lines[1]?.startsWith(' MOVE') ?? false;
  await story.on(top, '?');
  const away = (screen: Screen) => screen.text.includes('type to filter') && !top(screen);
  for (const [down, up] of [
    ['down', 'up'],
    ['pagedown', 'pageup'],
    ['ctrl+d', 'ctrl+u'],
    ['end', 'home'],
  ] as const) {
    await story.does(down, away);
    await story.does(up, top);
  }
  for (const key of ['escape', '?', 'f1']) {
    await story.does(key, without('type to filter'));
    await story.on('type to filter', '?');
  }
});

test('no key of the key map is without its story', () => {
  const declared = Object.entries(keyLists).flatMap(([list, bindings]) =>
    bindings.flatMap(({ keys }) => keys.map((key) => `${list} ${key}`)),
  );
  assert.deepEqual(
    declared.filter((key) => !told.has(key)),
    [],
  );
});
