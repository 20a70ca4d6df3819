/**
 * What other tools write, and what we write for them, read back: stacks, weights, threads and metadata; and bytes that
 * nobody should have written: a plain refusal or a part, never a crash.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gunzipSync, gzipSync } from 'node:zlib';
import { exported, exportedJson, treeStacks } from '../../../test/helpers/exported.ts';
import { syntheticRun } from '../../../test/helpers/synthetic-run.ts';
import type { RunSummary } from '../../export/summary.ts';
import { cleanText } from '../../profile/clean-text.ts';
import { importedSession } from '../../replay/imported-session.ts';
import { importProfile } from './import-profile.ts';
import { type Imported, NotImportable } from './imported.ts';

const stacksOf = (imported: Imported): ReadonlyMap<string, number> =>
  treeStacks(exportedJson(syntheticRun([], { profile: imported.profile })).tree);

const read = (text: string): Imported => importProfile(Buffer.from(text));

const joined = (stacks: ReadonlyMap<string, number>): Record<string, number> =>
  Object.fromEntries([...stacks].map(([stack, ns]) => [stack.replaceAll('\u0001', ' > '), ns]));

/** A run whose names are what an importer makes of them, and whose weights are whole. */
function cleanRun(): RunSummary {
  const run = syntheticRun();
  run.profile.setUnsampled('[not sampled]', 2e6);
  run.profile.setUnsampled('[kernel: not sampled]', 3e6);
  return run;
}

for (const format of ['speedscope', 'pprof'] as const) {
  test(`${format}: what we wrote comes back: every stack and weight, every thread, every span of an engine`, () => {
    const run = cleanRun();
    const imported = importProfile(exported(format, run));
    const written = [...treeStacks(exportedJson(run).tree)].map(([stack, ns]): [string, number] => [
      stack.split('\u0001').map(cleanText).join('\u0001'),
      ns,
    ]);
    assert.deepEqual(stacksOf(imported), new Map(written.sort(([a], [b]) => (a < b ? -1 : 1))));
    assert.deepEqual(
      new Set(imported.profile.threads.map(({ tid, name }) => `${name} ${tid}`)),
      new Set(run.profile.threads.map(({ tid, name }) => `${name} ${tid}`)),
    );
    const { status } = importedSession(imported, 'file', new Date(0).toISOString()).session;
    assert.deepEqual(
      status.spans.map(({ engine, mechanism, asked, reason, samples }) => [
        engine,
        mechanism,
        asked,
        reason,
        samples,
      ]),
      run.spans.map(({ engine, mechanism, asked, reason, samples }) => [
        engine,
        mechanism,
        asked,
        reason,
        samples,
      ]),
    );
    assert.deepEqual(
      [status.target.pid, status.target.exe, status.running, status.source],
      [run.target.pid, '/srv/app', 'ctimer', `imported from ${format}`],
    );
    assert.deepEqual(status.accounting.unsampledNs, 5e6);
  });
}

test('folded: what we wrote comes back, and is written again to the letter', () => {
  const text = exported('folded', cleanRun()).toString('utf8');
  const imported = read(text);
  const again = exported('folded', { ...cleanRun(), profile: imported.profile }).toString('utf8');
  const lines = (whole: string): string[] =>
    cleanText(whole.replaceAll('\n', '\r')).split('·').slice(1).sort();
  assert.deepEqual(lines(again), lines(text));
  assert.equal(importedSession(imported, 'x', new Date(0).toISOString()).session.status.running, 'ctimer');
});

test('folded of other tools: kinds by their suffix, no engine, counts said to be no time', () => {
  const imported = read('main;read;ksys_read_[k] 3\nmain;render_[j] 2\nmain;a b (c) 1\n\nnonsense\n');
  assert.deepEqual(joined(stacksOf(imported)), {
    'main > read > ksys_read': 3e6,
    'main > render': 2e6,
    'main > a b (c)': 1e6,
  });
  assert.equal(imported.damage, '1 lines are no stack and count');
  const { status } = importedSession(imported, 'x.folded', new Date(0).toISOString()).session;
  assert.deepEqual([status.running, status.spans.length, status.target.command], [undefined, 0, 'x.folded']);
  assert.deepEqual(
    status.warnings.map(({ code }) => code),
    ['import-damaged', 'imported'],
  );
  assert.match(status.source ?? '', /folded \(counts, each shown as 1 ms\)/);
});

