/**
 * The fixtures are the ground the other tests stand on: each builds, runs, ends, and its truth is true, by the
 * kernel's own clocks and, where a share is promised, by perf(1).
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { buildFixture, fixtureNames, type Variant, variants } from './helpers/fixtures.ts';
import { withSteadyMachine } from './helpers/sysctl.ts';
import { type FixtureTruth, startFixture } from './helpers/target.ts';
import { hasTool } from './helpers/tools.ts';
import { livingCpuNs, processTimes, tolerance, waitForCpu } from './helpers/truth.ts';

const sources = fileURLToPath(new URL('fixtures', import.meta.url));

/** Counts of what must not happen on a machine that is left alone. */
const harms = ['damaged', 'interrupted', 'missed', 'shortReads', 'shortWrites'];

/** Knobs after the seconds, and what the counts of a short run must show. */
const targets: Readonly<Record<string, { args: readonly (string | number)[]; counts: readonly string[] }>> = {
  big_frame: { args: [], counts: ['localBytes'] },
  blockers: { args: [], counts: ['calls'] },
  catcher: { args: [], counts: [] },
  checker: { args: [], counts: ['calls'] },
  churn: { args: [1], counts: ['threads', 'children'] },
  crowd: { args: [100, 1], counts: ['sleepers'] },
  deep: { args: [500], counts: ['depth'] },
  execer: { args: [50], counts: ['execs'] },
  forker: { args: [], counts: ['forks', 'vforks', 'spawns'] },
  guarded: { args: [], counts: ['rounds'] },
  handler: { args: [1], counts: ['ticks'] },
  jit: { args: ['map'], counts: ['calls'] },
  many_threads: { args: [50], counts: ['threads'] },
  masking: { args: [], counts: ['handled'] },
  mixed: { args: [], counts: ['turns'] },
  nondumpable: { args: [], counts: [] },
  pipe: { args: [], counts: ['turns'] },
  reader: { args: [600], counts: ['reads'] },
  renamer: { args: [50], counts: ['renames'] },
  sender: { args: [], counts: ['sent', 'received'] },
  short: { args: [200], counts: ['milliseconds'] },
  sleepers: { args: [], counts: ['naps'] },
  spiky: { args: [400], counts: ['spike_leaf', 'plain_leaf'] },
  split: { args: [], counts: ['leaf_seventy', 'leaf_twenty', 'leaf_ten'] },
  stopper: { args: [200], counts: ['stops'] },
  tight: { args: [], counts: ['done'] },
  untouched: { args: [], counts: ['tableBytes'] },
  woken: { args: [], counts: ['woken'] },
  zombie: { args: [], counts: ['zombie'] },
};
/**
 * Those that need more than their knobs have tests of their own below, `tracer` in engine/switching.test.ts, `cold_parts`
 * in native/native.test.ts.
 */
const apart = ['cold_parts', 'deleted', 'dlopener', 'noperf', 'plugin', 'tracer'];

test('every fixture is held by a test', () => {
  assert.deepEqual(fixtureNames(), [...Object.keys(targets), ...apart].sort());
});

test('every target compiles in every variant', () => {
  const kinds = (Object.keys(variants) as Variant[]).filter((variant) => variant !== 'sharedObject');
  for (const name of Object.keys(targets)) for (const variant of kinds) buildFixture(name, variant);
});

test('no function of a fixture has the name of a kernel function', () => {
  const kernelNames = new Set(
    readFileSync('/proc/kallsyms', 'utf8')
      .split('\n')
      .map((line) => line.split(/[ \t]/)[2]),
  );
  assert(kernelNames.has('do_exit'), 'kallsyms lists the names, hidden addresses or not');
  assert.deepEqual(
    functionNames().filter((name) => kernelNames.has(name)),
    [],
  );
});

