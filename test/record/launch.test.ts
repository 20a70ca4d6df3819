/**
 * `record -- CMD`: from the first instruction to the end, the command's output and exit kept apart from ours.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { profileOf, runCli } from '../helpers/cli.ts';
import { buildFixture } from '../helpers/fixtures.ts';
import type { FixtureTruth } from '../helpers/target.ts';
import { chainTo, inclusiveShare } from '../helpers/tree.ts';

test('a command is recorded from its first instruction to its end', async () => {
  const run = await runCli(['record', '-F', 999, '-f', 'json', '--', buildFixture('split'), 2]);
  const profile = profileOf(run);
  // Its own output goes to stderr while a report goes to stdout.
  const truthLine = run.stderr.split('\n').find((line) => line.startsWith('{"fixture":"split"'));
  const truth = JSON.parse(truthLine ?? '{}') as FixtureTruth;
  const { cpuTimeNs, accounted } = profile.accounting;
  assert(Math.abs(cpuTimeNs - truth.processCpuNs) < truth.processCpuNs * 0.02, `${cpuTimeNs} ns`);
  assert(accounted > 0.97 && accounted < 1.03, `accounted ${accounted}`);
  assert(Math.abs(inclusiveShare(profile.tree, 'leaf_seventy') - 0.7) < 0.05);
  assert.match(chainTo(profile.tree, 'leaf_ten')[0] ?? '', /main › serve_split › leaf_ten$/);
  assert.match(run.stderr, /ended with code 0/);
});

test('arguments after -- are the command, whatever they look like', async () => {
  const run = await runCli([
    'record',
    '-f',
    'json',
    '--',
    'sh',
    '-c',
    'echo "$1" >&2; exit 7',
    'sh',
    '--help',
  ]);
  assert.equal(profileOf(run).target.command.includes('--help'), true);
  assert.match(run.stderr, /^--help$/m);
  assert.match(run.stderr, /ended with code 7/);
});

test('a command that does not exist: 1, and its name', async () => {
  const run = await runCli(['record', '-f', 'json', '--', 'no-such-command-here']);
  assert.equal(run.code, 1, run.stderr);
  assert.match(run.stderr, /no-such-command-here/);
  assert.equal(run.stdout, '');
});

test('-d ends the recording, not the command', async () => {
  const run = await runCli(['record', '-d', '0.3', '-f', 'json', '--', buildFixture('split'), 1.2]);
  assert(profileOf(run).accounting.cpuTimeNs < 0.8e9);
});
