/** The functions view on the screen: the list, the sandwich below it, and the way to the other views. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openLive } from '../helpers/live-program.ts';
import { lineWith, type Screen, selectedLine } from '../helpers/terminal.ts';

async function openFunctions(
  t: { after(done: () => void): void },
  options: Parameters<typeof openLive>[1] = {},
) {
  const terminal = openLive('still', { test: t, ...options });
  await terminal.shows('all threads', 'main');
  terminal.press('4');
  await terminal.shows('_start', '[kernel: no symbols]', 'longest_match');
  return terminal;
}

/** The lines below the head of the panes, left and right. */
function panes(screen: Screen): { readonly left: string[]; readonly right: string[] } {
  const head = screen.lines.findIndex((line) => line.includes('callers of'));
  const lines = screen.lines.slice(head + 1).filter((line) => line.includes('│'));
  const half = (at: 0 | 1) =>
    lines.map((line) => (line.split('│')[at] ?? '').trim()).filter((text) => text !== '');
  return { left: half(0), right: half(1) };
}

test('functions: by self time, callers and callees of the one under the cursor below', async (t) => {
  const terminal = await openFunctions(t);
  const list = terminal.screen;
  assert.match(list.lines[0] ?? '', /^prof-tui {2}node server\.js/);
  assert.match(list.lines[2] ?? '', /^▲ kernel symbols hidden/);
  assert.match(list.lines[3] ?? '', /^functions of all/);
  assert.match(list.lines[4] ?? '', /TOTAL +SELF▾ +Δ10s LAST 30s +FUNCTION +MODULE/);
  assert.match(list.lines[6] ?? '', / 29\.0% +29\.0% .*◆ \[kernel: no symbols\] +kernel/);
  assert.match(lineWith(list, 'uv_run'), / 99\.0% +0\.0% /);
  terminal.press('j', 'down');
  await terminal.selects('renderPage');
  const screen = await terminal.shows('callers of renderPage', 'renderPage calls', 'itself');
  assert.deepEqual(panes(screen).left, ['100.0%  ▸ Server.handle']);
  assert.deepEqual(panes(screen).right, ['53.2%  · itself', '46.8%  ▸ escapeHtml']);
  await terminal.shows('total 47.0%', 'self 25.0%', '47 samples', 'callers 1');
  assert.match(
    terminal.screen.lines.at(-1) ?? '',
    /^jk move {2}h callers {2}l callees {2}⏎ centre, tree .*q quit$/,
  );
});

test('functions: l and h go into the panes, enter centres, esc and k lead back', async (t) => {
  const terminal = await openFunctions(t);
  terminal.press('j', 'j');
  await terminal.shows('callers of renderPage', 'itself');
  terminal.press('l', 'j');
  await terminal.shows('>  46.8%  ▸ escapeHtml');
  terminal.press('enter');
  await terminal.selects('escapeHtml');
  const centred = await terminal.shows('callers of escapeHtml', '100.0%  · itself');
  assert.deepEqual(panes(centred).left, ['100.0%  ▸ renderPage']);
  terminal.press('h');
  await terminal.shows('> 100.0%  ▸ renderPage');
  terminal.press('right');
  await terminal.shows('> 100.0%  · itself');
  terminal.press('left', 'k');
  await terminal.selects('escapeHtml');
  terminal.press('l', 'escape', 'up');
  await terminal.selects('renderPage');
});

test('functions: enter in the list shows where it stands in the tree; the cursor comes along', async (t) => {
  const terminal = await openFunctions(t);
  terminal.press('G', 'ctrl+u', 'ctrl+d', 'home', 'j');
  await terminal.selects('[kernel: no symbols]');
  terminal.press('enter');
  await terminal.until(
    (screen) => /TOTAL▾/.test(screen.text) && selectedLine(screen).includes('[kernel: no symbols]'),
    'its place in the tree',
  );
  terminal.press('k', '4');
  await terminal.until(
    (screen) => /SELF▾/.test(screen.text) && / read /.test(selectedLine(screen)),
    'the function of the tree’s cursor',
  );
  terminal.press('3');
  await terminal.shows('>read');
});

test('functions: search, sort, units; a pane that is empty is not entered', async (t) => {
  const terminal = await openFunctions(t);
  terminal.press('h');
  await terminal.shows('choose a function first');
  terminal.press('/');
  terminal.type('main|uv_run');
  await terminal.shows('2 matches, 99.0% of time');
  terminal.press('ctrl+u');
  terminal.type('^main$');
  terminal.press('enter');
  await terminal.selects(' main ');
  const screen = await terminal.shows('no caller', 'uv_run');
  assert.deepEqual(panes(screen).left, ['100.0%  · no caller']);
  terminal.press('escape', 's');
  await terminal.shows('FUNCTION▾');
  terminal.press('%');
  await terminal.until(({ text }) => /1\.0 s/.test(text), 'time');
  terminal.press('y');
  await terminal.shows("name sent to the terminal's clipboard");
});

