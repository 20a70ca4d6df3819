/**
 * The formats that others read: the documented JSON and folded texts, letter for letter, and that all formats of one
 * target tell the same story.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { parseFolded, profileOf, type RecordedNode, recordCpu, runCli } from '../helpers/cli.ts';
import { startFixture } from '../helpers/target.ts';
import { paths } from '../helpers/tree.ts';

const packageVersion = (
  JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as { version: string }
).version;

test('json: every key of the contract, no other, with its type', async (t) => {
  const target = await startFixture(t, 'reader', [60, 400]);
  const profile = await recordCpu(target.pid, 1);
  const keys = (value: object) => Object.keys(value).sort();
  assert.deepEqual(
    keys(profile),
    ['accounting', 'frequencyHz', 'spans', 'target', 'threads', 'tool', 'tree', 'warnings'].sort(),
  );
  assert.deepEqual(profile.tool, { name: 'prof-tui', version: packageVersion });
  assert.deepEqual(keys(profile.target), ['command', 'exe', 'pid', 'startedAt']);
  assert.equal(profile.target.pid, target.pid);
  assert.equal(profile.target.exe, target.binary);
  assert.equal(profile.target.command, `${target.binary} 60 400`);
  assert.match(profile.target.startedAt, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  assert(Math.abs(Date.parse(profile.target.startedAt) - Date.now()) < 60_000, 'it started a moment ago');
  assert.equal(profile.frequencyHz, 999);
  assert.equal(profile.spans.length, 1);
  const [span] = profile.spans;
  assert(span !== undefined);
  assert.deepEqual(
    keys(span),
    [
      ...[
        'number',
        'asked',
        'planned',
        'engine',
        'mechanism',
        'unit',
        'kernelPart',
        'kernelSymbols',
        'reason',
        'startNs',
        'endNs',
      ],
      ...['periodNs', 'cpuTimeNs', 'samples', 'weightNs', 'lost', 'throttled', 'truncated', 'skipped'],
    ].sort(),
  );
  assert.equal(span.asked, 'auto');
  assert.equal(span.planned, span.engine);
  assert.equal(span.mechanism, 'perf_events');
  assert.equal(span.unit, 'cpu');
  assert.equal(span.periodNs, Math.round(1e9 / 999));
  assert(span.endNs > span.startNs);
  assert.deepEqual(keys(profile.accounting), [
    'accounted',
    'cpuTimeNs',
    'systemTimeNs',
    'userTimeNs',
    'weightNs',
  ]);
  for (const thread of profile.threads) assert.deepEqual(keys(thread), ['name', 'tid', 'weightNs']);
  for (const warning of profile.warnings) {
    assert.deepEqual(keys(warning), ['cause', 'code', 'cure', 'title']);
  }
});

test('json: weights add up at every node, at the root to the CPU clock', async (t) => {
  const target = await startFixture(t, 'sender', [60]);
  const { tree, accounting, threads, spans } = await recordCpu(target.pid, 2);
  for (const { node } of paths(tree)) assertAddsUp(node);
  const close = (a: number, b: number) => assert(Math.abs(a - b) <= b * 0.001 + 1, `${a} and ${b}`);
  close(tree.totalNs, Math.max(accounting.cpuTimeNs, accounting.weightNs));
  close(accounting.userTimeNs + accounting.systemTimeNs, accounting.cpuTimeNs);
  close(accounting.accounted, accounting.weightNs / accounting.cpuTimeNs);
  close(
    threads.reduce((sum, thread) => sum + thread.weightNs, 0),
    accounting.weightNs,
  );
  close(spans[0]?.weightNs ?? 0, accounting.weightNs);
  assert.deepEqual(threads.map((thread) => thread.name).sort(), ['receiver', 'sender']);
});

function assertAddsUp(node: RecordedNode): void {
  assert.deepEqual(Object.keys(node), ['name', 'module', 'kind', 'selfNs', 'totalNs', 'children']);
  assert(['root', 'native', 'runtime', 'jit', 'kernel', 'marked'].includes(node.kind), node.kind);
  const sum = node.children.reduce((total, child) => total + child.totalNs, node.selfNs);
  assert(Math.abs(sum - node.totalNs) <= node.totalNs * 1e-6 + 1, `${node.name}: ${sum} of ${node.totalNs}`);
  const weights = node.children.map((child) => child.totalNs);
  assert.deepEqual(
    weights,
    weights.toSorted((a, b) => b - a),
    'heaviest child first',
  );
}

test('folded: the first line is metadata of weight 0, the rest well formed, kernel frames marked', async (t) => {
  const target = await startFixture(t, 'reader', [60, 400]);
  const run = await runCli(['record', target.pid, '-d', '1', '-F', '499', '-f', 'folded']);
  const { metadata, stacks } = parseFolded(run.stdout);
  assert.equal(metadata['tool'], `prof-tui ${packageVersion}`);
  assert.equal(metadata['pid'], target.pid);
  const periodNs = (metadata['spans'] as { periodNs: number }[])[0]?.periodNs ?? 0;
  const counted = stacks.reduce((sum, stack) => sum + stack.count, 0);
  const totalNs = Math.max(Number(metadata['cpuTimeNs']), Number(metadata['weightNs']));
  assert(Math.abs(counted - totalNs / periodNs) <= 1, `${counted} × ${periodNs} ns`);
  const kernel = stacks.filter((stack) => stack.frames.some((frame) => frame.endsWith('_[k]')));
  assert(kernel.length > 0);
  for (const { frames } of kernel) {
    // Once in the kernel, a stack stays there until its leaf.
    const entry = frames.findIndex((frame) => frame.endsWith('_[k]'));
    assert(
      frames.slice(entry).every((frame) => frame.endsWith('_[k]')),
      frames.join(';'),
    );
  }
});

test('folded: each stack stands in one line', async (t) => {
  const target = await startFixture(t, 'split', [60]);
  const run = await runCli(['record', target.pid, '-d', '0.5', '-f', 'folded']);
  const stacks = parseFolded(run.stdout).stacks.map((stack) => stack.frames.join(';'));
  assert.equal(new Set(stacks).size, stacks.length);
});

test('folded --threads: the first frame is the thread', async (t) => {
  const target = await startFixture(t, 'sender', [60]);
  const run = await runCli(['record', target.pid, '-d', '1', '-f', 'folded', '--threads']);
  const roots = new Set(parseFolded(run.stdout).stacks.map((stack) => stack.frames[0]));
  roots.delete('[process]');
  const names = [...roots].map((root) => root?.replace(/-\d+$/, '')).sort();
  assert.deepEqual(names, ['receiver', 'sender']);
  assert(roots.has(`sender-${target.pid}`));
});

test('text: banner facts, tree and hottest functions', async (t) => {
  const target = await startFixture(t, 'split', [60]);
  const run = await runCli(['record', target.pid, '-d', '1', '-F', '499']);
  assert.match(run.stdout, new RegExp(`^prof-tui ${packageVersion} .*\\[${target.pid}\\]`));
  assert.match(run.stdout, /^ENGINE {2}cpu \(perf_events\) {2}asked auto {2}kernel part resolved/m);
  assert.match(run.stdout, /accounted \d+\.\d%/);
  assert.match(run.stdout, /^ *\d+\.\d% +\d+\.\d% +leaf_seventy +split$/m);
});

test('--help and --version: stdout, exit code 0', async () => {
  const help = await runCli(['--help']);
  assert.equal(help.code, 0);
  assert.match(help.stdout, /prof-tui record -- CMD/);
  assert.deepEqual(await runCli(['--version']), {
    code: 0,
    signal: null,
    stdout: `prof-tui ${packageVersion}\n`,
    stderr: '',
  });
});

for (const [args, line] of [
  [['record'], /which process/],
  [['record', '--'], /no command after `--`/],
  [['--no-such-option'], /no-such-option/],
  [['record', '1', '-e', 'turbo'], /--engine turbo: one of auto, cpu/],
  [['record', '1', '-F', '0'], /--frequency 0/],
  [['record', '1', '-F', 'often'], /--frequency often/],
  [['record', '1', '-d', '0'], /--duration 0/],
  [['record', '1', '-d', '-1'], /-d/],
  [['record', '1', '-f', 'png'], /--format png: one of text, json, folded/],
  [['demo', 'more'], /demo takes no argument/],
] as const) {
  test(`usage: ${args.join(' ')} ends with 2 and one line`, async () => {
    const run = await runCli(args);
    assert.equal(run.code, 2, run.stderr);
    assert.match(run.stderr, line);
    assert.match(run.stderr, /^prof-tui: [^\n]+\n$/);
    assert.equal(run.stdout, '');
  });
}

test('recorded twice, the shape is the same', async (t) => {
  const target = await startFixture(t, 'split', [60]);
  const leaves = async () => {
    const run = await runCli(['record', target.pid, '-d', '1', '-F', '499', '-f', 'json']);
    const heavy = [...paths(profileOf(run).tree)].filter(({ node }) => node.name.startsWith('leaf_'));
    return heavy.map(({ path }) => path.map((node) => node.name).join(';')).sort();
  };
  assert.deepEqual(await leaves(), await leaves());
});
