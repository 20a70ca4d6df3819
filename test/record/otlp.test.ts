/** OTLP profiles: what protoc reads with the protocol's own messages is what the profile holds. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { RunSummary } from '../../src/export/summary.ts';
import { exported, stackSeparator, totalOf } from '../helpers/exported.ts';
import { decodeOtlp, type Message, type OtlpData, otlpStacks } from '../helpers/otlp.ts';
import { everyKind, hostileNames, syntheticRun, twoSpans, userOnlySpan } from '../helpers/synthetic-run.ts';
import { periodNs } from '../helpers/synthetic-session.ts';
import { hasTool } from '../helpers/tools.ts';

function decoded(t: TestContext, run: RunSummary): OtlpData | undefined {
  return hasTool(t, 'protoc', 'protobuf-compiler') ? decodeOtlp(exported('otlp', run)) : undefined;
}

test('otlp: a profile per engine span, with its own stacks, threads and keys', (t) => {
  const run = syntheticRun();
  const data = decoded(t, run);
  if (data === undefined) return;
  const { profiles } = data;
  const words = ['engine', 'asked', 'planned', 'reason', 'mechanism', 'kernelPart', 'kernelSymbols', 'unit'];
  for (const [i, span] of twoSpans.entries()) {
    const { attributes, sampleType } = profiles[i] ?? assert.fail();
    assert.equal(sampleType, 'cpu nanoseconds');
    for (const key of [...words, 'periodNs', 'weightNs', 'lost', 'startNs']) {
      assert.equal(attributes.get(key), span[key as keyof typeof span], key);
    }
    const own = everyKind.filter((line) => (line.span ?? 0) === i);
    const seen = profiles[i]?.samples.filter(({ attributes: thread }) => thread.has('thread.id')) ?? [];
    const ofThread = (tid: number) =>
      seen
        .filter((sample) => sample.attributes.get('thread.id') === tid)
        .reduce((sum, { weightNs }) => sum + weightNs, 0);
    for (const tid of [100, 101, 102, 103]) {
      const expected = own.filter((line) => (line.tid ?? 100) === tid);
      const ns = expected.reduce((sum, { samples }) => sum + samples * periodNs, 0);
      assert.equal(ofThread(tid), ns, `thread ${tid} in span ${i}`);
    }
    assert(
      seen.every(
        ({ attributes: thread }) => thread.get('thread.name') === `thread-${thread.get('thread.id')}`,
      ),
    );
  }
  assert.equal(totalOf(otlpStacks(profiles)), Math.round(run.profile.tree.totalNs(0)));
});

test('otlp: names letter for letter, marked labels with their weight, kernel frames marked so', (t) => {
  const data = decoded(t, syntheticRun());
  if (data === undefined) return;
  const stacks = otlpStacks(data.profiles);
  const names = new Set([...stacks.keys()].flatMap((stack) => stack.split(stackSeparator)));
  for (const name of hostileNames) assert(names.has(name), name.slice(0, 100));
  const weightOf = (name: string): number =>
    [...stacks].filter(([stack]) => stack.endsWith(name)).reduce((sum, [, ns]) => sum + ns, 0);
  assert.equal(weightOf('[kernel: no symbols]'), 23 * periodNs);
  assert.equal(weightOf('[jit: no symbols]'), 7 * periodNs);
  assert.equal(weightOf('[kernel: not sampled]'), 5 * periodNs);
  assert.equal(weightOf(`${stackSeparator}ext4_write`), 11 * periodNs);
  assert.match(data.text, /string_table: "profile.frame.type"/);
});

test('otlp: kernel time that was left out belongs to the span that left it out', (t) => {
  const span = { ...userOnlySpan, weightNs: 0, startNs: 8e9, endNs: 9e9 };
  const data = decoded(t, syntheticRun(everyKind, { spans: [...twoSpans, span] }));
  if (data === undefined) return;
  const names = data.profiles.map(({ samples }) => new Set(samples.flatMap(({ frames }) => frames)));
  assert.deepEqual(
    names.map((each) => each.has('[kernel: not sampled]')),
    [false, false, true],
  );
  assert.deepEqual(
    names.map((each) => each.has('[not sampled]')),
    [false, true, false],
  );
});

test('otlp: the resource is the target, the scope is prof-tui, row 0 of each table is empty', (t) => {
  const data = decoded(t, syntheticRun());
  if (data === undefined) return;
  const { resource, dictionary } = data;
  assert.equal(resource.get('service.name'), 'node');
  assert.equal(resource.get('process.executable.path'), '/srv/app');
  assert.equal(resource.get('process.pid'), 4242);
  assert.equal(data.scope, 'prof-tui 0.0.0');
  for (const [table, rows] of Object.entries(dictionary)) {
    assert.deepEqual(rows[0], table === 'string_table' ? '' : ({} satisfies Message), table);
  }
  assert.deepEqual(Object.keys(dictionary).sort(), [
    ...['attribute_table', 'function_table', 'link_table', 'location_table', 'mapping_table'],
    ...['stack_table', 'string_table'],
  ]);
});

test('otlp: nothing captured is a message, too', (t) => {
  const none = syntheticRun([], { spans: [], warnings: [] });
  const data = decoded(t, none);
  assert.equal(data?.profiles.length ?? 1, 1);
  assert.equal(data?.profiles[0]?.samples.length ?? 0, 0);
});
