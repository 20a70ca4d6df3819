/** Names of Java methods in virtual machines that were started without any flag, on each JDK of the machine. */
import assert from 'node:assert/strict';
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type RecordedProfile, recordCpu } from '../helpers/cli.ts';
import { assertEightyTwenty } from '../helpers/eighty-twenty.ts';
import { jdks, methodsIn, startJava } from '../helpers/java-target.ts';
import { chainTo, inclusiveShare, paths, selfShare } from '../helpers/tree.ts';

if (jdks.length === 0) {
  const reason = 'needs a JDK (Debian package openjdk-17-jdk-headless)';
  if (process.env['CI'] !== undefined) throw new Error(reason);
  test('names of Java methods', { skip: reason }, () => {});
}

const rowOf = (program: string, method: string): string =>
  [...methodsIn(program)].find((row) => row.startsWith(`${program}.${method} `)) ?? assert.fail(method);

/** Stacks that end before the thread's first frame, and frames without a name: at most such a share. */
function assertWhole({ tree, warnings }: RecordedProfile, most = 0.01): void {
  const truncated = inclusiveShare(tree, '[truncated]');
  assert(truncated < most, `${truncated} is truncated`);
  assert(inclusiveShare(tree, '[jit: no symbols]') < most);
  assert.deepEqual(
    warnings.filter(({ code }) => code === 'runtime-unnamed'),
    [],
  );
}

function assertShares(profile: RecordedProfile): void {
  assertWhole(profile);
  assertEightyTwenty(profile, rowOf('Shares', 'eighty'), rowOf('Shares', 'twenty'), 0.85);
}

function assertOnlyTrueNames({ tree }: RecordedProfile, program: string): void {
  const truth = methodsIn(program);
  for (const { node } of paths(tree)) {
    if (node.name.includes(` ${program}.java:`)) assert(truth.has(node.name), `no method: ${node.name}`);
  }
}

for (const { version, home } of jdks) {
  const engines = [
    ['-e', 'cpu'],
    ['-e', 'ctimer'],
    ['-e', 'ctimer', '--no-inject'],
  ] as const;
  for (const engine of engines) {
    const words = engine.slice(1).join(' ');
    test(`JDK ${version}, ${words}: methods by class, file and line, shares as designed`, async (t) => {
      const target = await startJava(t, home, 'Shares');
      const profile = await recordCpu(target.pid, 2, ['-F', 499, ...engine]);
      assertShares(profile);
      assertOnlyTrueNames(profile, 'Shares');
      assert.match(
        chainTo(profile.tree, rowOf('Shares', 'eighty'))[0] ?? '',
        /start_thread › .* › Shares\.main Shares/,
      );
    });
  }

  test(`JDK ${version}: code of the interpreter alone has the same names`, async (t) => {
    const target = await startJava(t, home, 'Shares', ['-Xint']);
    const profile = await recordCpu(target.pid, 2, ['-F', 499]);
    assertShares(profile);
    assertOnlyTrueNames(profile, 'Shares');
    const end = ['main', 'callAll', 'eighty', 'burn'].map((name) => rowOf('Shares', name)).join(' › ');
    const chains = chainTo(profile.tree, rowOf('Shares', 'burn'));
    assert(
      chains.some((chain) => chain.endsWith(end)),
      chains.join('\n'),
    );
  });

  test(`JDK ${version}: a stack of 220 calls reaches its root`, async (t) => {
    const target = await startJava(t, home, 'Deep');
    const profile = await recordCpu(target.pid, 2, ['-F', 499, '-e', 'ctimer']);
    assertWhole(profile);
    assertOnlyTrueNames(profile, 'Deep');
    const depths = [...paths(profile.tree)].map(
      ({ path }) => path.filter(({ name }) => name.startsWith('Deep.')).length,
    );
    assert(Math.max(...depths) >= 200, `${Math.max(...depths)} methods in the deepest stack`);
  });

  for (const engine of ['cpu', 'ctimer', 'wall']) {
    test(`JDK ${version}, ${engine}: a server under load has its hot methods, and no request fails`, async (t) => {
      const target = await startJava(t, home, 'Server');
      const profile = await recordCpu(target.pid, 2, ['-F', 199, '-e', engine]);
      // Its methods are compiled meanwhile, and perf's first copies of its stacks are short ones.
      assertWhole(profile, 0.03);
      assertOnlyTrueNames(profile, 'Server');
      if (engine !== 'wall') assert(inclusiveShare(profile.tree, rowOf('Server', 'handle')) > 0.02);
      const [requests = 0, errors = 0] = (await target.ask()).split(' ').map(Number);
      assert(requests > 200);
      assert.equal(errors, 0);
    });
  }
}

/** A JDK whose library exports a name under another one of the same length. */
function jdkWithout(t: TestContext, home: string, name: string): string {
  const copy = mkdtempSync(join(tmpdir(), 'prof-tui-jdk-'));
  t.after(() => rmSync(copy, { recursive: true }));
  for (const part of ['bin', 'lib/server']) mkdirSync(join(copy, part), { recursive: true });
  cpSync(join(home, 'bin/java'), join(copy, 'bin/java'));
  for (const file of readdirSync(join(home, 'lib'))) {
    if (file !== 'server') symlinkSync(join(home, 'lib', file), join(copy, 'lib', file));
  }
  for (const file of readdirSync(join(home, 'lib/server'))) {
    if (file !== 'libjvm.so') symlinkSync(join(home, 'lib/server', file), join(copy, 'lib/server', file));
  }
  const bytes = readFileSync(join(home, 'lib/server/libjvm.so'));
  for (let at = bytes.indexOf(`${name}\0`); at >= 0; at = bytes.indexOf(`${name}\0`, at + 1))
    bytes[at] = 0x78; // x
  writeFileSync(join(copy, 'lib/server/libjvm.so'), bytes);
  return copy;
}

test('a library without one of its tables: no names, no wrong ones, and why', {
  skip: jdks.length === 0,
}, async (t) => {
  const [jdk] = jdks;
  const target = await startJava(t, jdkWithout(t, jdk?.home ?? '', 'gHotSpotVMTypes'), 'Shares');
  const profile = await recordCpu(target.pid, 2, ['-F', 499]);
  assert.deepEqual(
    [...paths(profile.tree)].filter(({ node }) => node.name.startsWith('Shares.')),
    [],
  );
  assert(selfShare(profile.tree, '[jit: no symbols]') > 0.9);
  const warning = profile.warnings.find(({ code }) => code === 'runtime-unnamed');
  assert.match(warning?.title ?? '', /JVM/);
  assert.match(warning?.cause ?? '', /gHotSpotVMTypes/);
});
