/**
 * Every format of one recording tells the same story: the stacks, weights, threads and engine of the json tree, as read
 * by the format's own tools. First a real process, then made-up profiles for what a real one cannot be made to show.
 */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { Script } from 'node:vm';
import { gunzipSync } from 'node:zlib';
import type { RunSummary } from '../../src/export/summary.ts';
import type { CallTree, NodeId } from '../../src/profile/call-tree.ts';
import { parseFolded } from '../helpers/cli.ts';
import {
  columnOf,
  exported,
  exportedJson,
  firefoxStacks,
  goPprof,
  htmlStacks,
  jfr,
  jfrSamples,
  jfrSettings,
  jfrStacks,
  parseFirefox,
  parseHtml,
  parseSpeedscope,
  pprofSamples,
  recordRun,
  type StackSums,
  speedscopeStacks,
  stackSeparator,
  sumStacks,
  totalOf,
  treeStacks,
} from '../helpers/exported.ts';
import { everyKind, hostileNames, syntheticRun, twoSpans, userOnlySpan } from '../helpers/synthetic-run.ts';
import { periodNs } from '../helpers/synthetic-session.ts';
import { startFixture } from '../helpers/target.ts';
import { hasTool } from '../helpers/tools.ts';

let recorded: RunSummary | undefined;

/** Two threads that spend most of their time in the kernel; recorded once for all tests. */
async function realRun(t: TestContext): Promise<RunSummary> {
  if (recorded === undefined) {
    const target = await startFixture(t, 'sender', [60]);
    recorded = await recordRun(target.pid, 1.5);
  }
  return recorded;
}

