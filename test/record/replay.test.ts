/**
 * A recording of two units under several engines, seen again: each unit by itself, any part of its time, the banner of
 * that moment, the play head.
 */
import assert from 'node:assert/strict';
import { closeSync, mkdtempSync, openSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { RecordingFile } from '../../src/commands/recording-file.ts';
import { beginRun } from '../../src/commands/run-summary.ts';
import { startApart, startCapture } from '../helpers/capture.ts';
import { profileOf, program, runCli } from '../helpers/cli.ts';
import { openTerminal } from '../helpers/terminal.ts';
import { waitForCpu } from '../helpers/truth.ts';

/** CPU time for three seconds, wall time for two, CPU time again. */
async function recordTwoUnits(t: TestContext): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'prof-tui-replay-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const { pid } = await startApart(t, 'split', [60]);
  const session = await startCapture(t, pid, { asked: 'auto' });
  const file = join(folder, 'run.proftui');
  const fd = openSync(file, 'wx');
  const recording = new RecordingFile(session, beginRun(session), fd, assert.fail);
  await waitForCpu(pid, 3e9);
  await session.switchTo('wall');
  await waitForCpu(pid, 2e9);
  await session.switchTo('auto');
  await waitForCpu(pid, 1e9);
  await session.stop();
  recording.end();
  closeSync(fd);
  assert.deepEqual(
    session.status.spans.map(({ unit }) => unit),
    ['cpu', 'wall', 'cpu'],
  );
  return file;
}

test('two units in one recording: e shows the other one; windows, play head and the banner of the moment', async (t) => {
  const file = await recordTwoUnits(t);
  const profile = profileOf(await runCli(['export', file, '-f', 'json']));
  assert.deepEqual(
    profile.spans.map(({ unit }) => unit),
    ['cpu', 'wall', 'cpu'],
  );
  const cpu = profile.spans[0]?.engine ?? '';
  const terminal = openTerminal([process.execPath, program, 'open', file], { test: t });
  await terminal.shows('RECORDED', 'leaf_seventy', `ENGINE  ${cpu}+wall`, ' TOTAL');
  terminal.press('e');
  await terminal.shows('shows wall time', ' WALL', 'leaf_seventy', 'accounted - (wall time)');
  terminal.press('e');
  await terminal.shows('shows CPU time', ' TOTAL', 'accounted ');
  // The first step is the end, half a window on each: the run is shorter than a window.
  terminal.press('[');
  await terminal.shows('AT 00:00:', ' of 00:00:', 'window 00:00-00:');
  terminal.press('v');
  await terminal.shows('RECORDED');
  terminal.press('space');
  await terminal.shows('plays, a second a second', 'AT 00:00:');
  terminal.press('v');
  await terminal.shows('RECORDED');
  terminal.press('+');
  await terminal.shows('plays 2 seconds a second');
  terminal.press('q');
  assert.equal((await terminal.exit()).code, 0);
});
