/** Names of JavaScript functions in processes of Node that were started without any flag. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import {
  profileOf,
  type RecordedProfile,
  recordCpu,
  runCli,
  startCli,
  untilRecording,
} from '../helpers/cli.ts';
import { assertEightyTwenty } from '../helpers/eighty-twenty.ts';
import { functionsIn, nodeProgram, nodeWithout, startNode } from '../helpers/node-target.ts';
import { chainTo, inclusiveShare, paths, selfShare } from '../helpers/tree.ts';
import { waitForCpu } from '../helpers/truth.ts';

/** Of a JavaScript program under test, by the place that its rows show. */
function ownFunctions({ tree }: RecordedProfile, file: string): Set<string> {
  const ours = [...paths(tree)].filter(({ node }) => node.name.includes(` ${file}:`));
  return new Set(ours.map(({ node }) => node.name));
}

/** A machine that others use leaves a program less steady than its design. */
function assertShares(profile: RecordedProfile, rowOf: (name: string) => string): void {
  assertEightyTwenty(profile, rowOf('eighty'), rowOf('twenty'), 0.9);
  assert(selfShare(profile.tree, '[jit: no symbols]') < 0.02);
}

function assertOnlyTrueNames(profile: RecordedProfile, file: string): void {
  const truth = functionsIn(file);
  for (const name of ownFunctions(profile, file)) {
    if (!name.startsWith('(anonymous) ')) assert(truth.has(name), `${name} is no function of ${file}`);
  }
}

/** Who calls whom in shares.cjs: what was inlined must not be under another caller. */
const callersOf: Readonly<Record<string, readonly string[]>> = {
  turn: ['(anonymous)'],
  callAll: ['turn'],
  burn: ['eighty', 'twenty'],
};

function assertOnlyTrueCalls({ tree }: RecordedProfile): void {
  const own = / shares\.cjs:\d+$/;
  for (const { path } of paths(tree)) {
    const [caller = '', callee = ''] = path.slice(-2).map(({ name }) => name);
    if (!own.test(caller) || !own.test(callee)) continue;
    const [from = '', to = ''] = [caller, callee].map((name) => name.split(' ')[0]);
    assert((callersOf[to] ?? ['callAll']).includes(from), `${caller} does not call ${callee}`);
  }
}

const rows = new Map([...functionsIn('shares.cjs')].map((row) => [row.split(' ')[0] ?? '', row]));
const rowOf = (name: string): string => rows.get(name) ?? assert.fail(name);

for (const engine of [
  ['-e', 'cpu'],
  ['-e', 'ctimer'],
  ['-e', 'ctimer', '--no-inject'],
] as const) {
  test(`unprepared Node, ${engine.slice(1).join(' ')}: functions by name, file and line, shares as designed`, async (t) => {
    const target = await startNode(t, 'shares.cjs');
    const profile = await recordCpu(target.pid, 3, ['-F', 499, ...engine]);
    assertShares(profile, rowOf);
    assertOnlyTrueNames(profile, 'shares.cjs');
    assertOnlyTrueCalls(profile);
    // It is put into its callers by the optimizing compiler.
    assert(inclusiveShare(profile.tree, rowOf('burn')) > 0.9);
    assert.match(chainTo(profile.tree, rowOf('eighty'))[0] ?? '', /uv_run › .*node:internal\/timers:\d+ › /);
    assert.deepEqual(
      profile.warnings.filter(({ code }) => code === 'runtime-unnamed'),
      [],
    );
  });
}

test('worker threads: functions have their names there, too', async (t) => {
  const target = await startNode(t, 'shares.cjs', ['workers']);
  const profile = await recordCpu(target.pid, 3, ['-F', 499]);
  assertShares(profile, rowOf);
  assert.match(chainTo(profile.tree, rowOf('eighty'))[0] ?? '', /node::worker::Worker::/);
});

test('a recording keeps the names, for the time when the process is gone', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'prof-tui-kept-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'kept.proftui');
  const target = await startNode(t, 'shares.cjs');
  const run = await runCli(['record', target.pid, '-F', '499', '-d', '2', '-o', file]);
  assert.equal(run.code, 0, run.stderr);
  await target.finish();
  const kept = profileOf(await runCli(['export', file, '-f', 'json', '-o', '-']));
  assertShares(kept, rowOf);
  assertOnlyTrueNames(kept, 'shares.cjs');
});

test('code of the interpreter alone: the same names', async (t) => {
  const target = await startNode(t, 'shares.cjs', [], { flags: ['--no-opt', '--no-sparkplug'] });
  const profile = await recordCpu(target.pid, 3, ['-F', 499]);
  assertShares(profile, rowOf);
  const chains = chainTo(profile.tree, rowOf('burn'));
  const end = ['turn', 'callAll', 'eighty', 'burn'].map(rowOf).join(' › ');
  assert(
    chains.some((chain) => chain.endsWith(end)),
    chains.join('\n'),
  );
});

