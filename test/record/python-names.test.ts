/** Names of Python functions in unprepared processes, by the engines that read them at the sample. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { type TestContext, test } from 'node:test';
import { type RecordedNode, type RecordedProfile, recordCpu } from '../helpers/cli.ts';
import { assertEightyTwenty } from '../helpers/eighty-twenty.ts';
import { withSymbolMoved } from '../helpers/moved-symbol.ts';
import { type Interpreter, interpreters, startPython } from '../helpers/python-target.ts';
import { chainTo, inclusiveShare, paths } from '../helpers/tree.ts';

const all = interpreters();
const [first] = all;

/** `burn` of `burn calls.py:3`, with `generated_crc32_5` as `generated`; undefined of a frame that is not Python's. */
function functionOf({ name, kind }: RecordedNode, file: string): string | undefined {
  const found = /^(.*) (\S+):\d+$/.exec(name);
  if (kind !== 'runtime' || !found) return undefined;
  if (found[2] === file) return found[1];
  // The library makes code of its own, too.
  const made = found[2] === '<string>' ? /^(generated|<module>)/.exec(found[1] ?? '') : null;
  return made?.[1];
}

interface Seen {
  /** Share of the sampled time in stacks that are cut: the parser of 3.12 has a frame of 17 KB. */
  readonly cut: number;
  /** Share of the others in stacks whose frames all have names. */
  readonly named: number;
  /** Calls that the program does not make. */
  readonly untrue: Set<string>;
}

/** The innermost loop alone may have no function: one that it is about to enter, or has left. */
function isUnnamed(path: readonly RecordedNode[]): boolean {
  const loop = path.findIndex(({ name }) => name === '_PyEval_EvalFrameDefault');
  const below = loop < 0 ? [] : path.slice(loop + 1);
  const hasMore = below.some(({ name, runtime }) => runtime !== undefined || name === path[loop]?.name);
  return hasMore || path.some(({ name }) => name === '[jit: no symbols]');
}

function compare({ tree }: RecordedProfile, calls: Readonly<Record<string, readonly string[]>>): Seen {
  const untrue = new Set<string>();
  let [wholeNs, cutNs, namedNs] = [0, 0, 0];
  for (const { node, path } of paths(tree)) {
    if (node.selfNs === 0) continue;
    const names = path.map((each) => functionOf(each, 'calls.py')).filter((name) => name !== undefined);
    const isCut = path[1]?.name === '[truncated]';
    if (isCut) cutNs += node.selfNs;
    else if (node.name !== '[not sampled]') wholeNs += node.selfNs;
    if (!isCut && names.length > 0 && !isUnnamed(path)) namedNs += node.selfNs;
    names.slice(1).forEach((name, i) => {
      const caller = names[i] ?? '';
      if (!(calls[caller] ?? []).includes(name)) untrue.add(`${caller} › ${name}`);
    });
    const [, made] =
      /^generated_(crc32|adler32)_/.exec(
        path.findLast(({ name }) => name.startsWith('generated_'))?.name ?? '',
      ) ?? [];
    const called = /^(crc32|adler32)/.exec(node.name)?.[1];
    if (made !== undefined && called !== undefined && made !== called) untrue.add(`${made} › ${called}`);
  }
  return { cut: cutNs / (cutNs + wholeNs), named: namedNs / wholeNs, untrue };
}

async function assertTrueNames(t: TestContext, python: Interpreter, args: readonly string[]): Promise<void> {
  const target = await startPython(t, python, 'calls.py');
  const { calls } = JSON.parse(target.lines[0] ?? '') as { calls: Record<string, string[]> };
  const profile = await recordCpu(target.pid, 3, ['-F', 499, ...args]);
  const { cut, named, untrue } = compare(profile, calls);
  assert.deepEqual([...untrue], []);
  assert(cut < 0.02, `${cut} of the time is in stacks that are cut`);
  assert(named >= 0.985, `${named} of the time in others is named`);
  assert(inclusiveShare(profile.tree, rowOf(profile, 'turn')) > 0.95);
  for (const name of ['Shop.serve', 'numbers', 'by_callback.<locals>.key', 'Guard.__exit__', 'step']) {
    assert(inclusiveShare(profile.tree, rowOf(profile, name)) > 0, name);
  }
}

function rowOf({ tree }: RecordedProfile, name: string): string {
  return [...paths(tree)].find(({ node }) => node.name.startsWith(`${name} `))?.node.name ?? `no ${name}`;
}

for (const python of all) {
  test(`CPython ${python.version}: each function has its share, under its callers`, async (t) => {
    const target = await startPython(t, python, 'shares.py');
    const profile = await recordCpu(target.pid, 4, ['-F', 499, '-e', 'ctimer']);
    assertEightyTwenty(profile, 'Work.eighty shares.py:5', 'Work.twenty shares.py:8', 0.97);
    const [chain = ''] = chainTo(profile.tree, 'burn shares.py:12');
    assert.match(
      chain,
      /^_start › .*<module> shares\.py:1 › main shares\.py:19 › Work\.\w+ shares\.py:\d › /,
    );
  });

  test(`CPython ${python.version}, timers in the target: no name but true ones`, (t) =>
    assertTrueNames(t, python, ['-e', 'ctimer']));

  test(`CPython ${python.version}, snapshots: no name but true ones`, (t) =>
    assertTrueNames(t, python, ['-e', 'ctimer', '--no-inject']));
}

