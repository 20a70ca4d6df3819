/** Python stacks against those that faulthandler writes in the target at the same instruction. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type Interpreter, interpreters, startPython } from '../helpers/python-target.ts';
import { replay } from '../unwind/replay.ts';

const stops = Number(process.env['PROF_TUI_STOPS'] ?? 600);
/** faulthandler of 3.13 crashes its process at about every thousandth dump. */
const mostProcesses = 20;
/** faulthandler ends there. */
const mostFrames = 100;

interface Seen {
  stacks: number;
  frames: number;
  /** Frames without a name, and such without a line where faulthandler has one. */
  unnamed: number;
  lineless: number;
  readonly wrong: string[];
}

/** Later versions of faulthandler give up where a frame does not please them. */
const gaveUp = '<invalid frame>';

/** Innermost first, `NAME FILE LINE`; the name without what it stands in, which faulthandler does not tell. */
function dumpedStacks(text: string): string[][] {
  return text
    .split(/^(?:Current thread|Thread|Stack).*\n/m)
    .slice(1)
    .map((stack) =>
      [...stack.matchAll(/^ {2}(?:File "(.*)", line (\d+|\?\?\?) in (.*)|<invalid frame>)$/gm)]
        .map(([, file, line, name]) => (name === undefined ? gaveUp : `${name} ${file} ${Number(line) || 0}`))
        // What stands under an __init__, or under a call from C, is the interpreter's own.
        .filter((frame) => !/^(__init__ __init__|<interpreter trampoline> <shim>) /.test(frame)),
    );
}

function readStacks(lines: readonly string[]): string[][] {
  const stacks: string[][] = [];
  for (const line of lines) {
    if (line === 'stack') stacks.push([]);
    else stacks.at(-1)?.push(line.replace(/^\S*\.(?=\S+ )/, ''));
  }
  return stacks;
}

function compare(ours: string[][], truth: string[][]): Seen {
  const seen: Seen = { stacks: ours.length, frames: 0, unnamed: 0, lineless: 0, wrong: [] };
  ours.forEach((stack, i) => {
    const dumped = truth[i] ?? [];
    const end = dumped.indexOf(gaveUp);
    if (end >= 0) dumped.length = end;
    const read = stack.slice(0, end >= 0 ? end : mostFrames);
    if (read.length !== dumped.length) seen.wrong.push(`${read.length} frames, not ${dumped.length}`);
    read.forEach((frame, depth) => {
      const known = dumped[depth] ?? '';
      seen.frames++;
      if (frame === '-') seen.unnamed++;
      else if (frame === known.replace(/\d+$/, '0') && frame !== known) seen.lineless++;
      else if (frame !== known) seen.wrong.push(`${frame}, not ${known}`);
    });
  });
  return seen;
}

/** As many stops as asked for, or those until faulthandler crashes its own process. */
async function compareStops(t: TestContext, python: Interpreter, count: number): Promise<Seen> {
  const folder = mkdtempSync(join(tmpdir(), 'prof-tui-dumps-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const path = join(folder, 'dumps.txt');
  const target = await startPython(t, python, 'calls.py', [path]);
  const lines = replay(['python-dumps', String(target.pid), String(count)]);
  // The last one may still be being written, or be the one in which it crashed.
  const ours = readStacks(lines).slice(0, -1);
  return compare(ours, await dumpsIn(path, ours.length));
}

async function dumpsIn(path: string, count: number): Promise<string[][]> {
  for (let i = 0; ; i++) {
    const dumps = dumpedStacks(readFileSync(path, 'utf8'));
    if (dumps.length >= count || i === 100) return dumps;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

for (const python of interpreters()) {
  test(`CPython ${python.version}: each function, file and line is faulthandler's at the same instruction`, async (t) => {
    const seen: Seen = { stacks: 0, frames: 0, unnamed: 0, lineless: 0, wrong: [] };
    for (let process = 0; seen.stacks < stops && process < mostProcesses; process++) {
      const { stacks, frames, unnamed, lineless, wrong } = await compareStops(
        t,
        python,
        stops + 1 - seen.stacks,
      );
      seen.stacks += stacks;
      seen.frames += frames;
      seen.unnamed += unnamed;
      seen.lineless += lineless;
      seen.wrong.push(...wrong);
    }
    t.diagnostic(JSON.stringify({ ...seen, wrong: seen.wrong.length }));
    assert.deepEqual(seen.wrong.slice(0, 5), []);
    assert.equal(seen.stacks, stops);
    assert(
      seen.unnamed + seen.lineless < seen.frames / 200,
      `${seen.unnamed} and ${seen.lineless} of ${seen.frames}`,
    );
  });
}
