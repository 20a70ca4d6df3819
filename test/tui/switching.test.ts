/** The engine switcher of the whole program on real processes: what the keys do, seen on the screen. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { program } from '../helpers/cli.ts';
import { withSteadyMachine } from '../helpers/sysctl.ts';
import { startFixture } from '../helpers/target.ts';
import {
  lineWith,
  openTerminal,
  selectedLine,
  type TerminalOptions,
  type TestTerminal,
} from '../helpers/terminal.ts';

function open(
  t: TestContext,
  args: readonly (string | number)[],
  options: TerminalOptions = {},
): TestTerminal {
  const command = [process.execPath, program, ...args.map(String)];
  return openTerminal(command, { cols: 110, rows: 34, test: t, lifeMs: 120_000, ...options });
}

/** The ask under the cursor of the open switcher. */
function chosen({ text }: { readonly text: string }): string | undefined {
  return /│ > [ ●] (\S+)/.exec(text)?.[1];
}

/** Moves the cursor of the open switcher to a row, one key at a time. */
async function choose(terminal: TestTerminal, ask: string): Promise<void> {
  for (let moves = 0; chosen(terminal.screen) !== 'auto' && moves < 8; moves++) await step(terminal, 'k');
  for (let moves = 0; chosen(terminal.screen) !== ask && moves < 8; moves++) await step(terminal, 'j');
  assert.equal(chosen(terminal.screen), ask, terminal.screen.text);
}

async function step(terminal: TestTerminal, key: string): Promise<void> {
  const before = chosen(terminal.screen);
  terminal.press(key);
  await terminal.until((screen) => ![before, undefined].includes(chosen(screen)), `a step from ${before}`);
}

const samplesOn = (text: string): number => Number(/([\d,]+) samples/.exec(text)?.[1]?.replaceAll(',', ''));

test('cpu, ctimer, cpu, another rate: the banner says what runs, the selection stays', async (t) => {
  await withSteadyMachine(async () => {
    const target = await startFixture(t, 'split', [600]);
    const terminal = open(t, [target.pid, '-e', 'cpu']);
    await terminal.shows('ENGINE  cpu ', 'leaf_twenty');
    terminal.press('/');
    terminal.type('leaf_twenty');
    terminal.press('enter');
    await terminal.selects('leaf_twenty');
    terminal.press('escape', 'e');
    await terminal.shows('NAME', 'STATE', '[99]');
    assert.match(lineWith(terminal.screen, '│ >'), /│ > ● cpu +user \+ kernel +ACTIVE +perf_events/);
    await choose(terminal, 'ctimer');
    terminal.press('enter');
    await terminal.shows('ENGINE  ctimer ', 'asked ctimer');
    // A frame may come in two reads, its head before the panel.
    const switched = await terminal.until(
      ({ text }) => /│ > ● ctimer .*ACTIVE/.test(text),
      'the row of ctimer',
    );
    const before = samplesOn(switched.text);
    await terminal.until(({ text }) => samplesOn(text) > before + 20, 'samples of ctimer');
    await choose(terminal, 'cpu');
    terminal.press('enter');
    await terminal.shows('ENGINE  cpu ', 'asked cpu');
    terminal.press('+');
    await terminal.shows('  199 Hz', '[199]');
    terminal.press('escape');
    const closed = await terminal.until(({ text }) => !text.includes('STATE'), 'the switcher closed');
    assert.match(selectedLine(closed), /leaf_twenty/);
    terminal.press('-', '-');
    await terminal.shows('  49 Hz');
    terminal.press('q');
    assert.deepEqual(await terminal.exit(), { code: 0, signal: 0 });
    assert.match(terminal.screen.text, /^prof-tui: cpu \(perf_events\), accounted (9\d|10\d)\.\d% of /m);
    const truth = await target.finish();
    assert.ok(truth.processCpuNs > 0, 'the target went on until now');
  });
});

test('a refused engine: its reason and cure on the screen, the running one goes on until it opens', async (t) => {
  await withSteadyMachine(async () => {
    const target = await startFixture(t, 'split', [600]);
    const terminal = open(t, [target.pid, '-e', 'cpu']);
    await terminal.shows('ENGINE  cpu ', 'leaf_twenty');
    const tracer = await startFixture(t, 'tracer', [600, target.pid]);
    terminal.press('e', 'r');
    await terminal.shows('every gate tried again', 'refused');
    await choose(terminal, 'ctimer');
    const cure = `end process ${tracer.pid}`;
    await terminal.shows(`ctimer is refused here: the target is traced by ${tracer.pid}`, cure);
    terminal.press('y', 'enter');
    await terminal.shows('▲ ctimer is refused, cpu goes on', 'ENGINE  cpu ');
    const copied = Buffer.from(cure).toString('base64');
    assert.ok(terminal.bytes.includes(`\x1b]52;c;${copied}\x07`), 'the cure went to the clipboard');
    const before = samplesOn(terminal.screen.text);
    await terminal.until(({ text }) => samplesOn(text) > before + 20, 'samples of cpu');
    await tracer.finish();
    terminal.press('enter');
    await terminal.shows('ENGINE  ctimer ');
    await terminal.until(({ text }) => !text.includes('is refused'), 'the warning gone');
    terminal.press('escape', 'q');
    assert.deepEqual(await terminal.exit(), { code: 0, signal: 0 });
  });
});

test('40x12: the switcher shows its rows, the reason and the way out', async (t) => {
  await withSteadyMachine(async () => {
    const target = await startFixture(t, 'split', [600]);
    const terminal = open(t, [target.pid, '-e', 'cpu'], { cols: 40, rows: 12 });
    await terminal.until(({ text }) => /● cpu acc \d/.test(text), 'the short banner');
    terminal.press('e');
    const opened = await terminal.shows('ACTIVE', 'esc close');
    assert.match(lineWith(opened, '│ >'), /│ > ● cpu +ACTIVE +│/);
    await choose(terminal, 'cpu-clock');
    await terminal.shows('cpu-clock can run');
    terminal.press('enter');
    await terminal.until(({ text }) => /cpu-clock acc/.test(text), 'the short banner says cpu-clock');
    terminal.press('escape', 'q');
    assert.deepEqual(await terminal.exit(), { code: 0, signal: 0 });
  });
});