test('perf_events: no Python functions, never late ones, and which engine has them', async (t) => {
  if (first === undefined) return t.skip('needs CPython 3.11 or later (Debian package python3)');
  const target = await startPython(t, first, 'shares.py');
  const profile = await recordCpu(target.pid, 1, ['-F', 199, '-e', 'cpu']);
  assert(inclusiveShare(profile.tree, '_PyEval_EvalFrameDefault') > 0.9);
  assert(![...paths(profile.tree)].some(({ node }) => node.kind === 'runtime'));
  const warning = profile.warnings.find(({ code }) => code === 'python-unseen');
  assert.match(warning?.title ?? '', /cpu shows Python as native frames only; P: ctimer/);
  assert.equal(warning?.cure, 'prof-tui -e ctimer');
});

for (const args of [
  ['-e', 'ctimer'],
  ['-e', 'ctimer', '--no-inject'],
]) {
  test(`a loop that is in no native stack, ${args.slice(1).join(' ')}: native frames, and a warning that says so`, async (t) => {
    const path = first && withSymbolMoved(t, first.path, '_PyEval_EvalFrameDefault', 'Py_GetVersion');
    if (!path)
      return t.skip('needs CPython 3.11 or later whose executable holds it (Debian package python3)');
    const target = await startPython(t, { ...first, path }, 'shares.py');
    const profile = await recordCpu(target.pid, 4, ['-F', 499, ...args]);
    assert(![...paths(profile.tree)].some(({ node }) => node.kind === 'runtime'));
    const [because] = profile.warnings.filter(({ code }) => code === 'runtime-unnamed');
    const { version } = first;
    assert.equal(
      because?.title,
      `Python functions without names (CPython ${version}): its evaluation loop is found in no native stack`,
    );
  });
}

test('a thread that is not among the 256 youngest: native frames, and a warning that says so', async (t) => {
  if (first === undefined) return t.skip('needs CPython 3.11 or later (Debian package python3)');
  const target = await startPython(t, first, 'crowd.py');
  const profile = await recordCpu(target.pid, 4, ['-F', 499, '-e', 'ctimer']);
  assert(![...paths(profile.tree)].some(({ node }) => node.kind === 'runtime'));
  const warning = profile.warnings.find(({ code }) => code === 'runtime-unnamed');
  assert.match(warning?.title ?? '', /\(CPython [\d.]+\): more than 5% of the samples keep native frames/);
});

test('greenlets: each function has its share, under the callers of its own greenlet', async (t) => {
  const python = all.find(({ path }) => spawnSync(path, ['-c', 'import greenlet']).status === 0);
  if (!python) return t.skip('needs greenlet (Debian package python3-greenlet)');
  const target = await startPython(t, python, 'greenlets.py');
  const profile = await recordCpu(target.pid, 4, ['-F', 499, '-e', 'ctimer']);
  const ours = [...paths(profile.tree)].map(({ node, path }) => ({
    ns: node.selfNs,
    names: path.map(({ name }) => name.replace(/ greenlets\.py:\d+$/, '')).join(' › '),
  }));
  const under = (name: string) => {
    const chain = new RegExp(` › ${name} › .*${name}\\.<locals>\\.<lambda> › burn`);
    return ours.reduce((sum, { ns, names }) => sum + (chain.test(names) ? ns : 0), 0) / profile.tree.totalNs;
  };
  const [eighty, twenty] = [under('eighty'), under('twenty')];
  assert(eighty + twenty > 0.95, `${eighty} + ${twenty} of the time is named`);
  assert(Math.abs(eighty / (eighty + twenty) - 0.8) < 0.1, `${eighty} to ${twenty}`);
  assert(!ours.some(({ names }) => / eighty › .*twenty| twenty › .*eighty/.test(names)));
});

for (const args of [
  ['-e', 'ctimer'],
  ['-e', 'ctimer', '--no-inject'],
  ['-e', 'wall'],
  ['-e', 'cpu'],
]) {
  test(`a server under load, ${args.slice(1).join(' ')}: no request fails`, async (t) => {
    if (first === undefined) return t.skip('needs CPython 3.11 or later (Debian package python3)');
    const target = await startPython(t, first, 'server.py');
    const profile = await recordCpu(target.pid, 1.5, ['-F', 499, ...args]);
    await target.finish();
    const { errors, requests } = JSON.parse(target.lines.at(-1) ?? '') as {
      errors: number;
      requests: number;
    };
    assert.equal(errors, 0);
    assert(requests > 0);
    const share = inclusiveShare(profile.tree, 'ask server.py:42');
    if (args[1] !== 'cpu') assert(share > 0.01, `${share} of the time in ask`);
  });
}
