/**
 * JDK Flight Recorder: one chunk per engine span, each with its settings. `jdk.ExecutionSample` has no weight, so a stack
 * of a thread is written as many times as its weight has periods; times of single samples are not kept, so each stack
 * is spread evenly over the span. Types and traps: jfr/metadata.ts, docs/formats.md.
 */
import { ByteWriter } from './byte-writer.ts';
import { roundToCounts } from './folded.ts';
import { ConstantPools, defaultState } from './jfr/constant-pools.ts';
import { metadataEvent, typeIds, writeNullString, writeString } from './jfr/metadata.ts';
import { settingsOf } from './jfr/settings.ts';
import { type ProfileMeta, profileMeta, type SpanMeta } from './meta.ts';
import { stacksByThread } from './stacks.ts';
import type { RunSummary } from './summary.ts';

const headerBytes = 68;
const flushBytes = 64 * 1024;
// Sizes are written before what they measure, with as many bytes whatever they are.
const sizeBytes = 5;

/** A stack of a thread in one chunk: keys of its constants, and how often it stands there. */
interface EventRow {
  readonly thread: number;
  readonly stack: number;
  readonly count: number;
}

export function* writeJfr(run: RunSummary): Generator<Uint8Array> {
  const meta = profileMeta(run);
  const spans = meta.spans.length > 0 ? meta.spans : [wholeRun(meta)];
  const weightNs = spans.reduce((sum, span) => sum + span.weightNs, 0);
  for (const [i, span] of spans.entries()) {
    // Which span a sample came from is not kept: each stack has part in a span as the span has in the whole.
    const isLast = i === spans.length - 1;
    const share = weightNs > 0 ? span.weightNs / weightNs : Number(isLast);
    yield* chunk(run, meta, span, share);
  }
}

/** A run that ended before it had a span. */
function wholeRun(meta: ProfileMeta): SpanMeta {
  return { ...meta, startNs: 0, endNs: meta.durationNs };
}

function* chunk(run: RunSummary, meta: ProfileMeta, span: SpanMeta, share: number): Generator<Uint8Array> {
  const pools = new ConstantPools(run.profile.tree);
  const rows = eventRows(run, span, share, pools);
  const [startTicks, durationNs] = [Math.round(span.startNs), Math.round(span.endNs - span.startNs)];
  const metadata = sized([metadataEvent(startTicks)]);
  const settings = settingEvents(meta, span, startTicks);
  const order = spreadOrder(rows);
  const samples = (): Generator<Uint8Array> => sampleEvents(rows, order, startTicks, durationNs);
  const checkpoint = sized([...pools.checkpoint(startTicks)]);
  // The header holds sizes, and what is streamed cannot be patched: samples are made twice, once to be measured.
  let sampleBytes = 0;
  for (const piece of samples()) sampleBytes += piece.length;
  const checkpointAt = headerBytes + metadata.length + settings.length + sampleBytes;
  yield header({
    size: checkpointAt + checkpoint.length,
    checkpointAt,
    startNs: BigInt(Date.parse(meta.start)) * 1_000_000n + BigInt(startTicks),
    durationNs,
    startTicks,
  });
  yield metadata;
  yield settings;
  yield* samples();
  yield checkpoint;
}

function header(of: {
  readonly size: number;
  readonly checkpointAt: number;
  readonly startNs: bigint;
  readonly durationNs: number;
  readonly startTicks: number;
}): Uint8Array {
  const bytes = Buffer.alloc(headerBytes);
  bytes.write('FLR\0', 0, 'latin1');
  // Version 2.0.
  bytes.writeUInt16BE(2, 4);
  const words = [
    BigInt(of.size),
    BigInt(of.checkpointAt),
    BigInt(headerBytes),
    of.startNs,
    BigInt(of.durationNs),
    BigInt(of.startTicks),
    // Ticks per second: a tick is a ns.
    1_000_000_000n,
  ];
  for (const [i, word] of words.entries()) bytes.writeBigInt64BE(word, 8 + i * 8);
  // Features: integers are compressed.
  bytes.writeUInt32BE(1, 64);
  return bytes;
}

/** An event with its size, which counts itself. */
function sized(pieces: readonly Uint8Array[]): Uint8Array {
  const size = pieces.reduce((sum, piece) => sum + piece.length, sizeBytes);
  const prefix = new Uint8Array(sizeBytes);
  for (let i = 0; i < sizeBytes; i++) {
    const more = i < sizeBytes - 1 ? 0x80 : 0;
    prefix[i] = (Math.floor(size / 128 ** i) % 128) | more;
  }
  return Buffer.concat([prefix, ...pieces]);
}

/** Counts by largest remainder over all rows, so that their sum is that of the span. */
function eventRows(run: RunSummary, span: SpanMeta, share: number, pools: ConstantPools): EventRow[] {
  const rows = stacksByThread(run.profile).flatMap(({ thread, rows }) =>
    rows.map(({ node, weightNs }) => ({ thread, node, weightNs })),
  );
  const counts = roundToCounts(
    rows.map((row) => row.weightNs * share),
    span.periodNs,
  );
  return rows.flatMap(({ thread, node }, i) => {
    const count = counts[i] as number;
    return count > 0 ? [{ thread: pools.thread(thread), stack: pools.stack(node), count }] : [];
  });
}

// Slots of time to sort by; slot and row together stay an exact integer.
const slots = 2 ** 20;
const rowLimit = 2 ** 32;
// Multiples of the golden ratio lie evenly in 0..1 however many there are.
const goldenRatio = 0.618033988749895;

/** Rows by event in order of time: each row's events lie evenly in the span, and rows do not begin together. */
function spreadOrder(rows: readonly EventRow[]): Float64Array {
  const total = rows.reduce((sum, { count }) => sum + count, 0);
  const keys = new Float64Array(total);
  let at = 0;
  for (const [row, { count }] of rows.entries()) {
    const phase = (row * goldenRatio) % 1;
    for (let i = 0; i < count; i++) keys[at++] = Math.floor(((i + phase) / count) * slots) * rowLimit + row;
  }
  return keys.sort().map((key) => key % rowLimit);
}

function* sampleEvents(
  rows: readonly EventRow[],
  order: Float64Array,
  startTicks: number,
  durationNs: number,
): Generator<Uint8Array> {
  const out = new ByteWriter();
  const event = new ByteWriter();
  for (let i = 0; i < order.length; i++) {
    const { thread, stack } = rows[order[i] as number] as EventRow;
    event.clear();
    event.varint(typeIds['jdk.ExecutionSample']);
    event.varint(startTicks + Math.floor(((i + 0.5) / order.length) * durationNs));
    event.varint(thread);
    event.varint(stack);
    event.byte(defaultState);
    // Far below 128 bytes: one byte of size, which counts itself.
    out.byte(event.length + 1);
    out.bytes(event.view());
    if (out.length >= flushBytes) yield out.take();
  }
  yield out.take();
}

function settingEvents(meta: ProfileMeta, span: SpanMeta, startTicks: number): Uint8Array {
  const recording = new ByteWriter();
  for (const value of [typeIds['jdk.ActiveRecording'], startTicks, 1]) recording.varint(value);
  writeString(recording, meta.tool);
  writeNullString(recording);
  recording.varint(Date.parse(meta.start));
  const settings = settingsOf(meta, span).map(({ id, name, value }) => {
    const out = new ByteWriter();
    for (const number of [typeIds['jdk.ActiveSetting'], startTicks, id]) out.varint(number);
    writeString(out, name);
    writeString(out, value);
    return sized([out.take()]);
  });
  return Buffer.concat([sized([recording.take()]), ...settings]);
}
