/**
 * What a jitdump file consists of (linux/tools/perf/Documentation/jitdump-specification.txt, version 1): a header and
 * records, each with its size. Pure; the bytes are the target's and may be anything. Followed by jitdump-file.ts.
 */
import { maxUserAddress } from './perf-map.ts';

export const recordKinds = { load: 0, move: 1, debugInfo: 2, close: 3, unwindingInfo: 4 } as const;
/** Kinds beyond the ones of version 1 are stepped over; a number larger than this is none. */
export const maxRecordKind = 255;

/** The header may grow; it says its size. */
export const minHeaderBytes = 40;
const maxHeaderBytes = 4096;
export const recordHeaderBytes = 16;
const loadBytes = 56;
const moveBytes = 64;
const debugInfoBytes = 32;
/** All that is read of a record but its name. */
export const maxFixedBytes = moveBytes;

/** As the file says it, in this machine's byte order: `DTiJ` of a little-endian one. */
const magic = 0x4a695444;
const swappedMagic = 0x4454694a;
const version = 1;
/** elf(5), e_machine. */
const machineX86 = 62;
/** Times are the CPU's own counter then, which no sample has. */
const flagArchTimestamp = 1n;

export interface JitdumpHeader {
  readonly totalBytes: number;
  readonly pid: number;
  /** Times of records are CLOCK_MONOTONIC. */
  readonly hasTimes: boolean;
}

/** @returns why it cannot be read; undefined while it is too short to tell */
export function parseHeader(bytes: Buffer): JitdumpHeader | { readonly refused: string } | undefined {
  if (bytes.length < minHeaderBytes) return undefined;
  const found = bytes.readUInt32LE(0);
  if (found === swappedMagic) return { refused: 'written by a machine of the other byte order' };
  if (found !== magic) return { refused: 'no jitdump' };
  if (bytes.readUInt32LE(4) !== version)
    return { refused: `version ${bytes.readUInt32LE(4)}, not ${version}` };
  const totalBytes = bytes.readUInt32LE(8);
  if (totalBytes < minHeaderBytes || totalBytes > maxHeaderBytes)
    return { refused: `a header of ${totalBytes} bytes` };
  const machine = bytes.readUInt32LE(12);
  if (machine !== machineX86) return { refused: `code of another machine (${machine})` };
  const hasTimes = (bytes.readBigUInt64LE(32) & flagArchTimestamp) === 0n;
  return { totalBytes, pid: bytes.readUInt32LE(20), hasTimes };
}

export interface RecordHeader {
  readonly kind: number;
  readonly totalBytes: number;
  readonly timeMs: number;
}

/** @returns undefined for what is no record: what follows cannot be found */
export function parseRecordHeader(bytes: Buffer, at: number): RecordHeader | undefined {
  const kind = bytes.readUInt32LE(at);
  const totalBytes = bytes.readUInt32LE(at + 4);
  if (kind > maxRecordKind || totalBytes < recordHeaderBytes) return undefined;
  return { kind, totalBytes, timeMs: Number(bytes.readBigUInt64LE(at + 8)) / 1e6 };
}

export interface LoadedCode {
  readonly pid: number;
  readonly start: number;
  readonly end: number;
}

/** @returns undefined when it is damaged */
export function parseLoad(bytes: Buffer, at: number, totalBytes: number): LoadedCode | undefined {
  if (totalBytes <= loadBytes || bytes.length - at < loadBytes) return undefined;
  const code = codeRange(bytes.readBigUInt64LE(at + 32), bytes.readBigUInt64LE(at + 40));
  return code && { pid: bytes.readUInt32LE(at + 16), ...code };
}

export interface MovedCode extends LoadedCode {
  readonly from: number;
}

/** @returns undefined when it is damaged */
export function parseMove(bytes: Buffer, at: number, totalBytes: number): MovedCode | undefined {
  if (totalBytes < moveBytes || bytes.length - at < moveBytes) return undefined;
  const size = bytes.readBigUInt64LE(at + 48);
  const from = codeRange(bytes.readBigUInt64LE(at + 32), size);
  const to = codeRange(bytes.readBigUInt64LE(at + 40), size);
  return from && to && { pid: bytes.readUInt32LE(at + 16), from: from.start, ...to };
}

function codeRange(start: bigint, size: bigint): { start: number; end: number } | undefined {
  const end = start + size;
  return size > 0n && end <= BigInt(maxUserAddress) ? { start: Number(start), end: Number(end) } : undefined;
}

/** Of a record of debug information: which code it is of. */
export function parseDebugCode(bytes: Buffer, at: number, totalBytes: number): number | undefined {
  if (totalBytes < debugInfoBytes || bytes.length - at < debugInfoBytes) return undefined;
  const address = bytes.readBigUInt64LE(at + 16);
  return address < BigInt(maxUserAddress) ? Number(address) : undefined;
}

/** @param record from its first byte on, as much of it as a name may need */
export function parseLoadName(record: Buffer): string | undefined {
  const end = record.indexOf(0, loadBytes);
  return end <= loadBytes ? undefined : record.toString('utf8', loadBytes, end);
}

export interface CodeLine {
  readonly address: number;
  readonly file: string;
  readonly line: number;
}

/** Stands for the file of the entry before. */
const sameFile = 0xff;
const entryBytes = 16;
/** The BEAM describes what stands before a function's first instruction too. */
const mostAhead = 256;
/** Node.js 20 has the names of its files after they were freed. */
const unprintable = /[\u0000-\u001f\u007f\ufffd]/;

/**
 * @param record the whole of it
 * @param start of the code; entries that lie elsewhere make all of them doubtful
 * @returns in the order of addresses; undefined when it is damaged
 */
export function parseLines(record: Buffer, start: number, end: number): readonly CodeLine[] | undefined {
  const entries = Number(record.readBigUInt64LE(24));
  if (entries > (record.length - debugInfoBytes) / (entryBytes + 1)) return undefined;
  const lines: CodeLine[] = [];
  let at = debugInfoBytes;
  let file: string | undefined;
  for (let entry = 0; entry < entries; entry++) {
    const nameAt = at + entryBytes;
    const nameEnd = record.indexOf(0, nameAt);
    if (nameEnd < nameAt) return undefined;
    const address = Number(record.readBigUInt64LE(at));
    if (address < start - mostAhead || address > end) return undefined;
    if (!(nameEnd === nameAt + 1 && record[nameAt] === sameFile))
      file = record.toString('utf8', nameAt, nameEnd);
    if (file === undefined || unprintable.test(file)) return undefined;
    lines.push({ address, file, line: record.readUInt32LE(at + 8) });
    at = nameEnd + 1;
  }
  return lines.sort((a, b) => a.address - b.address);
}
