/** Functions of WebAssembly in processes of Node that were started without any flag that tells of them. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { type RecordedProfile, recordCpu } from '../helpers/cli.ts';
import { assertEightyTwenty } from '../helpers/eighty-twenty.ts';
import { nodeWithout, startNode } from '../helpers/node-target.ts';
import { nodeOf, otherMajors } from '../helpers/node-versions.ts';
import { chainTo, inclusiveShare, paths, selfShare } from '../helpers/tree.ts';

interface Target {
  readonly executable?: string;
  readonly mode?: string;
  readonly flags?: readonly string[];
  readonly engine?: readonly string[];
}

async function record(t: TestContext, { executable, mode = 'main', flags = [], engine = [] }: Target) {
  const options = executable === undefined ? { flags } : { flags, executable };
  const target = await startNode(t, 'wasm.cjs', [mode], options);
  return recordCpu(target.pid, 3, ['-F', '499', ...engine]);
}

/** Rows of the module's functions, by the function. */
function wasmRows({ tree }: RecordedProfile): Map<string, string> {
  const rows = [...paths(tree)].filter(({ node }) => node.module === 'wasm').map(({ node }) => node.name);
  return new Map(rows.map((row) => [row.split(' ')[0] ?? '', row]));
}

/** As its fixture is designed, in one part for each 10,000 turns. */
const turns = { eighty: 40, twenty: 10, 'wasm-function[4]': 1 } as const;

function assertShares(profile: RecordedProfile): void {
  const rows = wasmRows(profile);
  assert.deepEqual(new Set(rows.keys()), new Set(Object.keys(turns)));
  const shareOf = (name: string) => inclusiveShare(profile.tree, rows.get(name) ?? '');
  const all = Object.keys(turns).reduce((sum, name) => sum + shareOf(name), 0);
  assert(all > 0.85, `${all} of the time is named`);
  assertEightyTwenty(profile, rows.get('eighty') ?? '', rows.get('twenty') ?? '', 0.8);
  assert(selfShare(profile.tree, '[jit: no symbols]') < 0.02);
  assert(selfShare(profile.tree, '(WebAssembly)') < 0.02);
  const chains = chainTo(profile.tree, rows.get('eighty') ?? '');
  const isWhole = (chain: string) => /uv_run › .* › callAll wasm\.cjs:\d+ › /.test(chain);
  assert(chains.some(isWhole), chains.join('\n'));
  assert(inclusiveShare(profile.tree, '[truncated]') < 0.02);
  assert.match(rows.get('eighty') ?? '', /^eighty shares-[0-9a-f]{8}$/);
  assert.deepEqual(
    profile.warnings.filter(({ code }) => code === 'runtime-unnamed'),
    [],
  );
}

for (const { flags, engine } of [
  { flags: [], engine: ['-e', 'cpu'] },
  { flags: ['--liftoff-only'], engine: ['-e', 'ctimer'] },
  { flags: ['--no-liftoff'], engine: ['-e', 'ctimer', '--no-inject'] },
] as const) {
  test(`WebAssembly, ${[...flags, ...engine.slice(1)].join(' ')}: functions by name or index, shares as designed`, async (t) => {
    assertShares(await record(t, { flags, engine }));
  });
}

/** From JavaScript into the module, from there into JavaScript, and back. */
const alternating =
  /uv_run › .* callAll wasm\.cjs:\d+ › (?:\S+|\([^)]*\)) › through shares-\w+ › (?:\S+|\([^)]*\)) › visit wasm\.cjs:\d+ › (?:.* › )?twenty shares-\w+$/;

function assertAlternating(profile: RecordedProfile): void {
  const row = wasmRows(profile).get('twenty') ?? assert.fail('twenty is not there');
  assert(inclusiveShare(profile.tree, row) > 0.8);
  const chains = chainTo(profile.tree, row);
  assert(
    chains.some((chain) => alternating.test(chain)),
    chains.join('\n'),
  );
}

test('WebAssembly that calls JavaScript that calls WebAssembly: each frame at its place', async (t) => {
  assertAlternating(await record(t, { mode: 'through', engine: ['-e', 'ctimer'] }));
});

for (const major of otherMajors) {
  test(`Node.js ${major}: WebAssembly functions by name or index, shares as designed, among JavaScript`, async (t) => {
    const executable = nodeOf(t, major);
    if (executable === undefined) return;
    assertShares(await record(t, { executable }));
    assertShares(await record(t, { executable, flags: ['--liftoff-only'], engine: ['-e', 'ctimer'] }));
    assertAlternating(await record(t, { executable, mode: 'through' }));
  });
}

test('a binary without the constant that leads to the code: (WebAssembly) on intact callers, and why', async (t) => {
  const executable = nodeWithout(t, 'v8dbg_class_Script__wasm_managed_native_module__');
  const profile = await record(t, { executable });
  assert.deepEqual([...wasmRows(profile)], []);
  assert(selfShare(profile.tree, '(WebAssembly)') > 0.8);
  assert.match(chainTo(profile.tree, '(WebAssembly)')[0] ?? '', /uv_run › .* callAll wasm\.cjs:\d+ › /);
  const warning = profile.warnings.find(({ code }) => code === 'runtime-unnamed');
  assert.match(warning?.title ?? '', /^WebAssembly functions without names \(V8 /);
  assert.match(warning?.cause ?? '', /exports no v8dbg_class_Script__wasm_managed_native_module/);
});