/** Every function of shapes.cjs; those made at run time have no file. */
const formsOf = new Set(
  [...functionsIn('shapes.cjs')]
    .map((row) => row.split(' ')[0] ?? '')
    .concat(
      'Shape',
      'get size',
      'area',
      'scale',
      'count',
      'add',
      'compare',
      'square',
      'plus',
      'turn',
      'later',
    ),
);

test('code thrown away, moved and made by the hundred, read from outside: only true names, to the end', async (t) => {
  const target = await startNode(t, 'shapes.cjs');
  const options = ['-F', '499', '-e', 'ctimer', '--no-inject', '-f', 'json', '-o', '-'];
  const cli = startCli(['record', target.pid, ...options]);
  await untilRecording(cli);
  await waitForCpu(target.pid, 4e9);
  // It ends while it is read.
  await target.finish();
  const profile = profileOf(await cli.run);
  const own = [...ownFunctions(profile, 'shapes.cjs')].map((name) => name.replace(/ shapes\.cjs:\d+$/, ''));
  assert.deepEqual(
    own.filter((name) => name !== '(anonymous)' && !formsOf.has(name)),
    [],
  );
  assert(own.length > 8, `${own.length} functions`);
  const unnamed = selfShare(profile.tree, '[jit: no symbols]');
  assert(unnamed < 0.02, `${unnamed} without a name`);
});

interface CpuProfile {
  readonly nodes: readonly {
    readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number };
  }[];
}

/** What V8's own profiler calls the functions of a program. */
function cpuProfileNames(t: TestContext, name: string): Set<string> {
  const folder = mkdtempSync(join(tmpdir(), 'prof-tui-cpuprofile-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const end = 'setTimeout(() => process.exit(), 2000)';
  const preload = join(folder, 'end.cjs');
  writeFileSync(preload, end);
  spawnSync(process.execPath, ['--cpu-prof', `--cpu-prof-dir=${folder}`, '-r', preload, nodeProgram(name)]);
  const file = readdirSync(folder).find((each) => each.endsWith('.cpuprofile')) ?? assert.fail('no profile');
  const { nodes } = JSON.parse(readFileSync(join(folder, file), 'utf8')) as CpuProfile;
  const ours = nodes.filter(({ callFrame }) => callFrame.url.endsWith(`/${name}`));
  return new Set(
    ours.map(({ callFrame: { functionName, lineNumber } }) => `${functionName} ${name}:${lineNumber + 1}`),
  );
}

test('names and lines are those of --cpu-prof', async (t) => {
  const truth = cpuProfileNames(t, 'shares.cjs');
  const target = await startNode(t, 'shares.cjs');
  const found = ownFunctions(await recordCpu(target.pid, 2, ['-F', 499]), 'shares.cjs');
  assert(found.has(rowOf('eighty')));
  const hot = [...found].filter((name) => !name.startsWith('(anonymous) ') && !name.includes('idle'));
  assert.deepEqual(
    hot.filter((name) => !truth.has(name)),
    [],
  );
});

test('a server under load: its hot function is there by file and line, and no request fails', async (t) => {
  const target = await startNode(t, 'server.cjs');
  const profile = await recordCpu(target.pid, 3, ['-F', 499]);
  assertOnlyTrueNames(profile, 'server.cjs');
  const hot = [...functionsIn('server.cjs')].filter((name) => /^(renderPage|handle) /.test(name));
  assert(hot.some((name) => inclusiveShare(profile.tree, name) > 0.02));
  assert(selfShare(profile.tree, '[jit: no symbols]') < 0.02);
  await target.finish();
  const { errors, requests } = JSON.parse(target.lines.at(-1) ?? '') as {
    errors: number;
    requests: number;
  };
  assert.equal(errors, 0);
  assert(requests > 0);
});

test('a binary without a constant: [jit: no symbols] on intact callers, and why', async (t) => {
  const executable = nodeWithout(t, 'v8dbg_class_JSFunction__shared__');
  const target = await startNode(t, 'shares.cjs', [], { executable });
  const profile = await recordCpu(target.pid, 2, ['-F', 499]);
  assert.deepEqual([...ownFunctions(profile, 'shares.cjs')], []);
  assert.match(chainTo(profile.tree, '[jit: no symbols]')[0] ?? '', /uv_run › .*Builtins_JSEntry/);
  const warning = profile.warnings.find(({ code }) => code === 'runtime-unnamed');
  assert(
    warning?.title.includes(`V8 ${process.versions.v8.split('.').slice(0, 3).join('.')}`),
    warning?.title,
  );
  assert.match(warning?.cause ?? '', /v8dbg_class_JSFunction__shared/);
});
