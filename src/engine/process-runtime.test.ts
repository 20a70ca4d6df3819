import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { buildGo } from '../../test/helpers/go-target.ts';
import { hasTool } from '../../test/helpers/tools.ts';
import { ProcessRuntimes } from './process-runtime.ts';

/** Resolves when it runs and has said so. */
async function start(t: TestContext, program: string, args: readonly string[]): Promise<ChildProcess> {
  const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'inherit'] });
  t.after(() => child.kill('SIGKILL'));
  await once(child.stdout as NodeJS.ReadableStream, 'data');
  return child;
}

test('Node.js is told by its program; a program without a runtime has none', async (t) => {
  const runtimes = new ProcessRuntimes();
  const node = await start(t, process.execPath, ['-e', 'console.log(1); process.stdin.resume()']);
  assert.equal(runtimes.of(node.pid ?? 0), 'node');
  const folder = mkdtempSync(join(tmpdir(), 'prof-tui-runtime-'));
  t.after(() => rmSync(folder, { recursive: true }));
  copyFileSync('/bin/cat', join(folder, 'plain'));
  const plain = await start(t, join(folder, 'plain'), ['/proc/self/stat', '-']);
  assert.equal(runtimes.of(plain.pid ?? 0), '');
  plain.kill('SIGKILL');
  await once(plain, 'close');
  assert.equal(runtimes.of(plain.pid ?? 0), '');
});

test('a stripped Go program is told by its table', async (t) => {
  if (!hasTool(t, 'go', 'golang-go')) return;
  const server = await start(t, buildGo('shares', ['-ldflags=-s -w']), []);
  assert.equal(new ProcessRuntimes().of(server.pid ?? 0), 'go');
});
