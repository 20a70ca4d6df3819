/** `prof-tui -- CMD` in a real terminal: the command's output never on the screen but in its panel, and its end. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import { program, runCli } from '../helpers/cli.ts';
import { buildFixture } from '../helpers/fixtures.ts';
import { withSteadyMachine } from '../helpers/sysctl.ts';
import { openTerminal, type TerminalOptions, type TestTerminal } from '../helpers/terminal.ts';

function launch(
  t: TestContext,
  command: readonly (string | number)[],
  options: TerminalOptions = {},
): TestTerminal {
  const words = [process.execPath, program, '--', ...command.map(String)];
  return openTerminal(words, { cols: 120, rows: 34, test: t, ...options });
}

function shell(t: TestContext): TestTerminal {
  return openTerminal(['bash', '--norc', '--noprofile', '-i'], { test: t, env: { PS1: '$ ' }, cols: 100 });
}

function isAlive(pid: number): boolean {
  try {
    return !/^State:\tZ/m.test(readFileSync(`/proc/${pid}/status`, 'latin1'));
  } catch {
    return false;
  }
}

/** The one child of a process. */
function childOf(pid: number): number {
  return Number(readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim());
}

async function untilGone(pid: number): Promise<void> {
  const deadline = Date.now() + 10_000;
  while (isAlive(pid)) {
    assert(Date.now() < deadline, `${pid} lives on`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

test('live: samples of the command, its output in a panel only; quitting ends it and leaves the output', async (t) => {
  await withSteadyMachine(async () => {
    const terminal = launch(t, [buildFixture('split'), 600]);
    const screen = await terminal.shows('● LIVE', 'leaf_seventy');
    assert.match(screen.lines[0] ?? '', /^prof-tui {2}split 600 \[\d+\] /);
    assert.doesNotMatch(screen.text, /"ready"/);
    terminal.press('O');
    await terminal.shows('output of', '{"ready":', 'esc close');
    terminal.press('escape');
    await terminal.shows('leaf_seventy');
    terminal.press('q');
    assert.deepEqual(await terminal.exit(), { code: 0, signal: 0 });
    const rest = terminal.screen.text.replaceAll('\n', '');
    // SIGTERM ended it, as it wishes: with its truth.
    assert.match(rest, /\{"ready":\d+\}.*"fixture":"split".*split ended with code 0 *prof-tui: cpu /);
  });
});

test('the end of the command: the view stays, the banner says how, no control code of it reaches the screen', async (t) => {
  const text =
    "echo first; printf 'red \\033[31m\\033[2J\\033[Hword\\tx\\a\\n'; printf '10%%\\r20%%\\n'; exit 3";
  const terminal = launch(t, ['sh', '-c', text]);
  await terminal.shows('■ ENDED (sh ended with code 3)');
  terminal.press('O');
  const screen = await terminal.shows('first', 'red word');
  assert.match(screen.text, /^red word {8}x·$/m);
  assert.match(screen.text, /^20%$/m);
  assert.match(screen.lines[0] ?? '', /ENDED/);
  terminal.press('q', 'q');
  assert.deepEqual(await terminal.exit(), { code: 0, signal: 0 });
  assert.match(terminal.screen.text, /^sh ended with code 3$/m);
});

test('a signal ends the command: the banner names it', async (t) => {
  const terminal = launch(t, ['sh', '-c', 'kill -KILL $$']);
  await terminal.shows('■ ENDED (sh was ended by signal SIGKILL)');
});

test('40x12: long output scrolls, follows the end, and the way out is on the screen', async (t) => {
  const terminal = launch(
    t,
    ['sh', '-c', 'seq -f "line %g of a text that is longer than forty" 500; sleep 600'],
    {
      cols: 40,
      rows: 12,
    },
  );
  await terminal.shows('●');
  terminal.press('O');
  const end = await terminal.shows('line 500 of a text', 'esc close');
  assert.match(end.text, /^forty$/m, 'long lines are broken, not cut');
  terminal.press('g');
  await terminal.until(
    ({ text }) => /^line 1 of/m.test(text) && !text.includes('line 500'),
    'the first line',
  );
  terminal.press('j');
  await terminal.until(({ text }) => /^line 2 of/m.test(text) && !/^line 1 of/m.test(text), 'one line on');
  terminal.press('pagedown', 'up');
  await terminal.until(({ text }) => /^line [3-9] of/m.test(text), 'half a page on');
  terminal.press('G');
  await terminal.shows('line 500');
  terminal.resize(100, 30);
  await terminal.shows('line 480 of a text that is longer than forty');
  terminal.press('ctrl+c');
  assert.equal((await terminal.exit()).code, 0);
});

test('an endless flood of output: keys answer, the last 64 KiB are kept', async (t) => {
  const terminal = shell(t);
  await terminal.shows('$');
  terminal.type(`${process.execPath} ${program} -- yes a line of the flood\r`);
  await terminal.shows('● LIVE');
  terminal.press('O');
  await terminal.shows('a line of the flood', 'kept');
  terminal.press('q');
  await terminal.shows('all threads');
  terminal.press('q');
  const screen = await terminal.shows('yes was ended by signal SIG', 'prof-tui: ');
  assert.match(screen.text, /^a line of the flood\nyes was ended by signal SIG(TERM|PIPE)\nprof-tui: /m);
});

test('O without a command says where output can be seen', async (t) => {
  const other = launch(t, [buildFixture('split'), 600]);
  await other.shows('● LIVE');
  const terminal = openTerminal([process.execPath, program, String(childOf(other.pid))], {
    test: t,
    cols: 120,
  });
  await terminal.shows('● LIVE');
  terminal.press('O');
  await terminal.shows('prof-tui -- CMD');
});

for (const signal of ['SIGTERM', 'SIGHUP', 'SIGKILL'] as const) {
  test(`${signal} ends the view, and the command with it`, async (t) => {
    const terminal = launch(t, ['sleep', 600]);
    await terminal.shows('● LIVE');
    const command = childOf(terminal.pid);
    terminal.signal(signal);
    await terminal.exit();
    // After SIGKILL nobody could give the terminal back.
    assert.equal(terminal.bufferType, signal === 'SIGKILL' ? 'alternate' : 'normal');
    await untilGone(command);
  });
}

test('the command has no terminal and reads nothing', async (t) => {
  const terminal = launch(t, ['sh', '-c', 'tty; cat; echo read all; echo x > /dev/tty; sleep 600']);
  await terminal.shows('● LIVE');
  terminal.press('O');
  await terminal.shows('not a tty', 'read all', 'No such device');
});

test('^Z stops the command with the view, fg lets both go on', async (t) => {
  const terminal = shell(t);
  await terminal.shows('$');
  terminal.type(`${process.execPath} ${program} -- ${buildFixture('split')} 600\r`);
  await terminal.shows('● LIVE');
  const command = childOf(childOf(terminal.pid));
  const stateOf = () => /^State:\t(\w)/m.exec(readFileSync(`/proc/${command}/status`, 'latin1'))?.[1];
  terminal.press('ctrl+z');
  await terminal.until(
    () => terminal.bufferType === 'normal' && stateOf() === 'T',
    'view and command stopped',
  );
  terminal.type('fg\r');
  await terminal.until(() => terminal.bufferType === 'alternate' && stateOf() !== 'T', 'both go on');
  terminal.press('q');
  await terminal.shows('prof-tui: ');
});

test('without a terminal it is a record with a text report', async () => {
  const run = await runCli(['--', 'sh', '-c', 'echo said; exit 4']);
  assert.equal(run.code, 4, run.stderr);
  assert.match(run.stderr, /^said$/m);
  assert.match(run.stderr, /^sh ended with code 4$/m);
  assert.match(run.stdout, /sh -c/);
  assert.doesNotMatch(run.stdout, /\x1b/);
});

test('a command that cannot be started: one line, the terminal untouched', async (t) => {
  const terminal = launch(t, ['no-such-command-here']);
  assert.deepEqual(await terminal.exit(), { code: 1, signal: 0 });
  assert.match(terminal.screen.text, /^prof-tui: cannot start no-such-command-here: no such command\n/);
  assert.doesNotMatch(terminal.bytes, /\x1b\[\?1049h/);
});
