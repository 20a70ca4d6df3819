import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';

const root = join(import.meta.dirname, '../..');

/** Each is native/table/NAME.cc with its own program test/native/NAME_test.cc, which says `ok` when all holds. */
const promises = {
  thread_ledger: 'samples and rests carry the CPU time of each thread, lost time turns up nowhere',
  mode_split: 'kernel stacks carry at most the system time of the thread, and no time gets lost',
};

for (const [name, promise] of Object.entries(promises)) {
  test(`${name}: ${promise}`, (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'prof-tui-table-'));
    t.after(() => rmSync(folder, { recursive: true }));
    const program = join(folder, name);
    const sources = [`native/table/${name}.cc`, `test/native/${name}_test.cc`];
    const flags = ['-std=c++20', '-fsanitize=address,undefined', '-Inative'];
    execFileSync('g++', [...flags, ...sources, '-o', program], { cwd: root });
    assert.equal(execFileSync(program, { encoding: 'utf8' }), 'ok\n');
  });
}
