/** The mouse, as a terminal reports it: a click chooses, another one does, the wheel moves, a drag chooses time. */
import { test } from 'node:test';
import { openLive } from '../helpers/live-program.ts';
import { selectedLine, type TestTerminal } from '../helpers/terminal.ts';

type Report = 'press' | 'drag' | 'release' | 'wheel-up' | 'wheel-down';
const buttons: Readonly<Record<Report, number>> = {
  press: 0,
  drag: 32,
  release: 0,
  'wheel-up': 64,
  'wheel-down': 65,
};

function mouse(terminal: TestTerminal, report: Report, x: number, y: number): void {
  terminal.type(`\x1b[<${buttons[report]};${x + 1};${y + 1}${report === 'release' ? 'm' : 'M'}`);
}

function click(terminal: TestTerminal, x: number, y: number): void {
  mouse(terminal, 'press', x, y);
  mouse(terminal, 'release', x, y);
}

function lineOf(terminal: TestTerminal, text: string): number {
  const y = terminal.screen.lines.findIndex((line) => line.includes(text));
  if (y < 0) throw new Error(`no line with ${text} on\n${terminal.screen.text}`);
  return y;
}

test('on the timeline: a drag chooses its seconds, the wheel moves them, a click in them ends it', async (t) => {
  const terminal = openLive('timed', { test: t, rows: 36 });
  await terminal.shows('deflate_slow', 'window 00:00-00:40');
  const y = lineOf(terminal, '[ ] or drag');
  const from = (terminal.screen.lines[y] ?? '').indexOf('[');
  mouse(terminal, 'press', from + 6, y);
  mouse(terminal, 'drag', from + 20, y);
  await terminal.shows('○ PAUSED');
  const [first] = /window 00:\d\d-00:\d\d/.exec(terminal.screen.text) ?? [''];
  // Far below the line: what was pressed keeps the mouse.
  mouse(terminal, 'drag', from + 31, y + 20);
  mouse(terminal, 'release', from + 31, y + 20);
  await terminal.until(
    ({ text }) => /window 00:0\d-00:2\d/.test(text) && !text.includes(first),
    'more seconds',
  );
  const [chosen] = /window 00:\d\d-00:\d\d/.exec(terminal.screen.text) ?? [''];
  mouse(terminal, 'wheel-down', from + 10, y);
  await terminal.until(({ text }) => text.includes('window 00:') && !text.includes(chosen), 'later seconds');
  click(terminal, (terminal.screen.lines[y] ?? '').indexOf('[') + 3, y);
  await terminal.shows('● LIVE', 'window 00:00-00:40');
  click(terminal, from + 25, y);
  await terminal.until(({ text }) => /window 00:1\d-00:2\d/.test(text), 'ten seconds around the click');
});

test('in a panel: a click chooses, another one switches, the wheel moves the choice', async (t) => {
  const terminal = openLive('still', { test: t });
  await terminal.shows('escapeHtml');
  click(terminal, 10, 1);
  await terminal.shows('most allowed here');
  const y = lineOf(terminal, ' cpu-clock ');
  click(terminal, 20, y);
  await terminal.until(({ lines }) => lines[y]?.includes('>   cpu-clock') ?? false, 'cpu-clock chosen');
  click(terminal, 20, y);
  await terminal.shows('asked cpu-clock');
  terminal.press('escape', ':');
  await terminal.shows('> next row');
  mouse(terminal, 'wheel-down', 20, 12);
  await terminal.shows('> previous row');
  click(terminal, 20, lineOf(terminal, '  last row'));
  await terminal.shows('> last row');
  click(terminal, 20, lineOf(terminal, '> last row'));
  await terminal.selects('_start');
  click(terminal, 10, 2);
  await terminal.shows('cannot see');
});

test('two clicks at once on a row open it; in the flame view the wheel goes deeper', async (t) => {
  const terminal = openLive('still', { test: t });
  await terminal.shows('escapeHtml');
  const y = lineOf(terminal, 'fs::ReadFile');
  click(terminal, 60, y);
  click(terminal, 60, y);
  await terminal.until((screen) => selectedLine(screen).includes('▾ fs::ReadFile'), 'opened');
  terminal.press('g', '3');
  await terminal.until(({ lines }) => lines.at(-3)?.startsWith('all threads') ?? false, 'the root frame');
  mouse(terminal, 'wheel-down', 20, 12);
  await terminal.until(({ lines }) => lines.at(-3)?.startsWith('main') ?? false, 'the next frame');
});
