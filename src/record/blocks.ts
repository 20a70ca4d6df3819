/**
 * The file as blocks: each has a tag, its length and a checksum, so that a file which was cut or damaged can be read up
 * to the last whole block. Blocks are only ever appended. Layout: docs/formats.md, "proftui".
 */
import { constants, crc32, deflateRawSync, inflateRawSync } from 'node:zlib';

export const magic = Buffer.from('PROFTUI\0', 'latin1');
/** A higher major is refused; of a higher minor unknown blocks are skipped. */
export const version = { major: 1, minor: 0 } as const;
export const fileHeadBytes = 12;

const blockHeadBytes = 16;
/** Smaller payloads are not worth it. */
const leastDeflated = 512;
/** No writer makes larger ones; a reader sets no more aside for one block. */
const mostPayloadBytes = 16 * 2 ** 20;
/** What claims to grow more than this is a bomb; the writer stores such a payload as it is. */
const mostShrinking = 200;

export interface Block {
  readonly tag: string;
  readonly payload: Buffer;
  /** Where the next one begins in the file. */
  readonly end: number;
}

export function fileHead(): Buffer {
  const head = Buffer.alloc(fileHeadBytes);
  magic.copy(head);
  head.writeUInt16LE(version.major, 8);
  head.writeUInt16LE(version.minor, 10);
  return head;
}

/** Tag, stored length, length when inflated (0: as it is), checksum of all but itself; then the payload. */
export function encodeBlock(tag: string, payload: Uint8Array): Buffer {
  const deflated = payload.length >= leastDeflated ? deflateRawSync(payload, { level: 4 }) : undefined;
  const isDeflated = deflated !== undefined && deflated.length * mostShrinking >= payload.length;
  const stored = isDeflated ? deflated : payload;
  const block = Buffer.alloc(blockHeadBytes + stored.length);
  block.write(tag, 0, 4, 'latin1');
  block.writeUInt32LE(stored.length, 4);
  block.writeUInt32LE(isDeflated ? payload.length : 0, 8);
  block.set(stored, blockHeadBytes);
  block.writeUInt32LE(checksum(block), 12);
  return block;
}

function checksum(block: Buffer): number {
  return crc32(block.subarray(blockHeadBytes), crc32(block.subarray(0, 12)));
}

/** Fills the buffer from a place in the file. @returns how many bytes there were; fewer only at the end */
export type ReadBytes = (into: Buffer, position: number) => number;

/** No whole block. */
export interface NoBlock {
  /** How many bytes were met and not used; at least, if there may be more. */
  readonly unreadBytes: number;
}

/** The block that begins at a place of the file, if it is whole. */
export function readBlock(read: ReadBytes, position: number): Block | NoBlock {
  const head = Buffer.alloc(blockHeadBytes);
  const headBytes = read(head, position);
  if (headBytes < blockHeadBytes) return { unreadBytes: headBytes };
  const storedBytes = head.readUInt32LE(4);
  const inflatedBytes = head.readUInt32LE(8);
  const isPossible =
    storedBytes <= mostPayloadBytes &&
    inflatedBytes <= Math.min(mostPayloadBytes, storedBytes * mostShrinking);
  if (!isPossible) return { unreadBytes: headBytes };
  const block = Buffer.alloc(blockHeadBytes + storedBytes);
  head.copy(block);
  const payloadBytes = read(block.subarray(blockHeadBytes), position + blockHeadBytes);
  const isWhole = payloadBytes === storedBytes && checksum(block) === block.readUInt32LE(12);
  const payload = isWhole ? inflated(block.subarray(blockHeadBytes), inflatedBytes) : undefined;
  if (payload === undefined) return { unreadBytes: headBytes + payloadBytes };
  return { tag: block.toString('latin1', 0, 4), payload, end: position + block.length };
}

/** @returns undefined when the bytes are no deflated block of this length */
function inflated(stored: Buffer, bytes: number): Buffer | undefined {
  if (bytes === 0) return stored;
  try {
    const payload = inflateRawSync(stored, { maxOutputLength: bytes, finishFlush: constants.Z_FINISH });
    return payload.length === bytes ? payload : undefined;
  } catch {
    return undefined;
  }
}
