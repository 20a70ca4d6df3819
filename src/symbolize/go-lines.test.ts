/** Lines of a stripped Go program for listings: each function's own, whatever else is inlined at the address. */
import assert from 'node:assert/strict';
import { tmpdir } from 'node:os';
import path from 'node:path';
import test from 'node:test';
import { fileURLToPath } from 'node:url';
import type { ProfileFunction } from '../profile/functions.ts';
import { goLinesOf } from './go-lines.ts';
import { readGoProgram } from './go-program.ts';
import { readGoTable } from './gopclntab.ts';
import { compile, openElf, run, temporaryFolder } from './test-programs.ts';

const folder = temporaryFolder();
const source = fileURLToPath(new URL('../../test/fixtures/go/inlined.go', import.meta.url));
const still = new AbortController().signal;
const functionOf = (name: string): ProfileFunction => ({ id: 0, name, module: '', kind: 'native' });

test('an address where a call is inlined: the caller stands at the call, what is inlined at its own line', async (t) => {
  const program = path.join(folder, 'inlined');
  Object.assign(process.env, { GOCACHE: path.join(tmpdir(), 'prof-tui-go-cache'), GO111MODULE: 'off' });
  try {
    run('go', 'build', '-ldflags=-s -w', '-o', program, source);
  } catch (error) {
    if (process.env['CI'] !== undefined) throw error;
    return t.skip('needs go (Debian: golang-go)');
  }
  const file = openElf(program);
  const [table, places] = [readGoTable(file), readGoProgram(file)];
  const all = [...Array(table?.length ?? 0).keys()].map((i) => table?.functionOf(i));
  const loop = all.find((each) => each && table?.nameAt(each.nameOffset) === 'main.loop');
  assert(loop !== undefined);
  const addresses = Array.from({ length: loop.end - loop.start }, (_, i) => BigInt(loop.start + i));
  const inStep = addresses.filter((each) => places?.placesAt(Number(each)).length === 3);
  assert(inStep.length > 20);
  const linesOf = async (name: string) => {
    const found = await goLinesOf(program, functionOf(name), inStep, still);
    return new Set([...(found?.values() ?? [])].flatMap((each) => each.map(({ line }) => line)));
  };
  // `sum += twice(...)`; its two calls of `step`; the loop in `step`.
  assert.deepEqual(await linesOf('main.loop'), new Set([24]));
  assert.deepEqual([...(await linesOf('main.twice'))].sort(), [16, 17]);
  const step = [...(await linesOf('main.(*counter).step'))];
  assert(step.length > 1 && step.every((line) => line >= 8 && line <= 13), step.join());
  assert.equal(await goLinesOf(program, functionOf('main.other'), inStep, still), undefined);
});

test('a file that is no Go program has no such lines', async () => {
  const program = compile(folder, 'plain.c', 'int main(void) { return 0; }');
  assert.equal(await goLinesOf(program, functionOf('main'), [0x1140n], still), undefined);
});
