/** Inside tmux and inside GNU screen, which draw on the terminal in our place: picture, keys, size and the way back. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { liveCommand } from '../helpers/live-program.ts';
import { openTerminal } from '../helpers/terminal.ts';
import { hasTool } from '../helpers/tools.ts';

const configs = {
  tmux: 'set -g status off\nset -g set-clipboard on\n',
  screen: 'startup_message off\naltscreen on\n',
} as const;

/** A server of its own for each test, with no configuration of the user's; it ends with the program in it. */
function insideOf(tool: 'tmux' | 'screen', t: TestContext) {
  const folder = mkdtempSync(join(tmpdir(), 'prof-tui-mux-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const config = join(folder, 'config');
  writeFileSync(config, configs[tool]);
  const start =
    tool === 'tmux'
      ? ['tmux', '-S', join(folder, 'socket'), '-f', config, 'new-session', '-s', 'prof']
      : ['screen', '-U', '-c', config, '-S', 'prof'];
  const env = { SCREENDIR: folder, TMUX: undefined, STY: undefined };
  return openTerminal([...start, ...liveCommand('live')], { test: t, cols: 100, rows: 30, env });
}

for (const tool of ['tmux', 'screen'] as const) {
  test(`inside ${tool}: the picture, keys, another size, and the end`, async (t) => {
    if (!hasTool(t, tool, tool)) return;
    const terminal = insideOf(tool, t);
    const { lines } = await terminal.shows('● LIVE', 'escapeHtml');
    assert.match(lines[1] ?? '', /^ENGINE {2}cpu /);
    terminal.press('j', 'down', 'j');
    await terminal.selects('Server.handle');
    // `Server.handle`, through to the outer terminal.
    terminal.press('y');
    await terminal.until(() => /\x1b\]52;c?;U2VydmVyLmhhbmRsZQ==/.test(terminal.bytes), 'its name copied');
    terminal.press('3');
    await terminal.shows('icicle, root above');
    terminal.resize(80, 24);
    await terminal.until(({ lines: shown }) => / q quit *$/.test(shown[23] ?? ''), 'the footer of 24 lines');
    terminal.resize(40, 12);
    terminal.press('1');
    await terminal.until(({ lines: shown }) => / q quit *$/.test(shown[11] ?? ''), 'the footer of 12 lines');
    await terminal.selects('Server.handle');
    terminal.press('q');
    assert.equal((await terminal.exit()).code, 0);
  });
}