test('perf script: commands with spaces, symbols with parentheses, hidden kernel symbols as one node', () => {
  const imported = read(
    [
      'Web Content 12/34 [001] 13973.548061:    2004008 cpu-clock:ppp: ',
      '\tffffffff81000001 [unknown] ([unknown])',
      '\tffffffff81000002 [unknown] ([kernel.kallsyms])',
      '\t          76f01b std::map<int>::find(int const&) const+0x1b (/usr/lib/lib (x).so)',
      '\t          192ec7 main+0x96 (/usr/bin/app)',
      '',
      'node  1850 13973.550074:          cpu-clock:ppp: ',
      '\t          192ec6 [unknown] (/tmp/perf-1850.map)',
      '',
    ].join('\n'),
  );
  assert.deepEqual(joined(stacksOf(imported)), {
    'main > std::map<int>::find(int const&) const > [kernel: no symbols]': 2_004_008,
    'perf-1850.map+0x192ec6': 1e6,
  });
  assert.deepEqual(imported.profile.threads, [
    { tid: 34, name: 'Web Content' },
    { tid: 1850, name: 'node' },
  ]);
});

test('perf script: periods of another event are weights, and said to be no time', () => {
  const imported = read('x  7 1.5:  900 cycles:u: \n\t 1 main+0x1 (/bin/x)\n\n');
  assert.deepEqual(joined(stacksOf(imported)), { main: 900 });
  assert.equal(imported.unitNote, 'periods of cycles, each shown as 1 ns');
});

test('.cpuprofile: a sample lasts until the next one', () => {
  const node = (id: number, functionName: string, url: string, children: number[]) => ({
    id,
    callFrame: { functionName, url, lineNumber: 1 },
    children,
  });
  const file = {
    nodes: [
      node(1, '(root)', '', [2, 3]),
      node(2, 'run', 'file:///srv/app.js', []),
      node(3, '(idle)', '', []),
    ],
    samples: [2, 3, 2],
    timeDeltas: [50, 100, 10],
  };
  assert.deepEqual(joined(stacksOf(read(JSON.stringify(file)))), { run: 100_000, '(idle)': 10_000 });
  const circle = { ...file, nodes: [node(1, 'a', '', [2]), node(2, 'b', '', [1])] };
  assert.throws(() => read(JSON.stringify(circle)), /in a circle/);
  assert.throws(() => read(JSON.stringify({ ...file, samples: [9] })), /a node that it does not have/);
});

test('speedscope, evented: what is open has the time between two events', () => {
  const events = [
    { type: 'O', frame: 0, at: 10 },
    { type: 'O', frame: 1, at: 13 },
    { type: 'C', frame: 1, at: 20 },
    { type: 'C', frame: 0, at: 21 },
  ];
  const file = {
    shared: { frames: [{ name: 'main' }, { name: 'work', file: '/a/b.py' }] },
    profiles: [{ type: 'evented', name: 'main', unit: 'milliseconds', startValue: 0, endValue: 21, events }],
  };
  assert.deepEqual(joined(stacksOf(read(JSON.stringify(file)))), { main: 4e6, 'main > work': 7e6 });
});

test('pprof without gzip, and cut gzip: what there is', () => {
  const zipped = exported('pprof', cleanRun());
  const plain = importProfile(gunzipSync(zipped));
  assert.deepEqual(stacksOf(plain), stacksOf(importProfile(zipped)));
  const cut = importProfile(zipped.subarray(0, zipped.length - 20));
  assert(cut.damage !== undefined);
});

const refused: Readonly<Record<string, readonly [Buffer | string, RegExp]>> = {
  'a text of no format': ['just some words\n', /no format/],
  'JSON of another kind': ['{"a":1}', /neither of speedscope/],
  'JSON that was cut': ['{"shared":{"frames":[', /no whole JSON/],
  'damaged gzip': [Buffer.from([0x1f, 0x8b, 8, 0, 1, 2, 3]), /damaged gzip/],
  'protobuf of another kind': [Buffer.from([0x0a, 0x00, 0x00]), /no pprof profile: a field without a number/],
};

for (const [name, [bytes, says]] of Object.entries(refused)) {
  test(`refused in one line: ${name}`, () => {
    assert.throws(
      () => importProfile(Buffer.from(bytes as Buffer)),
      (error: Error) =>
        error instanceof NotImportable && says.test(error.message) && !error.message.includes('\n'),
    );
  });
}

test('refused in one line: gzip that unpacks to more than a limit', () => {
  assert.throws(
    () => importProfile(gzipSync(Buffer.alloc(3 * 2 ** 20)), 2 ** 20),
    /unpacks to more than 1 MiB/,
  );
});
