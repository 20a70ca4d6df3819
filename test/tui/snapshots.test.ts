/**
 * Every screen as it looks, at three sizes, in colour, without colour and in ASCII, from a session of known numbers.
 * `UPDATE_SNAPSHOTS=1 node --import tsx --test test/tui/snapshots.test.ts` writes test/tui/snapshots anew.
 */
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { openLive } from '../helpers/live-program.ts';
import type { Cell, TestTerminal } from '../helpers/terminal.ts';

const folder = new URL('snapshots/', import.meta.url);
const isUpdating = process.env['UPDATE_SNAPSHOTS'] !== undefined;
const sizes = [
  [100, 30],
  [80, 24],
  [40, 12],
] as const;
const modes = [
  ['colour', []],
  ['no-color', ['--no-color']],
  ['ascii', ['--ascii', '--no-color']],
] as const;

/** Keys that lead to a screen from the tree, and those that lead back. */
type Way = readonly [name: string, to: readonly string[], back: readonly string[]];
const screens: readonly Way[] = [
  ['tree', [], []],
  ['bottom-up', ['2'], ['1']],
  ['flame', ['3'], ['1']],
  ['functions', ['4'], ['1']],
  ['sandwich', ['4', 'l'], ['escape', '1']],
  ['threads', ['5'], ['1']],
  ['find', ['/', 'r', 'e', 'a', 'd'], ['escape']],
  ['help', ['?'], ['escape']],
  ['why', ['w'], ['escape']],
  ['engine', ['e'], ['escape']],
  ['palette', [':'], ['escape']],
  ['source', ['a'], ['escape']],
  ['export', ['x'], ['escape']],
];
/** Of a run of forty seconds with a baseline in the middle. */
const timedScreens: readonly Way[] = [
  ['window', ['[', '['], ['space']],
  ['difference', ['D'], ['D']],
  ['difference, flame', ['D', '3'], ['1', 'D']],
  // It says what it shows for some seconds: nothing may come after it.
  ['timeline', ['v'], []],
];

/** How a cell looks, in one letter: its place in the legend; '.' is plain. */
function pictureOf(terminal: TestTerminal, hasColour: boolean): string {
  const { lines, text } = terminal.screen;
  if (!hasColour) return text;
  const legend = new Map<string, string>();
  const looks = lines.map((line, y) => {
    const width = Math.max(line.length, 0);
    const letters = Array.from({ length: width }, (_, x) => letterOf(terminal.cell(x, y), legend));
    return letters.join('').replace(/\.+$/, '');
  });
  const keys = Array.from(legend, ([look, letter]) => `${letter} ${look}`);
  return [text, '', ...looks, '', ...keys].join('\n');
}

function letterOf(cell: Cell, legend: Map<string, string>): string {
  const { foreground, background, isBold, isDim, isInverse, isUnderlined } = cell;
  const look = [
    foreground === undefined ? '' : `fg${foreground.value}`,
    background === undefined ? '' : `bg${background.value}`,
    isBold ? 'bold' : '',
    isDim ? 'dim' : '',
    isInverse ? 'inverse' : '',
    isUnderlined ? 'underline' : '',
  ]
    .filter((word) => word !== '')
    .join(' ');
  if (look === '') return '.';
  const letter = legend.get(look) ?? String.fromCharCode(97 + legend.size);
  legend.set(look, letter);
  return letter;
}

/** All screens of one terminal, each under a line with its name. */
class Snapshots {
  readonly #file: URL;
  readonly #pictures = new Map<string, string>();

