/** The terminal is given back as it was, whatever ends the program; and nothing but frames is written while it runs. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { liveCommand, openLive, type Story } from '../helpers/live-program.ts';
import { openTerminal, type TestTerminal } from '../helpers/terminal.ts';

const leaveEnd = '\x1b[?25h\x1b[?1049l';

/** An interactive shell in the terminal, which has printed its terminal settings once. */
async function shellWith(t: { after(done: () => void): void }): Promise<TestTerminal> {
  const terminal = openTerminal(['bash', '--norc', '--noprofile', '-i'], { test: t, env: { PS1: '$ ' } });
  await terminal.shows('$');
  terminal.type('before=$(stty -g)\r');
  return terminal;
}

/** Starts the live view as a job of the shell and waits for its first picture. */
async function startIn(terminal: TestTerminal, story: Story): Promise<void> {
  const words = liveCommand(story).map((word) => `'${word}'`);
  terminal.type(`${words.join(' ')}; echo status=$?\r`);
  await terminal.until(() => terminal.bufferType === 'alternate', 'the alternate screen');
}

/** The shell is back, on the normal screen, with the settings it had. */
async function expectRestored(terminal: TestTerminal, status: string): Promise<void> {
  await terminal.until((screen) => screen.text.includes(status) && terminal.bufferType === 'normal', status);
  terminal.type('[ "$before" = "$(stty -g)" ] && echo settings-are-""same || echo settings-""differ\r');
  const screen = await terminal.until(
    (now) => /settings-(are-same|differ)/.test(now.text),
    'settings compared',
  );
  assert.match(screen.text, /settings-are-same/);
  const restored = terminal.bytes.lastIndexOf(leaveEnd);
  assert.ok(restored > 0, 'the leave codes were written');
  assert.ok(!terminal.bytes.slice(restored).includes('\x1b[?2026h'), 'no frame after the end');
}

/** The pid of the live view, a child of the shell. */
async function jobPid(terminal: TestTerminal): Promise<number> {
  const { readFile } = await import('node:fs/promises');
  const children = await readFile(`/proc/${terminal.pid}/task/${terminal.pid}/children`, 'utf8');
  return Number(children.trim().split(' ').at(-1));
}

for (const key of ['q', 'ctrl+c'] as const) {
  test(`${key} stops the session, restores the terminal and leaves one line`, async (t) => {
    const terminal = await shellWith(t);
    await startIn(terminal, 'still');
    await terminal.shows('renderPage');
    terminal.press(key);
    await expectRestored(terminal, 'status=0');
    await terminal.shows(
      'prof-tui: cpu (perf_events), accounted 99.6% of 82.1 s CPU, 12,483 samples, lost 0',
    );
    await terminal.shows('stops: 1');
  });
}

const signals = { SIGTERM: 143, SIGHUP: 129, SIGINT: 130 } as const;
for (const [name, status] of Object.entries(signals)) {
  test(`${name} restores the terminal and ends the program as that signal`, async (t) => {
    const terminal = await shellWith(t);
    await startIn(terminal, 'live');
    await terminal.shows('renderPage');
    process.kill(await jobPid(terminal), name as NodeJS.Signals);
    // An interactive shell gives up the rest of the line after SIGINT, so the status is asked for apart.
    await terminal.until(() => terminal.bufferType === 'normal', 'the normal screen');
    terminal.type('\recho last=$?\r');
    await terminal.until((screen) => /(status|last)=\d+/.test(screen.text), 'a status');
    await expectRestored(terminal, `=${status}`);
  });
}

const failures = {
  'throws-in-render': 'status broke',
  'throws-in-timer': 'timer broke',
  rejects: 'promise broke',
} as const;
for (const [story, message] of Object.entries(failures)) {
  test(`${story}: the terminal is restored first, then one line names the failure`, async (t) => {
    const terminal = await shellWith(t);
    await startIn(terminal, story as Story);
    await expectRestored(terminal, 'status=1');
    const flat = terminal.screen.text.replaceAll('\n', '');
    assert.match(
      flat,
      new RegExp(`prof-tui: the live view failed: ${message} \\(details in \\S+error\\.log\\)`),
    );
  });
}

