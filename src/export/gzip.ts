/**
 * gzip of pieces, in pieces: ONE member (RFC 1952), since browsers refuse a second one. Each block of input is deflated
 * for itself and ends at a byte (RFC 1951, sync flush), so memory is bounded and no stream is needed.
 */
import { constants, crc32, deflateRawSync } from 'node:zlib';

// Deflate looks back 32 KiB at most, so little is lost where a block begins.
const blockBytes = 512 * 1024;
// Measured on 743,404 rows: level 6 takes a tenth to a quarter longer for the whole file and saves 3 %.
const level = 4;

export function* gzip(pieces: Iterable<string | Uint8Array>): Generator<Uint8Array> {
  // Deflate, no name, no time (the same profile gives the same bytes), made on Unix.
  yield Uint8Array.of(0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3);
  let crc = 0;
  let size = 0;
  for (const block of blocksOf(pieces)) {
    crc = crc32(block, crc);
    size += block.length;
    yield deflateRawSync(block, { level, finishFlush: constants.Z_SYNC_FLUSH });
  }
  yield deflateRawSync(new Uint8Array(0));
  const end = Buffer.alloc(8);
  end.writeUInt32LE(crc, 0);
  end.writeUInt32LE(size % 2 ** 32, 4);
  yield end;
}

/** Joins small pieces, so that each block is worth compressing. */
function* blocksOf(pieces: Iterable<string | Uint8Array>): Generator<Uint8Array> {
  let held: Uint8Array[] = [];
  let bytes = 0;
  let text = '';
  const flushText = (): void => {
    if (text === '') return;
    const encoded = Buffer.from(text, 'utf8');
    held.push(encoded);
    bytes += encoded.length;
    text = '';
  };
  for (const piece of pieces) {
    if (typeof piece === 'string') text += piece;
    else {
      flushText();
      held.push(piece);
      bytes += piece.length;
    }
    if (bytes + text.length < blockBytes) continue;
    flushText();
    yield Buffer.concat(held);
    held = [];
    bytes = 0;
  }
  flushText();
  if (held.length > 0) yield Buffer.concat(held);
}
