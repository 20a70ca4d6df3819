/**
 * Damaged ELF files under the address and undefined-behaviour sanitizers: a read out of bounds ends the program.
 * The damage is the same in every run. PROF_TUI_FUZZ_ROUNDS sets how many files are tried, per input.
 */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { compile, hasTools, nativeFolder, replay, workFolder } from './replay.ts';

const rounds = Number(process.env['PROF_TUI_FUZZ_ROUNDS'] ?? 4_000);
const run = promisify(execFile);

/** Compiles the unwinder and fuzz.cc with sanitizers, two files at a time. */
async function buildFuzzer(): Promise<string> {
  const folder = join(nativeFolder, 'unwind');
  const isNeeded = (name: string) => name.endsWith('.cc') && name !== 'table_builder.cc';
  const sources = [
    join(import.meta.dirname, 'fuzz.cc'),
    ...readdirSync(folder)
      .filter(isNeeded)
      .map((name) => join(folder, name)),
  ];
  const flags = ['-std=c++20', '-O1', '-g', '-fno-exceptions', '-fno-rtti', `-I${nativeFolder}`];
  const sanitizers = ['-fsanitize=address,undefined', '-fno-sanitize-recover=all'];
  const objects: string[] = [];
  const compileNext = async (): Promise<void> => {
    const source = sources.pop();
    if (source === undefined) return;
    const object = join(workFolder, `${basename(source)}.o`);
    objects.push(object);
    await run('g++', [...flags, ...sanitizers, '-c', source, '-o', object]);
    await compileNext();
  };
  await Promise.all([compileNext(), compileNext()]);
  const program = join(workFolder, 'fuzz');
  await run('g++', [...sanitizers, ...objects, '-o', program]);
  return program;
}

test(`${rounds} damaged copies of each ELF file are unwound without a read out of bounds`, async (t) => {
  if (!hasTools(t, 'gcc', 'g++')) return;
  const program = await buildFuzzer();
  const linker = '/lib64/ld-linux-x86-64.so.2';
  assert.ok(existsSync(linker));
  const inputs = [
    compile('rules.S', ['-nostdlib', '-static', '-no-pie', '-Wl,--eh-frame-hdr']),
    compile('shapes.c', ['-O2', '-nostdlib', '-ffreestanding', '-static-pie', '-s']),
    linker,
  ];
  assert.deepEqual(
    replay(['1', String(rounds), ...inputs], '', program),
    inputs.map((path) => `${path} survived ${rounds}`),
  );
});
