/** Names of code that its makers tell of: jitdumps and perf maps of real runtimes, and of a program of known shape. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { jitdumpLoad } from '../../src/symbolize/test-jitdump.ts';
import { profileOf, type RecordedProfile, recordCpu, startCli } from '../helpers/cli.ts';
import { assertEightyTwenty } from '../helpers/eighty-twenty.ts';
import { buildFixture } from '../helpers/fixtures.ts';
import { mayActAsRoot } from '../helpers/gates.ts';
import { functionsIn, nodeProgram, nodeWithout, startProgram } from '../helpers/node-target.ts';
import { nodeOf, otherMajors } from '../helpers/node-versions.ts';
import { startFixture } from '../helpers/target.ts';
import { chainTo, inclusiveShare, nodesNamed, paths } from '../helpers/tree.ts';

function folderFor(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'prof-tui-jit-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

for (const mode of ['dump', 'deleted'] as const) {
  test(`generated code with a jitdump (${mode}) that was written before: its names, kind jit, script`, async (t) => {
    const source = join(folderFor(t), 'made.lua');
    const target = await startFixture(t, 'jit', [600, mode, source]);
    const profile = await recordCpu(target.pid, 2);
    const chains = chainTo(profile.tree, 'native_callee');
    assert.equal(chains.length, 1, chains.join('\n'));
    assert.match(chains[0] ?? '', /run_generated › dumped outer › dumped inner › native_callee$/);
    const [inner] = nodesNamed(profile.tree, 'dumped inner');
    assert.deepEqual([inner?.kind, inner?.script], ['jit', source]);
    assert.deepEqual(profile.warnings, []);
  });
}

/** Runs shares.cjs in a folder of its own: V8 writes its files where it stands. */
async function startFlagged(t: TestContext, executable: string, flags: readonly string[]) {
  const { NODE_OPTIONS: _, ...env } = process.env;
  const words = ['-C', folderFor(t), executable, ...flags, nodeProgram('shares.cjs')];
  const target = await startProgram(t, 'env', words, env);
  t.after(() => rmSync(`/tmp/perf-${target.pid}.map`, { force: true }));
  return target;
}

const truth = functionsIn('shares.cjs');
const rowOf = (name: string): string =>
  [...truth].find((row) => row.startsWith(`${name} `)) ?? assert.fail(name);

/** The functions of the program stand there once each, as its user wrote them. */
function assertOneNameEach(profile: RecordedProfile): void {
  const { tree } = profile;
  const nodes = [...paths(tree)].map(({ node }) => node);
  const doubled = nodes.filter(({ name }) => /^(?:JS|Eval|Script):/.test(name));
  assert.deepEqual(
    doubled.map(({ name }) => name),
    [],
  );
  const ours = nodes.filter(({ name }) => name.includes(' shares.cjs:'));
  for (const { name, kind } of ours) {
    assert.equal(kind, 'runtime', name);
    if (!name.startsWith('(anonymous) ')) assert(truth.has(name), name);
  }
  assert(inclusiveShare(tree, rowOf('burn')) > 0.9);
  assertEightyTwenty(profile, rowOf('eighty'), rowOf('twenty'), 0.85);
}

const flagSets = [
  ['--perf-prof'],
  ['--perf-basic-prof'],
  ['--perf-basic-prof', '--interpreted-frames-native-stack'],
] as const;

for (const major of [20, ...otherMajors]) {
  for (const flags of flagSets) {
    test(`Node.js ${major} ${flags.join(' ')}: one name for each function, V8's own`, async (t) => {
      const executable = major === 20 ? process.execPath : nodeOf(t, major);
      if (executable === undefined) return;
      const target = await startFlagged(t, executable, flags);
      assertOneNameEach(await recordCpu(target.pid, 2, ['-F', 499]));
    });
  }
}

for (const flags of [['--perf-prof'], ['--perf-basic-prof']] as const) {
  test(`Node.js whose own structures cannot be read, ${flags[0]}: the same names of its compiled code`, async (t) => {
    const executable = nodeWithout(t, 'v8dbg_class_JSFunction__shared__');
    const target = await startFlagged(t, executable, flags);
    const profile = await recordCpu(target.pid, 2, ['-F', 499]);
    assertOneNameEach(profile);
    const row = rowOf('eighty');
    const [eighty] = nodesNamed(profile.tree, row);
    const line = Number(row.slice(row.lastIndexOf(':') + 1));
    assert.deepEqual([eighty?.script, eighty?.line], [nodeProgram('shares.cjs'), line]);
  });
}

/** Where the two generated functions of fixture `jit` stand: one after the other at the start of a page of their own. */
function codeOf(pid: number): { readonly inner: number; readonly outer: number; readonly size: number } {
  const line = readFileSync(`/proc/${pid}/maps`, 'utf8')
    .split('\n')
    .find((each) => / r-xp 00000000 00:00 0 *$/.test(each));
  const inner = Number.parseInt(line ?? assert.fail('no generated code'), 16);
  return { inner, outer: inner + 27, size: 27 };
}

