/** Parts of native/ alone, compiled with sanitizers and driven by a program each. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';

const root = join(import.meta.dirname, '../..');

/** What the program of these sources prints. */
function run(t: TestContext, sources: readonly string[], flags: readonly string[]): string {
  const folder = mkdtempSync(join(tmpdir(), 'prof-tui-native-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const program = join(folder, 'program');
  const all = ['-std=c++20', '-g', ...flags, '-Inative', ...sources, '-o', program];
  execFileSync('g++', all, { cwd: root });
  return execFileSync(program, { encoding: 'utf8' });
}

const sanitized = ['-fsanitize=address,undefined', '-fno-sanitize-recover=all'];

function sourcesIn(...folders: readonly string[]): string[] {
  return folders.flatMap((folder) =>
    readdirSync(join(root, folder))
      .filter((name) => name.endsWith('.cc'))
      .map((name) => join(folder, name)),
  );
}

test('thread ledger: samples and rests carry the CPU time of each thread, lost time turns up nowhere', (t) => {
  const sources = ['native/table/thread_ledger.cc', 'test/native/thread_ledger_test.cc'];
  assert.equal(run(t, sources, sanitized), 'ok\n');
});

test('mode split: kernel stacks carry at most the system time of the thread, and no time gets lost', (t) => {
  const sources = ['native/table/mode_split.cc', 'test/native/mode_split_test.cc'];
  assert.equal(run(t, sources, sanitized), 'ok\n');
});

test('stack table: a path has one id; a full table finds what it knows and keeps leaves', (t) => {
  assert.equal(run(t, ['test/native/stack_table_test.cc'], sanitized), 'ok\n');
});

test('late stack: what is read late is taken only when it proves itself', (t) => {
  const sources = ['test/native/late_stack_test.cc', ...sourcesIn('native/unwind')];
  assert.equal(run(t, sources, sanitized), 'ok\n');
});

test('recent memory: what is gone is told as it was read last, and nothing else', (t) => {
  const sources = ['native/proc/recent_memory.cc', 'test/native/recent_memory_test.cc'];
  assert.equal(run(t, sources, sanitized), 'ok\n');
});

test('pipeline: while reading the mappings hangs, the batch can be taken', (t) => {
  const parts = sourcesIn('native/proc', 'native/runtime', 'native/table', 'native/unwind');
  const own = ['native/sample_pipeline.cc', 'native/target_modules.cc', 'native/capture/threads.cc'];
  const python = ['native/capture/python_stacks.cc', 'native/capture/thread_ids.cc'];
  const sources = ['test/native/pipeline_test.cc', ...own, ...python, ...parts];
  assert.equal(run(t, sources, ['-pthread', '-Wl,--wrap=open']), 'ok\n');
});

test('names in an ELF file: found wherever they lie, nothing of a damaged file', (t) => {
  const sources = ['native/runtime/elf_names.cc', 'test/native/elf_names_test.cc'];
  assert.equal(run(t, sources, sanitized), 'ok\n');
});

test('frames of V8: names from checked memory, none from memory that moved or lies', (t) => {
  const sources = ['test/native/v8_frames_test.cc', ...sourcesIn('native/runtime', 'native/unwind')];
  assert.equal(run(t, sources, sanitized), 'ok\n');
});

test('frames of HotSpot: names and lines from checked memory, none of freed code and unloaded classes, an end in hostile memory', (t) => {
  const parts = readdirSync(join(root, 'native/runtime'))
    .filter((name) => /^hotspot.*\.cc$/.test(name))
    .map((name) => join('native/runtime', name));
  assert.equal(
    run(
      t,
      ['test/native/hotspot_frames_test.cc', 'native/unwind/instruction.cc', ...parts],
      ['-O1', ...sanitized],
    ),
    'ok\n',
  );
});

test('frames of CPython 3.11 to 3.14: names as recorded, none that changed since the sample, an end in hostile memory', (t) => {
  const images = readdirSync(join(root, 'test/fixtures/python-images')).sort();
  assert.deepEqual(images, ['3.11.txt', '3.12.txt', '3.13.txt', '3.14.txt']);
  const paths = images.map((name) => join(root, 'test/fixtures/python-images', name));
  const flags = [...sanitized, `-DIMAGES="${paths.join('","')}"`];
  const parts = ['elf_names', 'elf_symbols', 'python_functions', 'python_layout', 'python_lines'].map(
    (name) => `native/runtime/${name}.cc`,
  );
  const sources = ['test/native/python_frames_test.cc', ...parts, ...sourcesIn('native/unwind')];
  assert.equal(run(t, sources, flags), 'ok\n');
});

test('parts of a function: its unlikely code in a stripped program, not what it ends by jumping to', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'prof-tui-parts-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const program = join(folder, 'cold_parts');
  const source = join(root, 'test/fixtures/cold_parts.c');
  execFileSync('gcc', ['-O2', '-fno-ipa-ra', source, '-o', program]);
  const symbols = execFileSync('nm', ['-S', program], { encoding: 'utf8' });
  const defined = ['loop', 'loop.cold', 'tail'].map((name) => {
    const [, va, size] = new RegExp(`^(\\w+) (\\w+) \\w ${name}$`, 'm').exec(symbols) ?? [];
    return `-D${name.split('.').at(-1)?.toUpperCase()}={0x${va},0x${size}}`;
  });
  execFileSync('strip', [program]);
  const sources = ['test/native/function_parts_test.cc', ...sourcesIn('native/unwind')];
  assert.equal(run(t, sources, [...sanitized, `-DPROGRAM="${program}"`, ...defined]), 'ok\n');
});
