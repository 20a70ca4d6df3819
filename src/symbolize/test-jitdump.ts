/** For the tests of this folder: jitdump files as their specification has them. No part of the profiler. */
import { monotonicMs } from './followed-file.ts';

const magic = 0x4a695444;

export interface HeaderRecipe {
  readonly pid: number;
  readonly version?: number;
  readonly machine?: number;
  readonly flags?: bigint;
}

export function jitdumpHeader({ pid, version = 1, machine = 62, flags = 0n }: HeaderRecipe): Buffer {
  const bytes = Buffer.alloc(40);
  for (const [i, word] of [magic, version, 40, machine, 0, pid].entries()) bytes.writeUInt32LE(word, i * 4);
  bytes.writeBigUInt64LE(nanoseconds(monotonicMs()), 24);
  bytes.writeBigUInt64LE(flags, 32);
  return bytes;
}

function nanoseconds(ms: number): bigint {
  return BigInt(Math.round(ms * 1e6));
}

export function jitdumpRecord(kind: number, body: Buffer, atMs = monotonicMs()): Buffer {
  const head = Buffer.alloc(16);
  head.writeUInt32LE(kind, 0);
  head.writeUInt32LE(16 + body.length, 4);
  head.writeBigUInt64LE(nanoseconds(atMs), 8);
  return Buffer.concat([head, body]);
}

export interface LoadRecipe {
  readonly pid: number;
  readonly address: number;
  readonly size: number;
  readonly name: string;
  readonly index?: number;
  readonly atMs?: number;
}

export function jitdumpLoad({ pid, address, size, name, index = 0, atMs }: LoadRecipe): Buffer {
  const fixed = Buffer.alloc(40);
  fixed.writeUInt32LE(pid, 0);
  fixed.writeUInt32LE(pid, 4);
  for (const [i, word] of [address, address, size, index].entries())
    fixed.writeBigUInt64LE(BigInt(word), 8 + i * 8);
  return jitdumpRecord(0, Buffer.concat([fixed, Buffer.from(`${name}\0`), Buffer.alloc(size, 0xc3)]), atMs);
}

export interface MoveRecipe {
  readonly pid: number;
  readonly from: number;
  readonly to: number;
  readonly size: number;
  readonly atMs?: number;
}

export function jitdumpMove({ pid, from, to, size, atMs }: MoveRecipe): Buffer {
  const body = Buffer.alloc(48);
  body.writeUInt32LE(pid, 0);
  body.writeUInt32LE(pid, 4);
  for (const [i, word] of [to, from, to, size, 0].entries()) body.writeBigUInt64LE(BigInt(word), 8 + i * 8);
  return jitdumpRecord(1, body, atMs);
}

/** @param lines address, line, file; '' stands for the file of the line before */
export function jitdumpDebug(
  address: number,
  lines: readonly (readonly [address: number, line: number, file: string])[],
): Buffer {
  const head = Buffer.alloc(16);
  head.writeBigUInt64LE(BigInt(address), 0);
  head.writeBigUInt64LE(BigInt(lines.length), 8);
  const entries = lines.map(([at, line, file]) => {
    const entry = Buffer.alloc(16);
    entry.writeBigUInt64LE(BigInt(at), 0);
    entry.writeUInt32LE(line, 8);
    const name = file === '' ? Buffer.from([0xff, 0]) : Buffer.from(`${file}\0`);
    return Buffer.concat([entry, name]);
  });
  return jitdumpRecord(2, Buffer.concat([head, ...entries]));
}
