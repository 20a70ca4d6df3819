/**
 * Every screen as it looks, at three sizes, in colour, without colour and in ASCII, from a session of known numbers.
 * `UPDATE_SNAPSHOTS=1 node --import tsx --test test/tui/snapshots.test.ts` writes test/tui/snapshots anew.
 */
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
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
const screens: readonly (readonly [name: string, to: readonly string[], back: readonly string[]])[] = [
  ['tree', [], []],
  ['bottom-up', ['2'], ['1']],
  ['flame', ['3'], ['1']],
  ['functions', ['4'], ['1']],
  ['threads', ['5'], ['1']],
  ['find', ['/', 'r', 'e', 'a', 'd'], ['escape']],
  ['help', ['?'], ['escape']],
  ['why', ['w'], ['escape']],
  ['engine', ['e'], ['escape']],
  ['palette', [':'], ['escape']],
  ['source', ['a'], ['escape']],
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
      await delay(settleMs);
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
const settleMs = 600;

/** To the same row of the same window, wherever the cursor has been. */
async function toPlace(terminal: TestTerminal): Promise<void> {
  terminal.press('g');
  await terminal.selects('all threads');
  terminal.press('j', 'j', 'j', 'j');
  await terminal.selects('renderPage');
}

for (const [mode, flags] of modes) {
  for (const [cols, rows] of sizes) {
    test(`every screen at ${cols}x${rows}, ${mode}, is as in its snapshot`, async (t) => {
      const snapshots = new Snapshots(mode, cols, rows);
      const terminal = openLive('still', { test: t, cols, rows, flags });
      await terminal.shows('renderPage');
      await toPlace(terminal);
      for (const [name, to, back] of screens) {
        terminal.press(...to);
        await snapshots.check(name, terminal, mode === 'colour');
        terminal.press(...back);
        await toPlace(terminal);
        await snapshots.check('tree', terminal, mode === 'colour');
      }
      snapshots.save();
      terminal.press('q');
      assert.equal((await terminal.exit()).code, 0);
    });
  }
}