test('functions: a zoom of the tree and a choice of threads bound it', async (t) => {
  const terminal = openLive('still', { test: t });
  await terminal.shows('escapeHtml');
  terminal.press('j', 'j', 'j', 'enter', '4');
  const screen = await terminal.shows('functions of all › main › uv_run › Server.handle', '46.8%');
  assert.ok(!screen.text.includes('longest_match'), screen.text);
  terminal.press('escape');
  await terminal.shows('longest_match');
  terminal.press('5', 'g', 'j', 'j', 'enter', '4');
  await terminal.until(
    ({ text }) => text.includes('only thread 101') && text.includes('SELF▾') && !text.includes('renderPage'),
    'one thread',
  );
});

test('functions: clicks choose a function and a row of a pane, a second one centres', async (t) => {
  const terminal = await openFunctions(t);
  const click = (x: number, y: number) =>
    terminal.type(`\x1b[<0;${x + 1};${y + 1}M\x1b[<0;${x + 1};${y + 1}m`);
  const y = terminal.screen.lines.findIndex((line) => line.includes('renderPage'));
  click(40, y);
  await terminal.selects('renderPage');
  const screen = await terminal.shows('▸ escapeHtml');
  const row = screen.lines.findIndex((line) => line.includes('▸ escapeHtml'));
  click(70, row);
  await terminal.shows('>  46.8%  ▸ escapeHtml');
  click(70, row);
  await terminal.selects('escapeHtml');
});

for (const [cols, rows, flags] of [
  [80, 24, []],
  [100, 30, ['--no-color']],
  [80, 24, ['--ascii']],
] as const) {
  test(`functions at ${cols}x${rows} ${flags.join(' ')}: three parts`, async (t) => {
    const terminal = await openFunctions(t, { cols, rows, flags });
    terminal.press('j', 'j');
    await terminal.shows('callers of renderPage', 'renderPage calls', 'Server.handle', 'itself');
    if (flags[0] === '--ascii') assert.doesNotMatch(terminal.bytes, /[^\x00-\x7f]/);
  });
}

for (const flags of [[], ['--ascii']]) {
  test(`functions at 40x12 ${flags.join('')}: self time stays, and a pane takes the place of the list`, async (t) => {
    const terminal = openLive('still', { test: t, cols: 40, rows: 12, flags });
    await terminal.shows('all threads', 'main');
    terminal.press('4', 'j', 'j');
    await terminal.until(
      (screen) => /^> ?47% +25% +[·.] renderPage/.test(selectedLine(screen)),
      'total and self',
    );
    terminal.press('l');
    await terminal.until(
      (screen) => /renderPage calls/.test(screen.text) && /^> +53\.2%/m.test(screen.text),
      'callees',
    );
    terminal.press('escape');
    await terminal.selects('renderPage');
    if (flags[0] === '--ascii') assert.doesNotMatch(terminal.bytes, /[^\x00-\x7f]/);
  });
}

test('functions: live data changes figures, pause freezes them', async (t) => {
  const terminal = openLive('live', { test: t });
  await terminal.shows('escapeHtml');
  terminal.press('4', '%', '%');
  const first = await terminal.until(({ text }) => /\d +\d+ .*· escapeHtml/.test(text), 'rows');
  const row = lineWith(first, 'escapeHtml');
  await terminal.until((screen) => lineWith(screen, 'escapeHtml') !== row, 'more samples');
  terminal.press('space');
  const frozen = lineWith(await terminal.shows('PAUSED +'), 'renderPage').slice(0, 20);
  const later = await terminal.until(({ text }) => / PAUSED \+[3-9]\d\d samples/.test(text), '300 samples');
  assert.equal(lineWith(later, 'renderPage').slice(0, 20), frozen);
});

test('functions: empty, one sample, ten thousand callees, 5,000 frames, hostile names', async (t) => {
  const empty = openLive('empty', { test: t });
  await empty.shows('all threads');
  empty.press('4', 'j', 'l', 'enter', '4', 'escape');
  await empty.shows('functions of all', 'none');
  const one = openLive('one', { test: t });
  await one.shows('all threads');
  one.press('4');
  await one.shows('work', 'functions of all');
  one.press('j');
  await one.shows('callers of work', '100.0%  ▸ main');
  const wide = openLive('wide', { test: t });
  await wide.shows('main');
  wide.press('4');
  await wide.shows('functions of all', 'busy');
  wide.press('/');
  wide.type('^main$');
  wide.press('enter');
  await wide.shows('main calls', '33.3%  ▸ busy');
  wide.press('l', 'G');
  await wide.shows('child_9999');
  const deep = openLive('deep', { test: t });
  await deep.shows('level_0');
  deep.press('4');
  await deep.shows('functions of all', 'level_4999');
  const hostile = openLive('hostile', { test: t });
  await hostile.shows('main');
  hostile.press('4', 'j');
  await hostile.shows('callers of clear·[2J·]0;title·screen');
  assert.ok(!hostile.bytes.includes('\x1b[2J') && !hostile.bytes.includes('\x1b]0;'));
});
