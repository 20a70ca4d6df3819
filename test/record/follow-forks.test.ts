/**
 * `--follow-forks`: every process under its own node, and a total that is the clock of them all. The truth is the
 * shell's own `times`: CPU time of the children that it has waited for, and of theirs.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type CliRun, profileOf, type RecordedNode, type RecordedProfile, runCli } from '../helpers/cli.ts';
import { buildFixture } from '../helpers/fixtures.ts';
import { withSteadyMachine } from '../helpers/sysctl.ts';
import type { FixtureTruth } from '../helpers/target.ts';
import { inclusiveShare } from '../helpers/tree.ts';
import { tolerance } from '../helpers/truth.ts';

/** Ticks of the shell's clocks, and its own work, which is not in what it says of its children. */
const slackNs = 60e6;

function record(script: string, args: readonly string[] = []): Promise<CliRun> {
  const ours = ['record', '--follow-forks', '-F', '499', '-f', 'json', '-o', '-', ...args];
  return withSteadyMachine(() => runCli([...ours, '--', 'sh', '-c', `${script}; times`]));
}

/** `0m1.25s 0m0.31s`: user and system time; the second such line is that of the children. */
function childrenNs(run: CliRun): number {
  const lines = [...run.stderr.matchAll(/^(\d+)m([\d.]+)s (\d+)m([\d.]+)s$/gm)];
  const [, userM, userS, systemM, systemS] = lines[1] ?? [];
  assert(systemS !== undefined, run.stderr);
  return (Number(userM) * 60 + Number(userS) + Number(systemM) * 60 + Number(systemS)) * 1e9;
}

function truths(run: CliRun): FixtureTruth[] {
  const lines = run.stderr.split('\n').filter((text) => text.startsWith('{"fixture":'));
  return lines.map((line) => JSON.parse(line) as FixtureTruth);
}

function assertTotal(profile: RecordedProfile, trueNs: number): void {
  const { cpuTimeNs } = profile.accounting;
  assert(Math.abs(cpuTimeNs - trueNs) < trueNs * 0.03 + slackNs, `${cpuTimeNs} ns, the shell says ${trueNs}`);
  assert(Math.abs(profile.tree.totalNs - cpuTimeNs) < 1e6, `${profile.tree.totalNs} of ${cpuTimeNs}`);
}

function nodesOf(profile: RecordedProfile, name: string): RecordedNode[] {
  return profile.tree.children.filter((node) => node.name.startsWith(`${name} [`));
}

test('children and a grandchild, one of which execs, some end while others run: each under its node', async () => {
  const [split, mixed, execer] = ['split', 'mixed', 'execer'].map((name) => buildFixture(name));
  const run = await record(`${split} 3 & sh -c '${mixed} 1; :'; ${execer} 1 150; wait`);
  const profile = profileOf(run);
  assertTotal(profile, childrenNs(run));
  const notSampled = profile.tree.children.find(({ name }) => name === '[not sampled]')?.totalNs ?? 0;
  for (const { fixture, processCpuNs } of truths(run)) {
    const [node, ...others] = nodesOf(profile, fixture);
    assert(node && others.length === 0, `${fixture}: one process, one node`);
    assert(node.totalNs < processCpuNs * 1.03 + slackNs, `${fixture}: ${node.totalNs} of ${processCpuNs}`);
    const least = processCpuNs * 0.97 - notSampled - slackNs;
    assert(node.totalNs > least, `${fixture}: ${node.totalNs} of ${processCpuNs}`);
  }
  const [node] = nodesOf(profile, 'split');
  assert(node);
  const noise = tolerance(0.7, node.totalNs / 2e6);
  const share = inclusiveShare(node, 'leaf_seventy');
  assert(Math.abs(share - 0.7) < noise, `leaf_seventy ${share}, ± ${noise}`);
  // The shells, three programs, and nothing without a process.
  const roots = profile.tree.children.map(({ name }) => name.replace(/\d+/, 'N'));
  for (const name of roots) assert.match(name, /^((sh|split|mixed|execer) \[N\]|\[not sampled\])$/);
  assert.equal(new Set(profile.threads.map(({ tid }) => tid)).size, profile.threads.length);
});

for (const engine of ['auto', 'ctimer']) {
  test(`hundreds of children that end before they are seen, ${engine}: their time is in the total`, async () => {
    const run = await record(`${buildFixture('forker')} 2`, ['-e', engine]);
    const profile = profileOf(run);
    const [truth] = truths(run);
    const counts = truth?.counts as { forks: number; damaged: number } | undefined;
    assert(counts && counts.forks > 5, run.stderr);
    assert.equal(counts.damaged, 0);
    assertTotal(profile, childrenNs(run));
  });
}