/** The JDK's tools take no other ending; no other reader looks at it. */
function fileOf(t: TestContext, bytes: Buffer): string {
  const folder = mkdtempSync(join(tmpdir(), 'prof-tui-exports-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'profile.jfr');
  writeFileSync(file, bytes);
  return file;
}

const empty = (): RunSummary => {
  const { accounting } = syntheticRun();
  const none = { ...accounting, cpuTimeNs: 0, weightNs: 0, accounted: undefined };
  return syntheticRun([], { accounting: none, spans: [], warnings: [] });
};

const runs: readonly (readonly [string, (t: TestContext) => RunSummary | Promise<RunSummary>])[] = [
  ['a real process', realRun],
  ['hostile names, two spans', () => syntheticRun()],
  ['nothing captured', empty],
];

/** The json tree in whole ns: what other formats can hold. */
function treeOf(run: RunSummary): Map<string, number> {
  return new Map([...treeStacks(exportedJson(run).tree)].map(([stack, ns]) => [stack, Math.round(ns)]));
}

/** Rounding a fraction of a ns may move one ns a thread from one stack to another; the total is held apart. */
function assertSameStacks(actual: ReadonlyMap<string, number>, run: RunSummary): void {
  const expected = treeOf(run);
  const threads = exportedJson(run).threads.length + 1;
  for (const [stack, ns] of actual) {
    // A sample may weigh nothing: its thread's time was given to the one before.
    assert(ns === 0 || expected.has(stack), `not in the tree: ${stack.slice(0, 200)}`);
  }
  for (const [stack, ns] of expected) {
    const found = actual.get(stack) ?? Number.NaN;
    assert(Math.abs(found - ns) <= threads, `${stack.slice(0, 200)}: ${found} of ${ns} ns`);
  }
  assert.equal(totalOf(actual), Math.round(run.profile.tree.totalNs(0)));
}

/** What one span saw, as the profile knows it; time that no sample carries is the last one's here. */
function spanStacks({ profile }: RunSummary, number: string | undefined, isLast: boolean): StackSums {
  const rows = [...profile.placedStacks()]
    .filter(({ span }) => number === undefined || span === Number(number))
    .map(({ node, weightNs }) => [namesTo(profile.tree, node), weightNs] as const);
  const unsampled = profile
    .unsampled()
    .map(({ node, weightNs }) => [namesTo(profile.tree, node), weightNs] as const);
  return sumStacks(isLast ? [...rows, ...unsampled] : rows);
}

function namesTo(tree: CallTree, node: NodeId): string[] {
  const names: string[] = [];
  for (let at = node; at > 0; at = tree.parentOf(at)) names.unshift(tree.functionOf(at).name);
  return names;
}

/** By tid, in ns; time that belongs to no thread is not in it. */
function threadWeights(run: RunSummary): Map<number, number> {
  return new Map(exportedJson(run).threads.map(({ tid, weightNs }) => [tid, Math.round(weightNs)]));
}

test('the recorded process has what the formats must carry', async (t) => {
  const run = await realRun(t);
  const { tree, threads } = exportedJson(run);
  assert(treeStacks(tree).size > 10);
  assert.equal(threads.length, 2);
  assert(JSON.stringify(tree).includes('"kind":"kernel"'));
});

for (const [name, make] of runs) {
  test(`speedscope: ${name}: stacks, weights and threads are those of the tree`, async (t) => {
    const run = await make(t);
    const file = parseSpeedscope(exported('speedscope', run));
    assert.equal(file.$schema, 'https://www.speedscope.app/file-format-schema.json');
    for (const profile of file.profiles) {
      assert.deepEqual([profile.type, profile.unit, profile.startValue], ['sampled', 'nanoseconds', 0]);
      assert.equal(profile.samples.length, profile.weights.length);
      const sum = profile.weights.reduce((total, weight) => total + weight, 0);
      assert.equal(profile.endValue, sum);
    }
    for (const frame of file.shared.frames) {
      assert.deepEqual(
        Object.keys(frame).filter((key) => key !== 'file' && key !== 'line'),
        ['name'],
      );
    }
    assertSameStacks(speedscopeStacks(file), run);
    // A thread under two engines is two profiles.
    const byTid = new Map<number, number>();
    for (const { name, endValue } of file.profiles) {
      const tid = Number(/\[(\d+)\]/.exec(name)?.[1]);
      if (tid !== 0) byTid.set(tid, (byTid.get(tid) ?? 0) + endValue);
    }
    assert.deepEqual(byTid, threadWeights(run));
  });

  test(`pprof: ${name}: go tool pprof reads the stacks and weights of the tree`, async (t) => {
    if (!hasTool(t, 'go', 'golang-go')) return;
    const run = await make(t);
    const samples = pprofSamples(fileOf(t, exported('pprof', run)));
    assertSameStacks(sumStacks(samples.map(({ frames, weightNs }) => [frames, weightNs] as const)), run);
    const seen = samples.reduce((sum, sample) => sum + sample.samples, 0);
    assert.equal(seen, run.profile.samples);
    const byTid = new Map<number, number>();
    for (const { labels, weightNs } of samples) {
      const tid = Number(/tid:\[(\d+)\]/.exec(labels)?.[1] ?? 0);
      if (tid !== 0) byTid.set(tid, (byTid.get(tid) ?? 0) + weightNs);
    }
    assert.deepEqual(new Map([...byTid].sort()), new Map([...threadWeights(run)].sort()));
  });

  test(`html: ${name}: the page holds the tree, and nothing of it is markup or a request`, async (t) => {
    const run = await make(t);
    const page = parseHtml(exported('html', run));
    assert.deepEqual(htmlStacks(page.profile), treeStacks(exportedJson(run).tree));
    assert.doesNotMatch(page.rest, /<(img|script src|link|iframe|base|form)/);
    for (const code of [page.script, page.style]) assert.doesNotMatch(code, /https?:|url\(|@import|fetch\(/);
    for (const [tag] of page.rest.matchAll(/<[^>]*>/g)) {
      assert.doesNotMatch(tag, /\s(src|href|style|on\w+)=/);
    }
    assert.match(page.policy, /^default-src 'none'; script-src 'sha256-[^']+'; style-src 'sha256-[^']+'; /);
    const hash = (code: string): string => createHash('sha256').update(code).digest('base64');
    assert(page.policy.includes(`script-src 'sha256-${hash(page.script)}'`));
    assert(page.policy.includes(`style-src 'sha256-${hash(page.style)}'`));
    assert(page.rest.includes(`<th scope="row">tool</th><td>prof-tui ${run.version}</td>`));
    new Script(page.script);
  });

  test(`firefox: ${name}: whole tables, stacks and weights of the tree, rows in order of time`, async (t) => {
    const run = await make(t);
    const profile = parseFirefox(exported('firefox', run));
    assertSameStacks(firefoxStacks(profile), run);
    const weights = new Map<number, number>();
    for (const thread of profile.threads) {
      for (const table of ['resourceTable', 'nativeSymbols', 'markers'] as const) {
        const columns = Object.keys(thread[table]).filter((name) => name !== 'length');
        for (const name of columns) columnOf(thread[table], name);
      }
      const prefixes = columnOf<number | null>(thread.stackTable, 'prefix');
      for (const [i, prefix] of prefixes.entries()) {
        assert(prefix === null || prefix < i, 'a prefix stands before its stack');
      }
      const times = columnOf<number>(thread.samples, 'time');
      assert.deepEqual(
        times,
        times.toSorted((a, b) => a - b),
      );
      const cpuNs = columnOf<number>(thread.samples, 'threadCPUDelta').map((us) => Math.round(us * 1e3));
      const sumNs = cpuNs.reduce((sum, ns) => sum + ns, 0);
      if (thread.tid !== 0) weights.set(thread.tid, sumNs);
    }
    assert.deepEqual(weights, threadWeights(run));
  });

  test(`jfr: ${name}: the JDK's tools read as many samples of each stack as its weight has periods`, async (t) => {
    if (!hasTool(t, 'jfr', 'openjdk-17-jdk-headless')) return;
    const run = await make(t);
    const file = fileOf(t, exported('jfr', run));
    const samples = jfrSamples(file);
    const chunks = jfrSettings(file).map((settings) => ({
      number: settings.get('number'),
      periodNs: Number(settings.get('periodNs')),
      endMs: Date.parse(run.recordedAt) + Number(settings.get('endNs')) / 1e6,
    }));
    const bySpan = chunks.map(({ endMs }, i) =>
      samples.filter(({ startTime }) => {
        const ms = Date.parse(startTime);
        return ms <= endMs && (i === 0 || ms > (chunks[i - 1]?.endMs ?? 0));
      }),
    );
    for (const [i, { number, periodNs }] of chunks.entries()) {
      const isLast = i === chunks.length - 1;
      const expected = spanStacks(run, number, isLast);
      const found = jfrStacks(bySpan[i] ?? []);
      assert.equal(totalOf(found), Math.round(totalOf(expected) / periodNs));
      for (const stack of found.keys())
        assert(expected.has(stack), `not in the span: ${stack.slice(0, 200)}`);
      // Each thread's part is rounded.
      const rows = exportedJson(run).threads.length + 1;
      for (const [stack, ns] of expected) {
        const count = found.get(stack) ?? 0;
        assert(Math.abs(count - ns / periodNs) <= rows, `${stack.slice(0, 200)}: ${count} of ${ns} ns`);
      }
    }
    const tids = new Set(
      samples.map(({ sampledThread }) => sampledThread.osThreadId).filter((tid) => tid > 0),
    );
    for (const tid of tids) assert(threadWeights(run).has(tid), String(tid));
    const times = samples.map(({ startTime }) => Date.parse(startTime));
    assert(
      times.every((time, i) => time >= (times[i - 1] ?? 0)),
      'in order of time',
    );
  });

  test(`folded: ${name}: counts are those of the tree, to the sample`, async (t) => {
    const run = await make(t);
    const { metadata, stacks } = parseFolded(exported('folded', run).toString('utf8'));
    const counted = stacks.reduce((sum, stack) => sum + stack.count, 0);
    assert.equal(counted, Math.round(run.profile.tree.totalNs(0) / Number(metadata['periodNs'])));
  });

  test(`md: ${name}: every line of a table has its cells, nothing is markup`, async (t) => {
    const text = exported('md', await make(t)).toString('utf8');
    assert.doesNotMatch(text, /[\u0000-\u0009\u000b-\u001f\u007f]/);
    for (const table of text.split('\n\n').filter((part) => part.startsWith('|'))) {
      const widths = table
        .trimEnd()
        .split('\n')
        .map((line) => cellsOf(line).length);
      assert.equal(new Set(widths).size, 1, table);
    }
    // `<0.1%` is a share; HTML begins with a letter, a slash or a mark.
    assert.doesNotMatch(withoutCode(text), /<(?!\d)|[>[\]]/);
  });
}

/** GitHub's rule: a pipe parts cells, even in code, unless a backslash stands before it. */
function cellsOf(line: string): string[] {
  return [...line.matchAll(/((?:\\.|[^|\\])*)\|/g)].map(([, cell]) => cell ?? '').slice(1);
}

/** Without code spans: CommonMark ends one at the first run of backticks as long as the one that opened it. */
function withoutCode(text: string): string {
  return text.replaceAll(/(?<!`)(`+)(?!`)[^\n]*?(?<!`)\1(?!`)/g, '');
}

test('md: the tree, its marked labels and the engine can be read', async () => {
  const text = exported('md', syntheticRun()).toString('utf8');
  assert.match(text, /^- `ENGINE {2}ctimer \(external snapshots\) {2}asked auto/m);
  assert.match(text, /^\| 14\.9% \| 232 ms \| 14\.9% \| \u00a0+`\[kernel: no symbols\]` \| `kernel` \|$/m);
  assert.match(text, /^\| span\.1\.engine \| `ctimer` \|$/m);
});

test('html: banner, engine and hottest functions can be read without scripts', () => {
  const { rest } = parseHtml(exported('html', syntheticRun()));
  assert.match(rest, /^<li>ENGINE {2}ctimer \(external snapshots\) {2}asked auto/m);
  assert.match(rest, /^<li class="warning">WARNING kernel symbols hidden/m);
  assert.match(rest, /<td class="number">14\.9%<\/td>.*<td>\[kernel: no symbols\]<\/td><td>kernel<\/td>/);
  assert.match(rest, /<th scope="row">span\.1\.engine<\/th><td>ctimer<\/td>/);
  assert.match(rest, /\\u003c\/script>\\u003cimg/);
});

test('pprof: the program is "File:", shares and metadata are printed by -top, tags by -tags', async (t) => {
  if (!hasTool(t, 'go', 'golang-go')) return;
  const file = fileOf(t, exported('pprof', syntheticRun()));
  const top = goPprof(file, '-top');
  assert.match(top, /^File: app$/m);
  assert.match(top, /^Type: cpu$/m);
  assert.match(top, /^engine=cpu\+ctimer$/m);
  assert.match(top, /^span\.1\.reason=perf_event_open: EACCES; it asked$/m);
  assert.match(top, / 25\.97% .* run$/m, 'forty of all 154 periods');
  // 100 and 47 + 7 of 154 periods.
  assert.match(goPprof(file, '-tags'), / engine: Total 1\.6s\n.*\(64\.94%\): cpu\n.*\(35\.06%\): ctimer\n/);
});

test('jfr: a chunk per engine span, under the names of async-profiler; kernel time is a Kernel frame', (t) => {
  if (!hasTool(t, 'jfr', 'openjdk-17-jdk-headless')) return;
  const spans = [...twoSpans, { ...userOnlySpan, startNs: 8e9, endNs: 9e9 }];
  const file = fileOf(t, exported('jfr', syntheticRun(everyKind, { spans })));
  assert.match(jfr(file, 'summary'), /^ Chunks: 3$/m);
  const names = ['engine', 'running', 'event', 'interval', 'alluser', 'kernelSymbols', 'kernelSymbolsState'];
  assert.deepEqual(
    jfrSettings(file).map((settings) => names.map((name) => settings.get(name))),
    [
      ['perf_events', 'cpu', 'cpu', String(periodNs), 'false', 'true', 'shown'],
      ['ctimer', 'ctimer', 'cpu', String(periodNs * 2), 'false', 'false', 'hidden'],
      ['perf_events', 'cpu-clock', 'cpu-clock', String(periodNs), 'true', 'false', 'shown'],
    ],
  );
  const samples = jfrSamples(file);
  const frames = samples.flatMap(({ stackTrace }) => stackTrace.frames);
  const typesOf = (name: string): Set<string> =>
    new Set(frames.filter(({ method }) => method.name === name).map(({ type }) => type));
  for (const name of ['[kernel: no symbols]', '[kernel: not sampled]', 'ksys_write']) {
    assert.deepEqual([...typesOf(name)], ['Kernel'], name);
  }
  assert.deepEqual([...typesOf('run')], ['Native']);
  assert.deepEqual([...typesOf('[jit: no symbols]')], ['JIT compiled']);
  const unsampled = samples.filter(({ stackTrace }) => stackTrace.frames[0]?.method.name.includes('sampled'));
  for (const { sampledThread, stackTrace } of unsampled) {
    assert.deepEqual([sampledThread.osName, sampledThread.osThreadId], ['[process]', 0]);
    assert.equal(stackTrace.frames.length, 1);
  }
  const read = frames.find(({ method }) => method.name === 'read');
  assert.equal(read?.method.type.name, 'libc.so.6');
  for (const { state } of samples) assert.equal(state, 'STATE_DEFAULT');
});

test('firefox: kernel time is of the category Kernel, engine spans are markers, metadata stand under meta.extra', () => {
  const run = syntheticRun();
  const { meta, threads, shared } = parseFirefox(exported('firefox', run));
  assert.equal(meta.preprocessedProfileVersion, 57);
  assert.equal(meta.startTime, Date.parse(run.recordedAt));
  const categories = new Map<string, Set<string | undefined>>();
  for (const { frameTable, funcTable } of threads) {
    columnOf<number>(frameTable, 'func').forEach((func, i) => {
      const name = shared.stringArray[columnOf<number>(funcTable, 'name')[func] ?? -1] ?? '?';
      const category = meta.categories[columnOf<number>(frameTable, 'category')[i] ?? -1]?.name;
      categories.set(name, (categories.get(name) ?? new Set()).add(category));
    });
  }
  const expected = [
    ...[['[kernel: no symbols]', 'Kernel'] as const, ['[kernel: not sampled]', 'Kernel'] as const],
    ...[['ksys_write', 'Kernel'] as const, ['run', 'User'] as const, ['[jit: no symbols]', 'JIT'] as const],
  ];
  for (const [name, category] of expected) assert.deepEqual([...(categories.get(name) ?? [])], [category]);
  const [first] = threads;
  assert(first !== undefined);
  assert.deepEqual(columnOf(first.markers, 'startTime'), [0, 5000]);
  assert.deepEqual(columnOf(first.markers, 'endTime'), [5000, 8000]);
  assert.deepEqual(columnOf(first.markers, 'phase'), [1, 1]);
  const engines = columnOf<{ type: string; engine: string }>(first.markers, 'data');
  assert.deepEqual(
    engines.map(({ type, engine }) => [type, engine]),
    [
      ['EngineSpan', 'cpu'],
      ['EngineSpan', 'ctimer'],
    ],
  );
  assert.deepEqual(
    meta.markerSchema.map(({ name }) => name),
    ['EngineSpan'],
  );
  const entries = new Map(meta.extra[0]?.entries.map(({ label, value }) => [label, value]));
  assert.equal(entries.get('engine'), 'cpu+ctimer');
  assert.equal(entries.get('span.1.reason'), 'perf_event_open: EACCES; it asked');
});

test('firefox: stacks lie in the time of the engine span that saw them', () => {
  const { threads } = parseFirefox(exported('firefox', syntheticRun()));
  const timesOf = (tid: number): readonly number[] => {
    const thread = threads.find((each) => each.tid === tid);
    assert(thread !== undefined);
    return columnOf<number>(thread.samples, 'time').slice(1);
  };
  // [main, run] under each engine; thread 101 was seen by the second one alone.
  assert.deepEqual(timesOf(101), [8000]);
  const times = timesOf(100);
  assert.equal(times.at(-2), 5000);
  assert.equal(times.at(-1), 8000);
});

for (const format of ['pprof', 'firefox'] as const) {
  test(`${format}: one gzip member, the same bytes each time`, () => {
    const bytes = exported(format, syntheticRun());
    assert.deepEqual(bytes, exported(format, syntheticRun()));
    // gunzip joins members, so the second header is looked for: a browser would refuse it.
    assert.equal(bytes.indexOf(Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3]), 1), -1);
    assert(gunzipSync(bytes).length > bytes.length);
  });
}

test('hostile names and marked labels: letter for letter where the format can hold them', (t) => {
  const run = syntheticRun();
  const labels = ['[kernel: no symbols]', '[kernel: not sampled]', '[not sampled]', '[jit: no symbols]'];
  const names = (stacks: ReadonlyMap<string, number>): Set<string> =>
    new Set([...stacks.keys()].flatMap((stack) => stack.split(stackSeparator)));
  const speedscope = names(speedscopeStacks(parseSpeedscope(exported('speedscope', run))));
  for (const name of [...hostileNames, ...labels]) assert(speedscope.has(name), name);
  const folded = parseFolded(exported('folded', run, true).toString('utf8')).stacks;
  const foldedNames = new Set(folded.flatMap(({ frames }) => frames));
  for (const label of labels) assert(foldedNames.has(label), label);
  if (!hasTool(t, 'go', 'golang-go')) return;
  const samples = pprofSamples(fileOf(t, exported('pprof', run)));
  const pprof = new Set(samples.flatMap(({ frames }) => frames));
  for (const name of [...hostileNames, ...labels]) assert(pprof.has(name), name);
});

test('metadata: folded, speedscope and pprof say the same, and what json says', async (t) => {
  const run = await realRun(t);
  const json = exportedJson(run);
  const folded = parseFolded(exported('folded', run).toString('utf8')).metadata;
  const speedscope = parseSpeedscope(exported('speedscope', run));
  assert.deepEqual(speedscope['x-prof-tui'], folded);
  const [span] = json.spans;
  assert(span !== undefined && json.spans.length === 1);
  for (const [key, value] of Object.entries(span)) {
    // Of a span alone, or summed by another clock reading for the whole.
    if (['number', 'startNs', 'endNs', 'cpuTimeNs'].includes(key)) continue;
    assert.deepEqual(folded[key], value, key);
  }
  assert.deepEqual(folded['spans'], [{ ...span, unit: 'cpu' }]);
  assert.equal(folded['tool'], `${json.tool.name} ${json.tool.version}`);
  assert.equal(folded['exe'], json.target.exe);
  assert.equal(folded['cpuTimeNs'], json.accounting.cpuTimeNs);
  assert.equal(folded['accounted'], json.accounting.accounted);
  const beganMs = Date.parse(String(folded['start']));
  assert(beganMs >= Date.parse(json.target.startedAt) && beganMs <= Date.now(), String(folded['start']));
  assert.equal(speedscope.exporter, folded['tool']);
  for (const { name } of speedscope.profiles) assert(name.endsWith(` ${span.engine}`), name);
  if (!hasTool(t, 'jfr', 'openjdk-17-jdk-headless')) return;
  const [settings] = jfrSettings(fileOf(t, exported('jfr', run)));
  for (const key of ['asked', 'planned', 'reason', 'kernelPart', 'samples', 'lost', 'accounted', 'start']) {
    assert.equal(settings?.get(key), String(folded[key]), key);
  }
  assert.equal(settings?.get('running'), span.engine);
  if (!hasTool(t, 'go', 'golang-go')) return;
  const comments = goPprof(fileOf(t, exported('pprof', run)), '-comments').split('\n');
  for (const key of ['engine', 'asked', 'planned', 'reason', 'kernelSymbols', 'kernel', 'periodNs']) {
    assert(comments.includes(`${key}=${folded[key]}`), key);
  }
});

test('speedscope: a profile for each thread under each engine, named by both, with what that engine saw', () => {
  const { profiles } = parseSpeedscope(exported('speedscope', syntheticRun()));
  assert.deepEqual(
    profiles.map(({ name, endValue }) => [name, Math.round(endValue / periodNs)]),
    [
      ...[['thread-103 [103] cpu', 59] as const, ['thread-100 [100] cpu', 41] as const],
      ...[['thread-101 [101] ctimer', 23] as const, ['thread-100 [100] ctimer', 10] as const],
      ...[['thread-102 [102] ctimer', 7] as const, ['thread-103 [103] ctimer', 7] as const],
      ['[process] [0] ctimer', 7],
    ],
  );
});

test('counting formats: a count is the smallest period of the spans', () => {
  const { metadata, stacks } = parseFolded(exported('folded', syntheticRun()).toString('utf8'));
  assert.equal(metadata['periodNs'], periodNs);
  assert.equal(stacks.find(({ frames }) => frames.join() === 'main,run')?.count, 40);
});
