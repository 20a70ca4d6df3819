/**
 * Firefox Profiler: its processed profile, version 57 (the reader upgrades), gzipped. One row per stack of a thread with
 * its weight in ms; times of single samples are not kept, so the rows of an engine span follow each other through it.
 * Facts: docs-developer/CHANGELOG-formats.md of firefox-devtools/profiler.
 */
import { StringTable, type Table, type ThreadTables, threadTables } from './firefox/thread-tables.ts';
import { gzip } from './gzip.ts';
import { jsonColumn } from './json-column.ts';
import { metaEntries, type ProfileMeta, profileMeta, type SpanMeta } from './meta.ts';
import { stacksInTime, type TimedStacks } from './span-stacks.ts';
import { processThread } from './stacks.ts';
import type { RunSummary } from './summary.ts';

/** The first grey one is the default; a category's first subcategory is its default. */
const categories = [
  { name: 'Other', color: 'grey', subcategories: ['Other'] },
  { name: 'User', color: 'yellow', subcategories: ['Other'] },
  { name: 'JIT', color: 'green', subcategories: ['Other'] },
  { name: 'Kernel', color: 'orange', subcategories: ['Other'] },
  { name: 'Runtime', color: 'blue', subcategories: ['Other'] },
] as const;

const spanFields = [
  'engine',
  'mechanism',
  'asked',
  'planned',
  'reason',
  'kernelPart',
  'kernelSymbols',
] as const;
const markerType = 'EngineSpan';

export function writeFirefox(run: RunSummary): Iterable<Uint8Array> {
  return gzip(json(run));
}

function* json(run: RunSummary): Generator<string> {
  const meta = profileMeta(run);
  const strings = new StringTable();
  yield `{"meta":${JSON.stringify(metaOf(run, meta))},"libs":[],"threads":[`;
  // A profile without a thread is refused.
  const none: TimedStacks = {
    ...{ thread: processThread, weightNs: 0, nodes: new Uint32Array(0) },
    ...{ weightsNs: new Float64Array(0), timesNs: new Float64Array(0) },
  };
  const threads = stacksInTime(run, meta);
  for (const [i, stacks] of (threads.length > 0 ? threads : [none]).entries()) {
    if (i > 0) yield ',';
    const tables = threadTables(run.profile.tree, stacks, strings);
    yield* threadPieces(run, stacks, tables, i === 0 ? meta.spans : [], strings);
  }
  // Behind the threads: which names occur is known only then.
  yield '],"shared":{"stringArray":[';
  yield* strings.pieces();
  yield ']}}\n';
}

function metaOf(run: RunSummary, meta: ProfileMeta): object {
  return {
    preprocessedProfileVersion: 57,
    // Of the raw profile that Firefox itself would have made.
    version: 31,
    product: run.target.name,
    importedFrom: meta.tool,
    startTime: Date.parse(meta.start),
    interval: meta.periodNs / 1e6,
    processType: 0,
    stackwalk: 1,
    symbolicated: true,
    platform: 'Linux',
    oscpu: `Linux ${meta.kernel} ${meta.arch}`,
    sampleUnits: { time: 'ms', eventDelay: 'ms', threadCPUDelta: 'µs' },
    categories,
    markerSchema: [
      {
        name: markerType,
        tooltipLabel: 'Engine {marker.data.engine}',
        tableLabel: '{marker.data.engine}: {marker.data.reason}',
        chartLabel: '{marker.data.engine}',
        display: ['marker-chart', 'marker-table', 'timeline-overview'],
        fields: spanFields.map((key) => ({ key, label: key, format: 'string' })),
      },
    ],
    extra: [
      {
        label: 'prof-tui',
        entries: metaEntries(meta).map(([label, value]) => ({ label, format: 'string', value })),
      },
    ],
  };
}

function* threadPieces(
  run: RunSummary,
  { thread }: TimedStacks,
  tables: ThreadTables,
  spans: readonly SpanMeta[],
  strings: StringTable,
): Generator<string> {
  const head = {
    processType: 'default',
    processName: run.target.name,
    processStartupTime: 0,
    processShutdownTime: null,
    registerTime: 0,
    unregisterTime: null,
    pausedRanges: [],
    name: thread.name,
    isMainThread: thread.tid === run.target.pid,
    pid: String(run.target.pid),
    tid: thread.tid,
    markers: markersOf(spans, strings),
    nativeSymbols: { length: 0, libIndex: [], address: [], name: [], functionSize: [] },
  };
  yield JSON.stringify(head).slice(0, -1);
  for (const [name, { length, columns, facts }] of Object.entries<Table>(tables)) {
    yield `,"${name}":${JSON.stringify({ length, ...facts }).slice(0, -1)}`;
    for (const [column, at] of Object.entries(columns)) {
      yield `,"${column}":[`;
      yield* jsonColumn(length, at);
      yield ']';
    }
    yield '}';
  }
  yield '}';
}

/** Engine spans as intervals (phase 1) on the time line. */
function markersOf(spans: readonly SpanMeta[], strings: StringTable): object {
  return {
    length: spans.length,
    name: spans.map(() => strings.indexOf('Engine')),
    startTime: spans.map((span) => span.startNs / 1e6),
    endTime: spans.map((span) => span.endNs / 1e6),
    phase: spans.map(() => 1),
    category: spans.map(() => 0),
    data: spans.map((span) => ({
      type: markerType,
      ...Object.fromEntries(spanFields.map((key) => [key, span[key]])),
    })),
  };
}
