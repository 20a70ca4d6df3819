/** What a user does and sees on the live screen: walking, zooming, finding, pausing, asking why. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openLive } from '../helpers/live-program.ts';
import { lineWith, selectedLine } from '../helpers/terminal.ts';

test('first screen: banner, notice, columns and the hottest path, opened by itself', async (t) => {
  const terminal = openLive('still', { test: t });
  const screen = await terminal.shows('LIVE', 'escapeHtml');
  assert.match(screen.lines[0] ?? '', /^prof-tui {2}node server\.js \[4242\] {2}4 thr {2}● LIVE 00:01:23 /);
  assert.match(screen.lines[1] ?? '', /^ENGINE {2}cpu .*asked auto {2}accounted 99\.6% of 82\.1 s/);
  assert.match(
    screen.lines[2] ?? '',
    /^▲ kernel symbols hidden \(kptr_restrict=1\): kernel time kept as one node +w$/,
  );
  assert.match(screen.lines[4] ?? '', /TOTAL▾ +SELF +Δ10s LAST 30s +FUNCTION +MODULE/);
  assert.match(selectedLine(screen), /^>100\.0% +0\.0% .*▾ all threads/);
  assert.match(lineWith(screen, 'renderPage'), / 47\.0% +25\.0% .*▾ renderPage +app/);
  assert.match(lineWith(screen, 'escapeHtml'), / 22\.0% +22\.0% .*· escapeHtml +app/);
});

test('walking: down, close, parent, open, first child; the details follow', async (t) => {
  const terminal = openLive('still', { test: t });
  await terminal.shows('escapeHtml');
  terminal.press('j', 'down');
  await terminal.selects('uv_run');
  terminal.press('h');
  await terminal.until((screen) => !screen.text.includes('renderPage'), 'uv_run closed');
  terminal.press('left');
  await terminal.selects('main');
  terminal.press('right', 'l');
  await terminal.until((screen) => screen.text.includes('Server.handle'), 'uv_run open again');
  terminal.press('G');
  await terminal.selects('_start');
  await terminal.shows('1 sample   threads 100 (100%)   callers 1');
  terminal.press('g');
  await terminal.selects('all threads');
});

test('siblings, open all below and the hottest path', async (t) => {
  const terminal = openLive('still', { test: t });
  await terminal.shows('escapeHtml');
  terminal.press('j', 'j', 'j');
  await terminal.selects('Server.handle');
  terminal.press('}');
  await terminal.selects('fs::ReadFile');
  terminal.press('E');
  const screen = await terminal.shows('[kernel: no symbols]');
  assert.match(
    lineWith(screen, '[kernel: no symbols]'),
    / 29\.0% +29\.0% .*◆ \[kernel: no symbols\] +kernel/,
  );
  terminal.press('}', '{');
  await terminal.selects('fs::ReadFile');
  terminal.press('o');
  await terminal.selects('[kernel: no symbols]');
});

test('zoom makes a row the root, back returns to it', async (t) => {
  const terminal = openLive('still', { test: t });
  await terminal.shows('escapeHtml');
  terminal.press('j', 'j', 'j', 'enter');
  const zoomed = await terminal.shows('all › main › uv_run › Server.handle');
  assert.ok(!zoomed.text.includes('deflate_slow'), zoomed.text);
  assert.match(selectedLine(zoomed), /^> 47\.0% .* ▾ Server\.handle/);
  terminal.press('escape');
  const back = await terminal.shows('deflate_slow');
  assert.match(selectedLine(back), /Server\.handle/);
});

test('find counts matches while typing, n goes on into closed parts, esc ends it', async (t) => {
  const terminal = openLive('still', { test: t });
  await terminal.shows('escapeHtml');
  terminal.press('/');
  terminal.type('read');
  await terminal.shows('/read▏   2 matches, 29.0% of time');
  terminal.press('enter');
  await terminal.selects('fs::ReadFile');
  await terminal.shows('find /read/ 2 matches, 29.0% of time');
  terminal.press('n');
  await terminal.selects(' read ');
  terminal.press('n');
  await terminal.selects('fs::ReadFile');
  terminal.press('N');
  await terminal.selects(' read ');
  terminal.press('escape');
  await terminal.until((screen) => !screen.text.includes('find /'), 'the search ended');
});

test('find takes a bad regex as text and says when nothing matches', async (t) => {
  const terminal = openLive('still', { test: t });
  await terminal.shows('escapeHtml');
  terminal.press('/');
  terminal.type('([');
  await terminal.shows('/([▏   no match');
  terminal.press('ctrl+u');
  terminal.type('READ');
  await terminal.shows('/READ▏   no match');
  terminal.press('escape');
  await terminal.until((screen) => !screen.text.includes('/READ'), 'the prompt closed');
});

test('pause freezes the view and counts what goes on; space resumes', async (t) => {
  const terminal = openLive('live', { test: t });
  await terminal.shows('escapeHtml');
  terminal.press('%', '%', 'space');
  const paused = await terminal.shows('○ PAUSED +');
  const frozen = selectedLine(paused);
  const later = await terminal.until(
    (screen) => / PAUSED \+[3-9]\d\d samples/.test(screen.text),
    '300 samples',
  );
  assert.equal(selectedLine(later), frozen);
  terminal.press('space');
  await terminal.until(
    (screen) => !screen.text.includes('PAUSED') && selectedLine(screen) !== frozen,
    'live',
  );
});

test('reset begins to count anew: few samples are called few', async (t) => {
  const terminal = openLive('still', { test: t });
  await terminal.shows('escapeHtml');
  terminal.press('r');
  const screen = await terminal.shows('counters begin anew');
  assert.match(selectedLine(screen), /^> +0 +0 .*all threads/);
});

test('kernel fold: the kernel part of a stack becomes one node, its time stays', async (t) => {
  const terminal = openLive('still', { test: t });
  await terminal.shows('escapeHtml');
  terminal.press('E', 'K');
  const screen = await terminal.shows('kernel folded', '[kernel]');
  assert.match(lineWith(screen, '[kernel]'), / 29\.0% +29\.0% /);
  terminal.press('K');
  await terminal.shows('[kernel: no symbols]');
});

test('sort by self and by name, and reversed', async (t) => {
  const terminal = openLive('still', { test: t });
  await terminal.shows('escapeHtml');
  const order = (text: string) =>
    ['Server.handle', 'fs::ReadFile', 'deflate_slow'].map((name) => text.indexOf(name));
  terminal.press('s', 's');
  const byName = await terminal.shows('FUNCTION▾');
  const [server = 0, read = 0, deflate = 0] = order(byName.text);
  assert.ok(server < deflate && deflate < read, byName.text);
  terminal.press('S');
  const reversed = await terminal.shows('FUNCTION▴');
  const [serverLast = 0, readFirst = 0] = order(reversed.text);
  assert.ok(readFirst < serverLast, reversed.text);
});

test('why panel: asked, planned, running, gates and the cure to copy', async (t) => {
  const terminal = openLive('still', { test: t });
  await terminal.shows('escapeHtml');
  terminal.press('w');
  await terminal.shows(
    'asked      auto   planned cpu   runs cpu (perf_events, 99 Hz)',
    'cure       none needed',
  );
  terminal.press('j');
  await terminal.shows('cure       sudo sysctl kernel.kptr_restrict=0');
  terminal.press('y');
  await terminal.shows("cure sent to the terminal's clipboard");
  const copied = Buffer.from('sudo sysctl kernel.kptr_restrict=0').toString('base64');
  assert.ok(terminal.bytes.includes(`\x1b]52;c;${copied}\x07`));
  terminal.press('r');
  await terminal.shows('ptrace_scope=0, tried again');
  terminal.press('q');
  await terminal.until((screen) => !screen.text.includes('planned cpu'), 'the panel closed');
});

test('engine switcher: rows, cursor, cure to copy, switch and rates asked of the session', async (t) => {
  const terminal = openLive('still', { test: t });
  await terminal.shows('escapeHtml');
  terminal.press('j', 'j', 'e');
  const opened = await terminal.shows('NAME       SEES', '● cpu        user + kernel         ACTIVE');
  assert.match(lineWith(opened, 'auto       most'), /│ > {3}auto .*→ cpu/);
  terminal.press('j', 'j', 'j');
  await terminal.shows('ctimer is refused here: the target is traced by 77', 'y copies this line');
  terminal.press('y');
  await terminal.shows("cure sent to the terminal's clipboard");
  const copied = Buffer.from('end process 77').toString('base64');
  assert.ok(terminal.bytes.includes(`\x1b]52;c;${copied}\x07`));
  terminal.press('k', 'enter');
  await terminal.shows('ENGINE  cpu-clock  user only', '● cpu-clock  user only             ACTIVE');
  terminal.press('+');
  await terminal.shows('199 Hz asked', '  199 Hz  ', '[199]');
  terminal.press('escape');
  const closed = await terminal.until((screen) => !screen.text.includes('NAME       SEES'), 'closed');
  assert.match(selectedLine(closed), /uv_run/);
  terminal.press('-', '-');
  await terminal.shows('  49 Hz  ');
});

test('a refused switch is said on the line for what is degraded, and the engine goes on', async (t) => {
  const terminal = openLive('still', { test: t });
  await terminal.shows('escapeHtml');
  terminal.press('e', 'j', 'j', 'j', 'enter', 'escape');
  const screen = await terminal.shows('▲ ctimer is refused, cpu goes on: the target is traced by 77');
  assert.match(screen.lines[1] ?? '', /^ENGINE {2}cpu /);
});

test('help lists every key, filters as one types, and closes', async (t) => {
  const terminal = openLive('still', { test: t });
  await terminal.shows('escapeHtml');
  terminal.press('?');
  await terminal.shows('MOVE', 'open the hottest path from here', '↑↓ scroll');
  terminal.press('end');
  await terminal.shows('WHY PANEL', 'close the panel');
  terminal.type('hottest');
  await terminal.until(
    (screen) => screen.text.includes('hottest path') && !screen.text.includes('next row'),
    'filtered help',
  );
  terminal.press('?');
  await terminal.shows('LIVE', 'escapeHtml');
});

test('mouse: a click selects, a second one closes, the wheel scrolls', async (t) => {
  const terminal = openLive('still', { test: t });
  const screen = await terminal.shows('escapeHtml');
  const y = screen.lines.findIndex((line) => line.includes('Server.handle')) + 1;
  terminal.type(`\x1b[<0;40;${y}M\x1b[<0;40;${y}m`);
  await terminal.selects('Server.handle');
  terminal.type(`\x1b[<0;40;${y}M`);
  await terminal.until((now) => !now.text.includes('renderPage'), 'Server.handle closed');
  terminal.resize(100, 10);
  await terminal.until((now) => now.lines.length === 10 && /jk move/.test(now.lines[9] ?? ''), 'small');
  terminal.type('\x1b[<65;40;5M\x1b[<65;40;5M');
  await terminal.shows('_start');
});

test('late names change rows in place and keep the selection', async (t) => {
  const terminal = openLive('late-names', { test: t });
  await terminal.shows('fn_0');
  terminal.press('E', 'j', 'j', 'j', 'j');
  const before = await terminal.until((screen) => selectedLine(screen).includes('fn_3'), 'cursor on fn_3');
  const y = before.lines.indexOf(selectedLine(before));
  terminal.signal('SIGUSR2');
  const after = await terminal.selects('renderPage');
  assert.equal(after.lines.indexOf(selectedLine(after)), y);
});

test('hostile names cannot move the cursor, clear the screen or set the title', async (t) => {
  const terminal = openLive('hostile', { test: t });
  const screen = await terminal.shows('clear·[2J·]0;title·screen', '日本語の関数名');
  assert.ok(!terminal.bytes.includes('\x1b[2J'));
  assert.ok(!terminal.bytes.includes('\x1b]0;'));
  assert.match(lineWith(screen, 'std::map'), /std::map<…>::find\(…\) +app/);
  assert.ok(!screen.text.includes('\u202e'));
  assert.match(lineWith(screen, 'clair'), / app$/);
});

test('the target ends: the view stays and says so', async (t) => {
  const terminal = openLive('ends', { test: t });
  await terminal.shows('■ ENDED', 'target exited', 'renderPage');
  terminal.press('j');
  await terminal.selects('main');
  terminal.press('q');
  assert.deepEqual(await terminal.exit(), { code: 0, signal: 0 });
});