/** What stands behind FRAME in the sources. */
function functionNames(): string[] {
  const isC = (file: string) => /\.[ch]$/.test(file);
  const files = readdirSync(sources)
    .filter(isC)
    .map((file) => readFileSync(join(sources, file), 'utf8'));
  const names = files.flatMap((text) =>
    [...text.matchAll(/^FRAME .*?(\w+)\(/gm)].map((match) => match[1] ?? ''),
  );
  assert(names.length > 30);
  return names;
}

for (const [name, { args, counts }] of Object.entries(targets)) {
  test(`${name}: ends by itself with its truth`, async (t) => {
    const target = await startFixture(t, name, [0.7, ...args]);
    const truth = await target.ended();
    assert.equal(truth.fixture, name);
    assert(truth.processCpuNs > 0);
    for (const count of counts)
      assert((truth.counts[count] ?? 0) > 0, `${count} in ${JSON.stringify(truth)}`);
    for (const harm of harms) assert.equal(truth.counts[harm] ?? 0, 0, harm);
    assertThreadsAddUp(truth);
  });
}

/** Threads that come and go, or wait for ever, leave no truth of their own. */
function assertThreadsAddUp(truth: FixtureTruth): void {
  const sumNs = truth.threads.reduce((sum, thread) => sum + thread.cpuNs, 0);
  assert(sumNs <= truth.processCpuNs, 'threads use no more than their process');
  if (['checker', 'churn', 'woken'].includes(truth.fixture)) return;
  assert(sumNs > truth.processCpuNs * 0.98, `${sumNs} of ${truth.processCpuNs} ns`);
}

test('the truth agrees with what the kernel tells others', async (t) => {
  const target = await startFixture(t, 'reader', [60, 400]);
  await waitForCpu(target.pid, 2e9);
  const seenNs = livingCpuNs(target.pid);
  const times = processTimes(target.pid);
  const truth = await target.finish();
  // It ran on for a moment between the reading and its end.
  assert(
    seenNs <= truth.processCpuNs && seenNs > truth.processCpuNs - 3e8,
    `${seenNs}, ${truth.processCpuNs}`,
  );
  assert(Math.abs(times.userNs + times.systemNs - seenNs) < 1e8, 'utime + stime is schedstat');
});

test('SIGTERM ends a target early, with its truth', async (t) => {
  const target = await startFixture(t, 'split', [600]);
  await waitForCpu(target.pid, 1e8);
  const truth = await target.finish();
  assert.equal(truth.threads[0]?.tid, target.pid);
});

test('split: loop counts are 70 : 20 : 10', async (t) => {
  const { counts } = await (await startFixture(t, 'split', [0.3])).ended();
  assert.equal(counts['leaf_seventy'], 7 * (counts['leaf_ten'] ?? 0));
  assert.equal(counts['leaf_twenty'], 2 * (counts['leaf_ten'] ?? 0));
});

test('deleted: its executable is gone while it works', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'prof-tui-deleted-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const binary = join(folder, 'deleted');
  copyFileSync(buildFixture('deleted'), binary);
  const target = await startFixture(t, 'deleted', [60], { binary });
  assert(!existsSync(binary));
  await waitForCpu(target.pid, 5e7);
  assert.equal((await target.finish()).counts['deleted'], 1);
});

test('dlopener: works in an object it was not linked with', async (t) => {
  const plugin = buildFixture('plugin', 'sharedObject');
  const target = await startFixture(t, 'dlopener', [0.8, plugin, 200]);
  assert(!readFileSync(`/proc/${target.pid}/maps`, 'utf8').includes(plugin));
  assert(((await target.ended()).counts['pluginCalls'] ?? 0) > 0);
});

test('forker: goes on as another fixture in the same process', async (t) => {
  const target = await startFixture(t, 'forker', [0.3, buildFixture('split'), 0.3]);
  const truth = await target.ended();
  assert.equal(truth.fixture, 'split');
  assert.equal(truth.threads[0]?.tid, target.pid);
});

test('zombie: its child is one', async (t) => {
  const target = await startFixture(t, 'zombie', [60]);
  const { zombie } = JSON.parse(target.lines[0] ?? '') as { zombie: number };
  assert.match(readFileSync(`/proc/${zombie}/stat`, 'utf8'), /\) Z /);
});

/** Shares of samples by the function at the leaf, as perf(1) sees the fixture. */
async function perfShares(t: TestContext, name: string, args: readonly number[]) {
  const target = await startFixture(t, name, [60, ...args]);
  const folder = mkdtempSync(join(tmpdir(), 'prof-tui-perf-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const data = join(folder, 'perf.data');
  const run = (...words: string[]) => {
    const result = spawnSync('perf', words, { encoding: 'utf8', maxBuffer: 1 << 28 });
    assert.equal(result.status, 0, result.stderr);
    return result.stdout;
  };
  return withSteadyMachine(async () => {
    const options = ['-q', '-e', 'cpu-clock', '-F', '999', '-o', data];
    run('record', ...options, '-p', String(target.pid), '--', 'sleep', '4');
    const symbols = run('script', '-i', data, '-F', 'ip,sym').trim().split('\n');
    const leaves = symbols.map((line) => line.trim().split(/\s+/));
    const share = (isWanted: (leaf: string[]) => boolean) => leaves.filter(isWanted).length / leaves.length;
    return {
      samples: leaves.length,
      of: (symbol: string) => share(([, seen]) => seen === symbol),
      kernel: share(([address = '']) => address.length === 16 && address.startsWith('ffff')),
    };
  });
}

test('split: perf sees the shares of the loop counts', async (t) => {
  if (!hasTool(t, 'perf', 'linux-perf')) return;
  const shares = await perfShares(t, 'split', []);
  for (const [symbol, truth] of [['leaf_seventy', 0.7] as const, ['leaf_twenty', 0.2] as const]) {
    const seen = shares.of(symbol);
    assert(Math.abs(seen - truth) < tolerance(truth, shares.samples), `${symbol} ${seen}`);
  }
});

test('reader: more user work, smaller share of the kernel', async (t) => {
  if (!hasTool(t, 'perf', 'linux-perf')) return;
  const busy = await perfShares(t, 'reader', [0]);
  const half = await perfShares(t, 'reader', [400]);
  // How long a system call takes beside user work is the machine's: 0.73 to 0.95 were seen.
  assert(busy.kernel > 0.6, `no user work: ${busy.kernel}`);
  assert(
    half.kernel > 0.2 && half.kernel < busy.kernel - 0.15,
    `400 units: ${half.kernel}, none: ${busy.kernel}`,
  );
  // What neither is, the program's own way in and out of the kernel, is at most as much as without user work.
  const rest = 1 - half.kernel - half.of('user_work');
  assert(rest < 1 - busy.kernel + 0.03, `${rest} is neither kernel nor user_work`);
});
