/** Where a file cannot be written: each format says so in one line, leaves nothing half behind, and loses nothing. */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type Format, formats } from '../../src/options.ts';
import { program, runCli } from '../helpers/cli.ts';
import { exported } from '../helpers/exported.ts';
import { mayActAsRoot } from '../helpers/gates.ts';
import { syntheticRun } from '../helpers/synthetic-run.ts';
import { startFixture } from '../helpers/target.ts';
import { openTerminal } from '../helpers/terminal.ts';

const manyStacks = Array.from({ length: 3000 }, (_, i) => ({
  stack: ['main', `app!caller_${i % 97}_${(i * 7919) % 1009}`, `app!leaf_${(i * 104_729) % 7919}`],
  samples: 1 + (i % 5),
}));

function folderFor(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'prof-tui-bad-'));
  t.after(() => rmSync(folder, { recursive: true }));
  return folder;
}

function recordingIn(folder: string): string {
  const file = join(folder, 'run.proftui');
  writeFileSync(file, exported('proftui', syntheticRun(manyStacks)));
  return file;
}

/** A file system without room, which holds one file; gone at the end of the test. */
function fullDisk(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'prof-tui-full-'));
  assert.equal(spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=4k', 'tmpfs', folder]).status, 0);
  t.after(() => {
    spawnSync('umount', ['-l', folder]);
    rmSync(folder, { recursive: true });
  });
  writeFileSync(join(folder, 'fill'), Buffer.alloc(4096));
  return folder;
}

test('a full disk: every format says so, nothing is left there, and all of it is kept elsewhere', async (t) => {
  if (!mayActAsRoot(t, 'mounts a small file system')) return;
  const disk = fullDisk(t);
  const recording = recordingIn(folderFor(t));
  const whole = (format: Format): number => exported(format, syntheticRun(manyStacks)).length;
  for (const format of formats) {
    const run = await runCli(['export', recording, '-f', format, '-o', join(disk, 'out')]);
    assert.equal(run.code, 1, `${format}: ${run.stderr}`);
    const said = /^prof-tui: cannot write \S+: the disk is full; what was captured is in (\S+)\n$/.exec(
      run.stderr,
    );
    assert(said?.[1] !== undefined, `${format}: ${run.stderr}`);
    t.after(() => rmSync(said[1] as string));
    assert.deepEqual(readdirSync(disk), ['fill'], format);
    const kept = statSync(said[1]).size;
    assert(kept > whole(format) * 0.9, `${format}: ${kept} bytes`);
  }
});

test('a reader that is gone: every format ends with 1 and one line', async (t) => {
  const recording = recordingIn(folderFor(t));
  for (const format of formats) {
    const child = spawn(process.execPath, [program, 'export', recording, '-f', format, '-o', '-'], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    child.stdout.destroy();
    const said = child.stderr.setEncoding('utf8').toArray();
    const [code] = await once(child, 'close');
    assert.equal(code, 1, format);
    const line = 'prof-tui: cannot write standard output: the reader closed the pipe\n';
    assert.equal((await said).join(''), line, format);
  }
});

test('no such folder, a folder, no permission: said before anything is captured or read', async (t) => {
  const folder = folderFor(t);
  const recording = recordingIn(folder);
  mkdirSync(join(folder, 'sub'));
  const cases = [
    [join(folder, 'none/out.jfr'), 'its folder does not exist'],
    [join(folder, 'sub'), 'it is a folder'],
    ['/proc/out.jfr', 'its folder does not exist'],
  ] as const;
  for (const [path, why] of cases) {
    const run = await runCli(['export', recording, '-f', 'jfr', '-o', path]);
    assert.deepEqual([run.code, run.stderr], [1, `prof-tui: cannot write ${path}: ${why}\n`]);
  }
  assert.deepEqual(readdirSync(folder).sort(), ['run.proftui', 'sub']);
});

test('the live view: x on a full disk, or where a file is, says so; capture goes on and the next one is written', async (t) => {
  if (!mayActAsRoot(t, 'mounts a small file system')) return;
  const disk = fullDisk(t);
  const { pid } = await startFixture(t, 'split', [60]);
  const good = folderFor(t);
  const terminal = openTerminal([process.execPath, program, String(pid)], { cwd: disk, test: t });
  await terminal.shows('leaf_seventy');
  const exportTo = (path: string): void => {
    terminal.press('x', 'ctrl+u');
    terminal.type(path);
    terminal.press('enter');
  };
  exportTo('out.jfr');
  await terminal.shows('cannot write out.jfr: the disk is full');
  exportTo('fill');
  await terminal.shows('fill is there already: give another name');
  assert.deepEqual(readdirSync(disk), ['fill']);
  exportTo(join(good, 'out.folded'));
  await terminal.shows('folded written to');
  assert.match(readFileSync(join(good, 'out.folded'), 'utf8'), /leaf_seventy \d+\n/);
  terminal.press('q');
});
