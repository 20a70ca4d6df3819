/**
 * Rows of the tables and samples as the payload of a block and back. Ids are those of the session that recorded; a row
 * names only ids defined before it, and the way back checks that, so that no file can make a cycle or a hole.
 */
import { ByteReader, Malformed } from '../encoding/byte-reader.ts';
import { ByteWriter } from '../encoding/byte-writer.ts';
import type { NewFrames, NewStacks, SampleColumns } from '../profile/batch.ts';
import { frameKinds } from '../profile/frames.ts';

export const recordedUnits = ['cpu', 'wall'] as const;
export type RecordedUnit = (typeof recordedUnits)[number];

/** Rows of one engine span. */
export interface SpanSamples {
  readonly unit: RecordedUnit;
  readonly span: number;
  readonly rows: SampleColumns;
}

const addressBytes = 8;
const noModule = 0xffffffff;
/** Times are kept in µs: a sample is not taken more exactly. */
const timeStepNs = 1000;
/** Later than any recording: buckets of the history are 32-bit. */
const latestNs = 2 ** 52;
// Twice those of native/table: more is no file of ours.
const mostFrames = 2 ** 21;
const mostStacks = 2 ** 22;
export const mostThreads = 2 ** 20;

export function encodeFrames(first: number, { kind, module, address, functionStart }: NewFrames): Uint8Array {
  const out = new ByteWriter();
  out.varint(first);
  out.varint(kind.length);
  out.bytes(kind);
  for (const id of module) out.varint(id === noModule ? 0 : id + 1);
  for (const column of [address, functionStart]) {
    out.bytes(new Uint8Array(column.buffer, column.byteOffset, column.byteLength));
  }
  return out.take();
}

/** @param known how many frames there are before these */
export function decodeFrames(payload: Buffer, known: number): NewFrames {
  const from = new ByteReader(payload);
  const rows = rowsAfter(from, known, mostFrames, 2 + 2 * addressBytes);
  const kind = Uint8Array.from(from.bytes(rows));
  if (kind.some((each) => each >= frameKinds.length)) throw new Malformed('a frame of unknown kind');
  const module = Uint32Array.from({ length: rows }, () => {
    const plusOne = from.varint();
    return plusOne === 0 ? noModule : plusOne - 1;
  });
  const column = (): BigUint64Array => {
    const bytes = from.bytes(rows * addressBytes);
    return BigUint64Array.from({ length: rows }, (_, i) => bytes.readBigUInt64LE(i * addressBytes));
  };
  return { kind, module, address: column(), functionStart: column() };
}

export function encodeStacks(first: number, { parent, frame }: NewStacks): Uint8Array {
  const out = new ByteWriter();
  out.varint(first);
  out.varint(parent.length);
  // Mostly a stack of just before: a small step back.
  for (let i = 0; i < parent.length; i++) out.varint(first + i - (parent[i] as number));
  for (const id of frame) out.varint(id);
  return out.take();
}

export function decodeStacks(payload: Buffer, known: number, frames: number): NewStacks {
  const from = new ByteReader(payload);
  const rows = rowsAfter(from, known, mostStacks, 2);
  const parent = Uint32Array.from({ length: rows }, (_, i) => {
    const step = from.varint();
    if (step < 1 || step > known + i) throw new Malformed('a stack on one that comes later');
    return known + i - step;
  });
  const frame = Uint32Array.from({ length: rows }, () => idBelow(from, frames));
  return { parent, frame };
}

export function encodeSamples({ unit, span, rows }: SpanSamples): Uint8Array {
  const out = new ByteWriter();
  out.varint(recordedUnits.indexOf(unit));
  out.varint(span);
  out.varint(rows.stack.length);
  writeSteps(out, rows.timeNs, (timeNs) => Math.round(timeNs / timeStepNs));
  writeSteps(out, rows.weightNs, Math.round);
  for (const column of [rows.thread, rows.stack, rows.samples]) for (const value of column) out.varint(value);
  return out.take();
}

export function decodeSamples(
  payload: Buffer,
  stacks: number,
  hasThread: (index: number) => boolean,
): SpanSamples {
  const from = new ByteReader(payload);
  const unit = recordedUnits[from.varint()];
  if (unit === undefined) throw new Malformed('samples of an unknown unit');
  const span = from.varint();
  const rows = from.count(5);
  const timeNs = readSteps(from, rows, latestNs / timeStepNs).map((time) => time * timeStepNs);
  const weightNs = readSteps(from, rows, latestNs);
  const thread = Uint32Array.from({ length: rows }, () => {
    const index = from.varint();
    if (!hasThread(index)) throw new Malformed('a sample of an unknown thread');
    return index;
  });
  const stack = Uint32Array.from({ length: rows }, () => idBelow(from, stacks));
  const samples = Uint32Array.from({ length: rows }, () => idBelow(from, 2 ** 32));
  return { unit, span, rows: { timeNs, weightNs, thread, stack, samples } };
}

/** How many rows a table block brings; it must go on where the table ends. */
function rowsAfter(from: ByteReader, known: number, most: number, leastBytes: number): number {
  if (from.varint() !== known) throw new Malformed('a table goes on at another row');
  const rows = from.count(leastBytes);
  if (known + rows > most) throw new Malformed('a table is too large');
  return rows;
}

function idBelow(from: ByteReader, limit: number): number {
  const id = from.varint();
  if (id >= limit) throw new Malformed('an id that is not defined before');
  return id;
}

/** Neighbours differ little, in either direction. */
function writeSteps(out: ByteWriter, column: Float64Array, whole: (value: number) => number): void {
  let before = 0;
  for (const value of column) {
    const now = whole(value);
    const step = now - before;
    out.varint(step < 0 ? -2 * step - 1 : 2 * step);
    before = now;
  }
}

function readSteps(from: ByteReader, rows: number, most: number): Float64Array {
  let value = 0;
  return Float64Array.from({ length: rows }, () => {
    const coded = from.varint();
    value += coded % 2 === 1 ? -(coded + 1) / 2 : coded / 2;
    if (value < 0 || value > most) throw new Malformed('a time or weight out of range');
    return value;
  });
}