test('^Z gives the terminal to the shell, fg takes it again', async (t) => {
  const terminal = await shellWith(t);
  await startIn(terminal, 'live');
  await terminal.shows('renderPage');
  terminal.press('ctrl+z');
  await terminal.until(
    (screen) => terminal.bufferType === 'normal' && /Stopped/.test(screen.text),
    'stopped job',
  );
  terminal.type('[ "$before" = "$(stty -g)" ] && echo settings-are-""same\r');
  await terminal.shows('settings-are-same');
  terminal.type('fg\r');
  await terminal.until(
    (screen) => terminal.bufferType === 'alternate' && screen.text.includes('renderPage'),
    'fg',
  );
  terminal.press('j');
  await terminal.selects('main');
  terminal.press('q');
  await terminal.until(() => terminal.bufferType === 'normal', 'the normal screen');
  terminal.type('[ "$before" = "$(stty -g)" ] && echo still-""same\r');
  await terminal.shows('still-same');
});

test('^Z in a terminal whose shell cannot continue jobs comes back by itself', async (t) => {
  const terminal = openLive('live', { test: t });
  await terminal.shows('renderPage');
  const entered = terminal.bytes.split('\x1b[?1049h').length;
  terminal.press('ctrl+z');
  await terminal.until(() => terminal.bytes.split('\x1b[?1049h').length > entered, 'entered again');
  terminal.press('j');
  await terminal.selects('main');
});

test('SIGTSTP and SIGCONT from outside behave as ^Z and fg', async (t) => {
  const terminal = await shellWith(t);
  await startIn(terminal, 'live');
  await terminal.shows('renderPage');
  process.kill(await jobPid(terminal), 'SIGTSTP');
  await terminal.until(
    (screen) => terminal.bufferType === 'normal' && /Stopped/.test(screen.text),
    'stopped job',
  );
  terminal.type('fg\r');
  await terminal.until(
    (screen) => terminal.bufferType === 'alternate' && screen.text.includes('renderPage'),
    'fg',
  );
  terminal.press('q');
  await terminal.until(() => terminal.bufferType === 'normal', 'the normal screen');
});

