/**
 * The xz container round LZMA2 blocks, as far as `.gnu_debugdata` needs it: one filter, no check sums (what comes out
 * is an ELF file that is checked as any other). Synchronous; the npm packages for xz are streams.
 */
import { decodeLzma2 } from './lzma2.ts';

const magic = Buffer.from([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00]);
const streamHeaderBytes = 12;
const lzma2Filter = 0x21;

interface Cursor {
  at: number;
}

/** Seven bits per byte, low first; -1 when it is no such number. */
function variableInteger(bytes: Buffer, cursor: Cursor): number {
  let value = 0;
  for (let shift = 0; shift < 7; shift++) {
    const byte = bytes[cursor.at++] ?? 0;
    value += (byte & 0x7f) * 2 ** (shift * 7);
    if (byte < 0x80) return value;
  }
  return -1;
}

/** @returns where the block's data begins; `undefined` when other filters than LZMA2 are used. */
function blockDataStart(bytes: Buffer, headerAt: number): number | undefined {
  const headerBytes = ((bytes[headerAt] ?? 0) + 1) * 4;
  const flags = bytes[headerAt + 1] ?? 0;
  const cursor = { at: headerAt + 2 };
  if ((flags & 0x40) !== 0) variableInteger(bytes, cursor);
  if ((flags & 0x80) !== 0) variableInteger(bytes, cursor);
  const isPlain = (flags & 3) === 0 && variableInteger(bytes, cursor) === lzma2Filter;
  return isPlain ? headerAt + headerBytes : undefined;
}

/** Bytes of the check behind each block, by its type (xz-file-format.txt, 2.1.1.2). */
function checkBytes(type: number): number {
  return type === 0 ? 0 : 4 * 2 ** Math.floor((type - 1) / 3);
}

/**
 * Unpacks the first stream of an xz file.
 * @returns `undefined` when it is damaged, uses other filters, or holds more than `maxBytes`
 */
export function unpackXz(bytes: Buffer, maxBytes: number): Buffer | undefined {
  if (!bytes.subarray(0, magic.length).equals(magic)) return undefined;
  const check = checkBytes((bytes[7] ?? 0) & 15);
  const blocks: Buffer[] = [];
  let total = 0;
  // A block header begins with its size, the index with 0.
  for (let at = streamHeaderBytes; (bytes[at] ?? 0) !== 0; ) {
    const start = blockDataStart(bytes, at);
    const block = start === undefined ? undefined : decodeLzma2(bytes, start, maxBytes - total);
    if (block === undefined) return undefined;
    blocks.push(block.output);
    total += block.output.length;
    at += Math.ceil((block.end - at) / 4) * 4 + check;
  }
  return Buffer.concat(blocks);
}