  constructor(mode: string, cols: number, rows: number) {
    this.#file = new URL(`${mode}.${cols}x${rows}.txt`, folder);
    if (isUpdating) return;
    for (const part of readFileSync(this.#file, 'utf8').split(/^=== /m).slice(1)) {
      const end = part.indexOf('\n');
      this.#pictures.set(part.slice(0, end), part.slice(end + 1, -1));
    }
  }

  async check(name: string, terminal: TestTerminal, hasColour: boolean): Promise<void> {
    if (isUpdating) {
      await settled(() => pictureOf(terminal, hasColour));
      this.#pictures.set(name, pictureOf(terminal, hasColour));
      return;
    }
    const expected = this.#pictures.get(name);
    const isSame = () => pictureOf(terminal, hasColour) === expected;
    try {
      await terminal.until(isSame, name, 10_000);
    } catch {
      assert.equal(pictureOf(terminal, hasColour), expected, `${name} in ${this.#file.pathname}`);
    }
  }

  save(): void {
    if (!isUpdating) return;
    mkdirSync(folder, { recursive: true });
    const parts = Array.from(this.#pictures, ([name, picture]) => `=== ${name}\n${picture}\n`);
    writeFileSync(this.#file, parts.join(''));
  }
}

/** Longer than the cursor must rest before its details are worked out; only when snapshots are written. */
const settleMs = 300;

/** Until a picture has stood still for a while: on a machine that others use one look is too soon now and then. */
async function settled(picture: () => string): Promise<void> {
  for (let last = '', same = 0; same < 5; ) {
    await delay(settleMs);
    const now = picture();
    same = now === last ? same + 1 : 0;
    last = now;
  }
}

/** To the same row of the same window, wherever the cursor has been. */
async function toPlace(terminal: TestTerminal): Promise<void> {
  terminal.press('g');
  await terminal.selects('all threads');
  terminal.press('j', 'j', 'j', 'j');
  await terminal.selects('renderPage');
}

type Mode = (typeof modes)[number];
type Size = (typeof sizes)[number];

/** The first row of the tree: for runs whose rows are not those of the still one. */
async function toTop(terminal: TestTerminal): Promise<void> {
  terminal.press('g');
  await terminal.selects('all threads');
}

async function checkRun(snapshots: Snapshots, t: TestContext, mode: Mode, [cols, rows]: Size): Promise<void> {
  const hasColour = mode[0] === 'colour';
  const still = openLive('still', { test: t, cols, rows, flags: mode[1] });
  await still.shows('renderPage');
  await toPlace(still);
  for (const [name, to, back] of screens) {
    still.press(...to);
    await snapshots.check(name, still, hasColour);
    still.press(...back);
    await toPlace(still);
    await snapshots.check('tree', still, hasColour);
  }
  still.press('q');
  assert.equal((await still.exit()).code, 0);
  const timed = openLive('timed', { test: t, cols, rows, flags: mode[1] });
  await timed.shows('uv_run');
  for (const [name, to, back] of timedScreens) {
    await toTop(timed);
    timed.press(...to);
    await snapshots.check(name, timed, hasColour);
    timed.press(...back);
  }
  timed.kill();
}

async function checkOthers(
  snapshots: Snapshots,
  t: TestContext,
  mode: Mode,
  [cols, rows]: Size,
): Promise<void> {
  const hasColour = mode[0] === 'colour';
  const warned = openLive('warned', { test: t, cols, rows, flags: mode[1] });
  await warned.shows('uv_run');
  await snapshots.check('warnings', warned, hasColour);
  warned.press('w');
  await snapshots.check('warnings, why', warned, hasColour);
  warned.kill();
  const picker = openLive('picker', { test: t, cols, rows, flags: mode[1] });
  await picker.shows('would run ctimer');
  await snapshots.check('picker', picker, hasColour);
  picker.press('down', 'down');
  await picker.selects('java');
  picker.type('init');
  await snapshots.check('picker, nothing can run', picker, hasColour);
  picker.kill();
}

for (const mode of modes) {
  for (const size of sizes) {
    test(`every screen at ${size.join('x')}, ${mode[0]}, is as in its snapshot`, async (t) => {
      const snapshots = new Snapshots(mode[0], size[0], size[1]);
      await checkRun(snapshots, t, mode, size);
      await checkOthers(snapshots, t, mode, size);
      snapshots.save();
    });
  }
}
