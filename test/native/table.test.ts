import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';

const root = join(import.meta.dirname, '../..');

test('thread ledger: samples and rests carry the CPU time of each thread, lost time turns up nowhere', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'prof-tui-ledger-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const program = join(folder, 'ledger');
  execFileSync(
    'g++',
    [
      '-std=c++20',
      '-fsanitize=address,undefined',
      '-Inative',
      'native/table/thread_ledger.cc',
      'test/native/thread_ledger_test.cc',
      '-o',
      program,
    ],
    { cwd: root },
  );
  assert.equal(execFileSync(program, { encoding: 'utf8' }), 'ok\n');
});
