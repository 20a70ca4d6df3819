/**
 * What ends a recording before its writer does: killed at any moment, a disk that fills up while it grows. What was
 * written by then opens, and capture never hears of it.
 */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import {
  profileOf,
  program,
  type RecordedProfile,
  runCli,
  startCli,
  untilRecording,
} from '../helpers/cli.ts';
import { buildFixture } from '../helpers/fixtures.ts';
import { startFixture } from '../helpers/target.ts';
import { hasTool } from '../helpers/tools.ts';

function folderFor(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'prof-tui-faults-'));
  t.after(() => rmSync(folder, { recursive: true }));
  return folder;
}

/** The samples that were written are those that are counted, and all of the clock is in the tree. */
function assertWhole({ tree, accounting, spans }: RecordedProfile): void {
  assert.equal(tree.totalNs, Math.max(accounting.weightNs, accounting.cpuTimeNs));
  const weightNs = spans.reduce((sum, span) => sum + span.weightNs, 0);
  assert(Math.abs(weightNs - accounting.weightNs) < 1, `${weightNs} of ${accounting.weightNs}`);
}

// Between two of the blocks that are written each second.
const moments = [80, 770, 1390];

test('killed at any moment: what was written opens', async (t) => {
  const { pid } = await startFixture(t, 'split', [60]);
  const folder = folderFor(t);
  for (const ms of moments) {
    const file = join(folder, `${ms}.proftui`);
    const cli = startCli(['record', pid, '-F', 999, '-o', file]);
    await untilRecording(cli);
    await delay(ms);
    cli.child.kill('SIGKILL');
    await cli.run;
    const profile = profileOf(await runCli(['export', file, '-f', 'json']));
    assertWhole(profile);
    assert.equal(profile.target.pid, pid);
    assert(profile.warnings.some(({ code }) => code === 'recording-cut'));
    // A second is held at most; the machine may be slow.
    if (ms > 1200) assert(profile.accounting.weightNs > 0);
  }
});

test('a disk that fills up while it grows: the file ends at a whole block, the rest is kept, the target runs on', (t) => {
  if (!hasTool(t, 'unshare', 'util-linux')) return;
  const mayMount = spawnSync('unshare', ['-rm', 'mount', '-t', 'tmpfs', 'none', '/mnt']).status === 0;
  if (!mayMount) return t.skip('no user namespaces here: kernel.unprivileged_userns_clone');
  const folder = folderFor(t);
  const disk = join(folder, 'disk');
  const file = join(disk, 'run.proftui');
  execFileSync('mkdir', [disk]);
  // 4 KiB are left: the first blocks.
  const script = `
    mount -t tmpfs -o size=64k none ${disk} && head -c 60k /dev/zero > ${disk}/filler || exit 9
    TMPDIR=${folder} "$0" ${program} record -F 999 -o ${file} -- ${buildFixture('split')} 3
    echo $? > ${folder}/code
    cp ${file} ${folder}/cut.proftui`;
  const { stderr } = spawnSync('unshare', ['-rm', 'sh', '-c', script, process.execPath], {
    encoding: 'utf8',
  });
  assert.match(stderr, /run\.proftui ends here: the disk is full; capture goes on/);
  assert.equal(readFileSync(join(folder, 'code'), 'utf8').trim(), '1');
  const kept = /all that was captured is in (\S+)$/m.exec(stderr)?.[1] ?? '';
  const open = (path: string): RecordedProfile =>
    JSON.parse(execFileSync(process.execPath, [program, 'export', path, '-f', 'json'], { encoding: 'utf8' }));
  const [cut, whole] = [open(join(folder, 'cut.proftui')), open(kept)];
  assert(statSync(join(folder, 'cut.proftui')).size <= 4096);
  assertWhole(cut);
  assertWhole(whole);
  assert(cut.warnings.some(({ code }) => code === 'recording-cut'));
  assert(cut.accounting.weightNs < whole.accounting.weightNs);
});
