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

test('pipeline: while reading the mappings hangs, the batch can be taken', (t) => {
  const parts = sourcesIn('native/proc', 'native/runtime', 'native/table', 'native/unwind');
  const own = ['native/sample_pipeline.cc', 'native/target_modules.cc', 'native/capture/threads.cc'];
  const sources = ['test/native/pipeline_test.cc', ...own, ...parts];
  assert.equal(run(t, sources, ['-pthread', '-Wl,--wrap=open']), 'ok\n');
});

test('frames of V8: names from checked memory, none from memory that moved or lies', (t) => {
  const sources = ['test/native/v8_frames_test.cc', ...sourcesIn('native/runtime')];
  assert.equal(run(t, sources, sanitized), 'ok\n');
});
