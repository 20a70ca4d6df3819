/** In each view the hot path of a real program is found in a few keys: the ways that docs/hot-path.md tells. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { program } from '../helpers/cli.ts';
import { withSteadyMachine } from '../helpers/sysctl.ts';
import { startFixture } from '../helpers/target.ts';
import { openTerminal, type Screen, selectedLine } from '../helpers/terminal.ts';

const hottest = 'leaf_seventy';
const cursorOnIt = (screen: Screen) => selectedLine(screen).includes(hottest);
const detailsOfIt = (screen: Screen) => screen.lines.at(-3)?.startsWith(hottest) ?? false;

/** From any view: the keys, and what they lead to. */
const ways: readonly (readonly [view: string, keys: readonly string[], sees: (screen: Screen) => boolean])[] =
  [
    ['tree', ['1', 'g', 'o'], cursorOnIt],
    ['bottom-up', ['2', 'g', 'j'], cursorOnIt],
    ['flame', ['3', 'g', 'G'], detailsOfIt],
    ['functions', ['4', 'g', 'j'], cursorOnIt],
    ['threads', ['5', 'g', 'j', 'enter', 'g', 'o'], cursorOnIt],
  ];

test('in each view the hottest function is under the cursor in less than ten keys', async (t) => {
  await withSteadyMachine(async () => {
    const target = await startFixture(t, 'split', [40]);
    const command = [process.execPath, program, String(target.pid)];
    const terminal = openTerminal(command, { cols: 120, rows: 34, test: t });
    await terminal.until(({ text }) => Number(/(\d+) samples/.exec(text)?.[1]) >= 200, '200 samples', 60_000);
    for (const [view, keys, sees] of ways) {
      assert.ok(keys.length < 10, view);
      for (const key of keys) terminal.press(key);
      await terminal.until(sees, `${hottest} in the view ${view}`);
      terminal.press('escape');
    }
    terminal.press('q');
    assert.equal((await terminal.exit()).code, 0);
  });
});
