/**
 * JDK Flight Recorder: one chunk per engine span, each with its settings. `jdk.ExecutionSample` has no weight, so a stack
 * of a thread is written as many times as its weight has periods; times of single samples are not kept, so each stack
 * is spread evenly over the span. Types and traps: jfr/metadata.ts, docs/formats.md.
 */
import { ByteWriter } from '../encoding/byte-writer.ts';
import { ConstantPools, defaultState } from './jfr/constant-pools.ts';
import { metadataEvent, typeIds, writeNullString, writeString } from './jfr/metadata.ts';
import { settingsOf } from './jfr/settings.ts';
import { type ProfileMeta, profileMeta, type SpanMeta } from './meta.ts';
import { spanStacks } from './span-stacks.ts';
import type { ThreadStacks } from './stacks.ts';
import type { RunSummary } from './summary.ts';
import { roundToCounts } from './whole-counts.ts';

const headerBytes = 68;
const flushBytes = 64 * 1024;
// Sizes are written before what they measure, with as many bytes whatever they are.
const sizeBytes = 5;

/** Stacks of threads in one chunk, in columns: keys of their constants, and how often each stands there. */
interface EventRows {
  readonly threads: Uint32Array;
  readonly stacks: Uint32Array;
  readonly counts: Float64Array;
}

export function* writeJfr(run: RunSummary): Generator<Uint8Array> {
  const meta = profileMeta(run);
  const pools = new ConstantPools(run.profile.tree);
  for (const { span, threads } of spanStacks(run, meta)) {
    yield* chunk(meta, span, threads, pools);
    pools.nextChunk();
  }
}

function* chunk(
  meta: ProfileMeta,
  span: SpanMeta,
  groups: readonly ThreadStacks[],
  pools: ConstantPools,
): Generator<Uint8Array> {
  const rows = eventRows(groups, span.periodNs, pools);
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
function eventRows(groups: readonly ThreadStacks[], periodNs: number, pools: ConstantPools): EventRows {
  const length = groups.reduce((sum, { nodes }) => sum + nodes.length, 0);
  const weightsNs = new Float64Array(length);
  let first = 0;
  for (const group of groups) {
    weightsNs.set(group.weightsNs, first);
    first += group.nodes.length;
  }
  const counts = roundToCounts(weightsNs, periodNs);
  const [threads, stacks] = [new Uint32Array(length), new Uint32Array(length)];
  let row = 0;
  for (const { thread, nodes } of groups) {
    for (const node of nodes) {
      // Constants that no event holds are left out.
      if (counts[row] !== 0) {
        threads[row] = pools.thread(thread);
        stacks[row] = pools.stack(node);
      }
      row++;
    }
  }
  return { threads, stacks, counts };
}

// Slots of time to sort by; slot and row together stay an exact integer.
const slots = 2 ** 20;
const rowLimit = 2 ** 32;
// Multiples of the golden ratio lie evenly in 0..1 however many there are.
const goldenRatio = 0.618033988749895;

/** Rows by event in order of time: each row's events lie evenly in the span, and rows do not begin together. */
function spreadOrder({ counts }: EventRows): Float64Array {
  const keys = new Float64Array(counts.reduce((sum, count) => sum + count, 0));
  let at = 0;
  for (const [row, count] of counts.entries()) {
    const phase = (row * goldenRatio) % 1;
    for (let i = 0; i < count; i++) keys[at++] = Math.floor(((i + phase) / count) * slots) * rowLimit + row;
  }
  keys.sort();
  for (let i = 0; i < keys.length; i++) keys[i] = (keys[i] as number) % rowLimit;
  return keys;
}

function* sampleEvents(
  { threads, stacks }: EventRows,
  order: Float64Array,
  startTicks: number,
  durationNs: number,
): Generator<Uint8Array> {
  const out = new ByteWriter();
  for (let i = 0; i < order.length; i++) {
    const row = order[i] as number;
    const sizeAt = out.length;
    out.byte(0);
    out.varint(typeIds['jdk.ExecutionSample']);
    out.varint(startTicks + Math.floor(((i + 0.5) / order.length) * durationNs));
    out.varint(threads[row] as number);
    out.varint(stacks[row] as number);
    out.byte(defaultState);
    // Far below 128 bytes: one byte of size, which counts itself.
    out.setByte(sizeAt, out.length - sizeAt);
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
