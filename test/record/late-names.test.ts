/**
 * Names that a recording lacks, as one has whose writer was killed before they came: read when it is opened, from the very
 * file that was recorded, and from no other.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  copyFileSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { encodeBlock, fileHead, fileHeadBytes, readBlock } from '../../src/record/blocks.ts';
import { profileOf, program, type RecordedProfile, runCli } from '../helpers/cli.ts';
import { openTerminal } from '../helpers/terminal.ts';
import { inclusiveShare } from '../helpers/tree.ts';

const source = fileURLToPath(new URL('../fixtures/split.c', import.meta.url));

function build(t: TestContext, ...flags: readonly string[]): string {
  const folder = mkdtempSync(join(tmpdir(), 'prof-tui-late-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const binary = join(folder, 'split');
  execFileSync('gcc', ['-O1', '-g', '-pthread', ...flags, '-o', binary, source]);
  return binary;
}

/** Records a program, and takes away what only its writer can have known. */
async function recordWithoutNames(binary: string): Promise<string> {
  const whole = `${binary}.proftui`;
  const run = await runCli(['record', '-F', 499, '-d', 1, '-o', whole, '--', binary, 5]);
  assert.equal(run.code, 0, run.stderr);
  const bytes = readFileSync(whole);
  const pieces = [fileHead()];
  for (let at = fileHeadBytes; at < bytes.length; ) {
    const block = readBlock((into, position) => bytes.copy(into, 0, position), at);
    assert('payload' in block);
    if (block.tag !== 'NAMS' && block.tag !== 'END ') pieces.push(encodeBlock(block.tag, block.payload));
    at = block.end;
  }
  const file = `${binary}-cut.proftui`;
  writeFileSync(file, Buffer.concat(pieces));
  return file;
}

async function jsonOf(file: string): Promise<RecordedProfile> {
  return profileOf(await runCli(['export', file, '-f', 'json']));
}

const missing = ({ warnings }: RecordedProfile, path: string): string[] =>
  warnings.map(({ title }) => title).filter((title) => title.includes(`names missing for ${path}:`));

test('names come from the file that was recorded, on the screen too; another build at its place gives none', async (t) => {
  const binary = build(t);
  const file = await recordWithoutNames(binary);
  const named = await jsonOf(file);
  assert(inclusiveShare(named.tree, 'leaf_seventy') > 0.5);
  assert.deepEqual(missing(named, binary), []);
  const terminal = openTerminal([process.execPath, program, 'open', file], { test: t });
  await terminal.shows('RECORDED', 'leaf_seventy');
  terminal.press('q');
  assert.equal((await terminal.exit()).code, 0);

  copyFileSync(binary, `${binary}.kept`);
  // A file with other code, at the same path.
  execFileSync('gcc', ['-O2', '-pthread', '-o', `${binary}.new`, source]);
  renameSync(`${binary}.new`, binary);
  const unnamed = await jsonOf(file);
  assert.equal(inclusiveShare(unnamed.tree, 'leaf_seventy'), 0);
  assert.deepEqual(missing(unnamed, binary), [
    `names missing for ${binary}: the file there now is another build`,
  ]);
  assert.equal(unnamed.tree.totalNs, named.tree.totalNs);

  rmSync(binary);
  assert.deepEqual(missing(await jsonOf(file), binary), [
    `names missing for ${binary}: the file is not there any more`,
  ]);
  renameSync(`${binary}.kept`, binary);
  assert(inclusiveShare((await jsonOf(file)).tree, 'leaf_seventy') > 0.5);
});

test('without a build id: only the untouched file gives names', async (t) => {
  const binary = build(t, '-Wl,--build-id=none');
  const file = await recordWithoutNames(binary);
  assert(inclusiveShare((await jsonOf(file)).tree, 'leaf_seventy') > 0.5);
  appendFileSync(binary, '\0');
  const unnamed = await jsonOf(file);
  assert.equal(inclusiveShare(unnamed.tree, 'leaf_seventy'), 0);
  assert.deepEqual(missing(unnamed, binary), [
    `names missing for ${binary}: the file there now is another one (and has no build id)`,
  ]);
});
