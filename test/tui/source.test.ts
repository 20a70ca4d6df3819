/** The source panel: on a session of known lines, and on a real program with debug information. */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { program } from '../helpers/cli.ts';
import { openLive } from '../helpers/live-program.ts';
import { withSteadyMachine } from '../helpers/sysctl.ts';
import { startFixture } from '../helpers/target.ts';
import { openTerminal } from '../helpers/terminal.ts';

test('a: the hottest line first, H goes to the next one and round; a again shows instructions and what is missing', async (t) => {
  const terminal = openLive('still', { test: t });
  await terminal.shows('escapeHtml');
  terminal.press('a');
  await terminal.shows('this row is no function');
  terminal.press('o', 'a');
  await terminal.selects('60.0%   60.0%        6    line 6 of');
  await terminal.shows('hottest lines', '/srv/app.c', 'H next hottest', 'esc close');
  terminal.press('H');
  await terminal.selects('line 20 of');
  await terminal.shows('number 2 of 3 by heat');
  terminal.press('H', 'H');
  await terminal.selects('line 6 of');
  await terminal.shows('the hottest of 3');
  terminal.press('y');
  await terminal.shows("place sent to the terminal's clipboard");
  const copied = Buffer.from('/srv/app.c:6').toString('base64');
  assert.ok(terminal.bytes.includes(`\x1b]52;c;${copied}\x07`));
  terminal.press('a');
  await terminal.shows(
    'hottest instructions',
    '▲ app has no line information',
    'to see more: build it with -g',
  );
  terminal.press('y');
  await terminal.shows("cure sent to the terminal's clipboard");
  terminal.press('G');
  await terminal.selects('line 30 of');
  terminal.press('g', 'j', 'j', 'k');
  await terminal.selects('line 1 of');
  terminal.press('ctrl+d', 'r');
  await terminal.selects('line 6 of');
  terminal.press('q');
  await terminal.until(({ text }) => text.includes('all threads') && !text.includes('hottest'), 'the tree');
});

for (const [cols, rows, flags] of [
  [100, 30, []],
  [80, 24, ['--no-color']],
  [40, 12, ['--ascii', '--no-color']],
] as const) {
  test(`the source panel at ${cols}x${rows} ${flags.join(' ')}: line, way out, no cell too many`, async (t) => {
    const terminal = openLive('still', { test: t, cols, rows, flags });
    await terminal.shows('escapeHtml');
    terminal.press('o', 'a');
    await terminal.selects('line 6 of');
    await terminal.shows('esc close');
    if (flags.some((flag) => flag === '--ascii')) assert.doesNotMatch(terminal.bytes, /[^\x00-\x7f]/);
    terminal.resize(20, 4);
    await terminal.selects('60.0%');
    terminal.resize(10, 2);
    await terminal.shows('too small');
    terminal.resize(cols, rows);
    await terminal.selects('line 6 of');
    terminal.press('escape', 'q');
    assert.equal((await terminal.exit()).code, 0);
  });
}

const grinder = `static inline __attribute__((always_inline)) unsigned long mix(unsigned long x) {
  return (x ^ (x >> 13)) * 31; /* the mixing line */
}
volatile unsigned long sink;
__attribute__((noinline)) static void grind(void) {
  unsigned long s = sink;
  for (int i = 0; i < 1000000; i++) s = mix(s + i);
  sink = s;
}
int main(void) {
  for (;;) grind();
}
`;

/** A busy program built here and now: its source file lies where its debug information says. */
function startGrinder(t: TestContext): number {
  const folder = mkdtempSync(join(tmpdir(), 'prof-tui-source-'));
  t.after(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, 'grind.c'), grinder);
  const made = spawnSync('gcc', ['-O2', '-g', 'grind.c', '-o', 'grind'], { cwd: folder, encoding: 'utf8' });
  assert.equal(made.status, 0, made.stderr);
  const child = spawn(join(folder, 'grind'), [], { stdio: 'ignore' });
  t.after(() => child.kill('SIGKILL'));
  return child.pid ?? 0;
}

test('a real program: the hottest line with its source text, inlined code shown as such, then its instructions', async (t) => {
  await withSteadyMachine(async () => {
    const pid = startGrinder(t);
    const terminal = openTerminal([process.execPath, program, String(pid)], { test: t, cols: 120 });
    await terminal.until(({ text }) => Number(/(\d+) samples/.exec(text)?.[1]) >= 100, '100 samples', 60_000);
    terminal.press('/');
    terminal.type('grind$');
    terminal.press('enter');
    await terminal.selects('grind');
    terminal.press('a');
    await terminal.shows('hottest lines   grind', 'grind.c   inlined mix', 'the mixing line');
    terminal.press('a');
    await terminal.shows('hottest instructions');
    await terminal.until(({ lines }) => lines.some((line) => /^> +\d+\.\d%/.test(line)), 'a hot instruction');
    terminal.press('escape', 'q');
    assert.equal((await terminal.exit()).code, 0);
  });
});

test('generated code with a jitdump: the lines of its table, with the text of their file', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'prof-tui-made-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const source = join(folder, 'made.lua');
  writeFileSync(source, 'local n = 1000\nfor i = 1, n do end\ncallee() -- the calling line\n');
  const target = await startFixture(t, 'jit', [600, 'dump', source]);
  const terminal = openTerminal([process.execPath, program, String(target.pid)], { test: t, cols: 120 });
  await terminal.until(({ text }) => text.includes('dumped outer'), 'its name', 60_000);
  terminal.press('/');
  terminal.type('dumped inner');
  terminal.press('enter');
  await terminal.selects('dumped inner');
  terminal.press('a');
  await terminal.shows('hottest lines   dumped inner', 'made.lua');
  await terminal.selects('the calling line');
  terminal.press('escape', 'q');
  assert.equal((await terminal.exit()).code, 0);
});