test('after the start no byte erases the screen, frames come in pairs, the last bytes restore', async (t) => {
  const terminal = openLive('live', { test: t });
  await terminal.shows('renderPage');
  terminal.press('j', 'l', 'w', 'escape', '?', 'escape', 'enter', 'escape');
  await terminal.shows('LIVE');
  terminal.resize(60, 12);
  await terminal.until((screen) => screen.lines.length === 12 && screen.text.includes('node[4242]'), 'small');
  terminal.press('q');
  assert.deepEqual(await terminal.exit(), { code: 0, signal: 0 });
  const { bytes } = terminal;
  assert.doesNotMatch(bytes, /\x1b\[[0-3]?J/);
  assert.equal(
    bytes.split('\x1b[?2026h').length,
    bytes.split('\x1b[?2026l').length - 1,
    'one more end, by leave',
  );
  const tail = bytes.slice(bytes.lastIndexOf(leaveEnd) + leaveEnd.length);
  assert.match(tail, /^prof-tui: [^\x1b]*\r\nstops: 1\r\nlongest gap: \d+ ms\r\n$/);
});

test('^L clears and draws everything again over what another program wrote', async (t) => {
  const terminal = openLive('still', { test: t });
  await terminal.shows('renderPage');
  terminal.emulator.write('\x1b[5;1Hgarbage of another program');
  await terminal.until((screen) => screen.text.includes('garbage'), 'garbage');
  terminal.press('ctrl+l');
  await terminal.until(
    (screen) => !screen.text.includes('garbage') && screen.text.includes('TOTAL'),
    'clean',
  );
});

test('words on stderr and warnings of node never reach the screen; they come out after the end', async (t) => {
  const terminal = openLive('talks', { test: t });
  await terminal.shows('5 thr');
  assert.ok(!terminal.bytes.includes('a word on stderr'));
  assert.ok(!terminal.bytes.includes('a warning of node'));
  terminal.press('q');
  assert.deepEqual(await terminal.exit(), { code: 0, signal: 0 });
  const after = terminal.bytes.slice(terminal.bytes.lastIndexOf(leaveEnd));
  assert.match(after, /a word on stderr/);
  assert.match(after, /a warning of node/);
});

test('a terminal that stops reading for three seconds holds up nothing and is right afterwards', async (t) => {
  const terminal = openLive('many', { test: t, cols: 200, rows: 60 });
  await terminal.shows('function_59');
  const before = terminal.bytes.length;
  terminal.stopReading();
  await new Promise((resolve) => setTimeout(resolve, 3000));
  terminal.press('j');
  terminal.readOn();
  await terminal.selects('main');
  // 30 ticks of several kilobytes were due; the terminal's own buffers hold some, the rest were skipped.
  const frames = terminal.bytes.slice(before).split('\x1b[?2026h').length - 1;
  assert.ok(frames < 25, `${frames} frames`);
  terminal.press('q');
  const screen = await terminal.shows('longest gap');
  const gapMs = Number(/longest gap: (\d+) ms/.exec(screen.text)?.[1]);
  assert.ok(gapMs < 1500, `the loop was held for ${gapMs} ms of 3000`);
});

/** Waits until nothing has come for a while, and gives how many bytes came until then. */
async function quiet(terminal: TestTerminal, stillMs: number): Promise<number> {
  const begin = terminal.bytes.length;
  for (let before = -1; before !== terminal.bytes.length; ) {
    before = terminal.bytes.length;
    await new Promise((resolve) => setTimeout(resolve, stillMs));
  }
  return terminal.bytes.length - begin;
}

test('a steadily slow terminal: keys are answered, frames are skipped, the last picture is right', async (t) => {
  const terminal = openLive('many', { test: t, cols: 200, rows: 60 });
  await terminal.shows('function_59');
  const everyMs = 600;
  terminal.readSlowly(everyMs);
  for (const [key, shown] of [
    ['4', 'functions of all'],
    ['e', 'most allowed here'],
    ['escape', '^(?![^]*most allowed here)'],
    ['5', 'STATE'],
    ['1', '▾ main'],
  ] as const) {
    terminal.press(key);
    await terminal.until(({ text }) => new RegExp(shown).test(text), `the answer to ${key}`);
  }
  terminal.signal('SIGUSR2');
  // What the kernel holds, the frame in flight and the last one; all frames of these seconds were some hundred kilobytes.
  const rest = await quiet(terminal, 4 * everyMs);
  assert.ok(rest < 64_000, `${rest} bytes came after the last change`);
  terminal.readOn();
  const last = terminal.screen.text;
  terminal.press('ctrl+l');
  await terminal.until(() => terminal.bytes.includes('\x1b[2J'), 'everything drawn anew');
  await quiet(terminal, 500);
  assert.equal(terminal.screen.text, last);
  terminal.press('q');
  assert.equal((await terminal.exit()).code, 0);
});

test('SIGTERM ends the program although the terminal does not read', async (t) => {
  const terminal = openLive('many', { test: t, cols: 200, rows: 60 });
  await terminal.shows('function_59');
  terminal.stopReading();
  await new Promise((resolve) => setTimeout(resolve, 3000));
  terminal.signal('SIGTERM');
  const ended = terminal.exit();
  // The exit is seen only when the rest of the output is read.
  setTimeout(() => terminal.readOn(), 2000);
  assert.equal((await ended).signal, 15);
});

test('keys come from the terminal although stdin is something else', async (t) => {
  const words = liveCommand('still').map((word) => `'${word}'`);
  const terminal = openTerminal(['sh', '-c', `${words.join(' ')} </dev/null`], { test: t });
  await terminal.shows('renderPage');
  terminal.press('j');
  await terminal.selects('main');
  terminal.press('q');
  assert.deepEqual(await terminal.exit(), { code: 0, signal: 0 });
});

test('a terminal that goes away takes the program with it', async (t) => {
  const terminal = openLive('live', { test: t });
  await terminal.shows('renderPage');
  terminal.hangUp();
  await terminal.exit();
});