test('names as .NET and the BEAM write them, in a map that is written again and again', async (t) => {
  const target = await startFixture(t, 'jit', [600, 'none']);
  const { inner, outer, size } = codeOf(target.pid);
  const map = `/tmp/perf-${target.pid}.map`;
  t.after(() => rmSync(map, { force: true }));
  const others = Array.from({ length: 3000 }, (_, i) => [inner + 4096 + i * 64, `other ${i}`] as const);
  const dotnet = 'void [App] App.Program::Main(class System.String[])[OptimizedTier1]';
  const lines = [...others, [outer, dotnet] as const, [inner, '$gen_server:loop/7'] as const].map(
    ([at, name]) => `${at.toString(16)} ${size.toString(16)} ${name}\n`,
  );
  const write = () => writeFileSync(map, lines.join(''));
  const writing = setInterval(write, 40);
  t.after(() => clearInterval(writing));
  setTimeout(() => clearInterval(writing), 2000);
  const profile = await recordCpu(target.pid, 5);
  const chains = chainTo(profile.tree, 'native_callee');
  assert.equal(chains.length, 1, chains.join('\n'));
  assert.ok(
    chains[0]?.endsWith(` › run_generated › ${dotnet} › $gen_server:loop/7 › native_callee`),
    chains[0],
  );
});

test('code that another function takes the place of while it is sampled: neither name, and why', async (t) => {
  const target = await startFixture(t, 'jit', [600, 'dump', '/srv/made.lua']);
  const { inner, size } = codeOf(target.pid);
  const impostor = () => jitdumpLoad({ pid: target.pid, address: inner, size, name: 'impostor' });
  const recording = startCli(['record', target.pid, '-d', '5', '-f', 'json', '-o', '-']);
  assert(recording.child.stderr !== null);
  // It says so when it has begun.
  await once(recording.child.stderr, 'data');
  await delay(1500);
  appendFileSync(`/tmp/jit-${target.pid}.dump`, impostor());
  const profile = profileOf(await recording.run);
  const [chain = ''] = chainTo(profile.tree, 'native_callee');
  assert.match(chain, /run_generated › dumped outer › \[jit: no symbols\] › native_callee$/);
  const warning = profile.warnings.find(({ code }) => code === 'symbols');
  assert.match(
    warning?.title ?? '',
    /names missing for generated code: \d+ address(es)? held one function after the other/,
  );
});

test('another mount and pid namespace: the jitdump is found by its own pid and path in there', async (t) => {
  if (!mayActAsRoot(t, 'to make namespaces')) return;
  // Its usual place is in the /tmp that it does not see.
  const folder = mkdtempSync('/var/tmp/prof-tui-jit-');
  t.after(() => rmSync(folder, { recursive: true }));
  const binary = join(folder, 'jit');
  copyFileSync(buildFixture('jit'), binary);
  const launcher = [
    ...['unshare', '--mount', '--pid', '--fork', '--kill-child', '--mount-proc', 'sh', '-c'],
    ...['mount -t tmpfs none /tmp && "$@"', 'sh'],
  ];
  const target = await startFixture(t, 'jit', [600, 'dump', '/srv/made.lua'], { launcher, binary });
  const profile = await recordCpu(target.pid, 2);
  assert.equal(nodesNamed(profile.tree, 'dumped inner').length, 1);
});

/** Work of known shares in another language; prints when it is ready. */
const phpProgram = `<?php
function burn($n) { $s = 1; for ($i = 0; $i < $n; $i++) $s = ($s * 1103515245 + 12345) & 0x7fffffff; return $s; }
function eighty() { return burn(400000); }
function twenty() { return burn(100000); }
echo '{"ready":1}', "\\n";
while (true) { eighty(); twenty(); }
`;

for (const [file, debug] of [
  ['a perf map', '0x10'],
  ['a jitdump', '0x20'],
] as const) {
  test(`PHP, its compiler's functions by ${file}`, async (t) => {
    const program = join(folderFor(t), 'shares.php');
    writeFileSync(program, phpProgram);
    // Files that were just written are not compiled otherwise.
    const settings = [
      'file_update_protection=0',
      'enable_cli=1',
      'jit_buffer_size=16M',
      'jit=1205',
      `jit_debug=${debug}`,
    ];
    const words = [...settings.flatMap((each) => ['-d', `opcache.${each}`]), program];
    const target = await startProgram(t, 'php', words, process.env);
    t.after(() => rmSync(`/tmp/perf-${target.pid}.map`, { force: true }));
    t.after(() => rmSync(`/tmp/jit-${target.pid}.dump`, { force: true }));
    const profile = await recordCpu(target.pid, 3);
    assert(inclusiveShare(profile.tree, 'JIT$burn') > 0.9);
    assert.equal(nodesNamed(profile.tree, 'JIT$burn')[0]?.kind, 'jit');
  });
}

const erlangProgram = `-module(shares).
-export([main/0]).
burn(0, S) -> S;
burn(N, S) -> burn(N - 1, (S * 1103515 + 12345) band 16#7fffffff).
loop() -> burn(400000, 1), burn(100000, 1), loop().
main() -> io:format("{\\"ready\\":1}~n"), loop().
`;

for (const [file, mode, name] of [
  ['a perf map', 'map', '$shares:burn/2'],
  ['a jitdump', 'dump', 'shares:burn/2'],
] as const) {
  test(`Erlang, functions of the BEAM's compiler by ${file}`, async (t) => {
    const folder = folderFor(t);
    writeFileSync(join(folder, 'shares.erl'), erlangProgram);
    execFileSync('erlc', ['shares.erl'], { cwd: folder, stdio: ['ignore', 'ignore', 'inherit'] });
    const words = ['-C', folder, 'erl', '+S', '1', '+JPperf', mode, '-noshell', '-s', 'shares', 'main'];
    const target = await startProgram(t, 'env', words, process.env);
    t.after(() => rmSync(`/tmp/perf-${target.pid}.map`, { force: true }));
    t.after(() => rmSync(`/tmp/jit-${target.pid}.dump`, { force: true }));
    const profile = await recordCpu(target.pid, 3);
    const share = inclusiveShare(profile.tree, name);
    assert(share > 0.9, `${share} in ${name}`);
  });
}
