/** Where functions of a language runtime were written, in each format that has a place for it. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { exported, goPprof } from '../../test/helpers/exported.ts';
import { syntheticRun } from '../../test/helpers/synthetic-run.ts';
import { nodeStacks, StackFeeder } from '../../test/helpers/synthetic-session.ts';
import { hasTool } from '../../test/helpers/tools.ts';

const feeder = new StackFeeder();
feeder.add(nodeStacks);
const run = syntheticRun([], { profile: feeder.profile });
const [script, line] = ['/srv/server.js', 1];
const name = 'handle server.js:4';

// biome-ignore lint/suspicious/noExplicitAny: files of other tools, read as they are
const parsed = (bytes: Buffer): any => JSON.parse(bytes.toString('utf8'));

test('json: runtime, script and line of such a function; no such keys on others', () => {
  const main = parsed(exported('json', run)).tree.children[0];
  assert.deepEqual(
    [main.name, main.kind, 'runtime' in main, 'script' in main],
    ['main', 'native', false, false],
  );
  const handle = main.children[0].children[0].children[0];
  const { kind, runtime } = handle;
  assert.deepEqual(
    [handle.name, kind, runtime, handle.script, handle.line],
    [name, 'runtime', 'node', script, line],
  );
});

test('speedscope: file and line', () => {
  const { frames } = parsed(exported('speedscope', run)).shared;
  const found = frames.find((frame: { name: string }) => frame.name === name);
  assert.deepEqual(found, { name, file: script, line });
  assert.equal(frames.find((frame: { name: string }) => frame.name === 'deflate_slow').file, 'libz.so.1');
});

test('cpuprofile: url, and the line from 0', () => {
  const { nodes } = parsed(exported('cpuprofile', run));
  const found = nodes.find(
    ({ callFrame }: { callFrame: { functionName: string } }) => callFrame.functionName === name,
  );
  assert.deepEqual([found.callFrame.url, found.callFrame.lineNumber], [`file://${script}`, line - 1]);
});

test('firefox: file and line of the function, and it is JavaScript', () => {
  const { threads, shared } = parsed(gunzipSync(exported('firefox', run)));
  const { funcTable } = threads[0];
  const row = funcTable.name.findIndex((index: number) => shared.stringArray[index] === name);
  assert.deepEqual(
    [shared.stringArray[funcTable.fileName[row]], funcTable.lineNumber[row], funcTable.isJS[row]],
    [script, line, true],
  );
  const native = funcTable.name.findIndex((index: number) => shared.stringArray[index] === 'deflate_slow');
  assert.deepEqual([funcTable.fileName[native], funcTable.isJS[native]], [null, false]);
});

test('pprof: file name and first line of the function', (t) => {
  if (!hasTool(t, 'go', 'golang-go')) return;
  const folder = mkdtempSync(join(tmpdir(), 'prof-tui-origin-'));
  t.after(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, 'x.pb.gz'), exported('pprof', run));
  assert.match(goPprof(join(folder, 'x.pb.gz'), '-raw'), /handle server\.js:4 \/srv\/server\.js:0:?\d* s=1/);
});
