/**
 * Builds small ELF files whose call-frame data is well-formed but made to cost: what no linker writes and anyone may
 * map into his process.
 */

const codeVa = 0x10000000;
const functionBytes = 16;
const exec = 5;
const read = 4;

export interface Function {
  /** Which of the CIEs it belongs to. */
  readonly cie: number;
  /** Its call-frame instructions. */
  readonly program: Buffer;
}

/** An ELF file with `cies` CIEs and one FDE of 16 bytes of code per function, with a search table. */
export function elfWithFunctions(cies: number, functions: readonly Function[]): Buffer {
  const frames: Buffer[] = [];
  let end = 0;
  const append = (body: Buffer): number => {
    const padded = Buffer.concat([body, Buffer.alloc(-body.length & 3)]);
    const length = Buffer.alloc(4);
    length.writeUInt32LE(padded.length);
    frames.push(length, padded);
    const offset = end;
    end += 4 + padded.length;
    return offset;
  };
  const cieOffsets = Array.from({ length: cies }, () => append(cieBody));
  const fdeOffsets = functions.map(({ cie, program }, i) =>
    append(fdeBody(end + 4 - (cieOffsets[cie] ?? 0), codeVa + i * functionBytes, program)),
  );
  frames.push(Buffer.alloc(4));
  const ehFrame = Buffer.concat(frames);
  return linked(ehFrame, fdeOffsets);
}

/** Version 1, augmentation zR with absolute pointers, rsp + 8, return address at CFA - 8. */
const cieBody = Buffer.from([0, 0, 0, 0, 1, 0x7a, 0x52, 0, 1, 0x78, 16, 1, 0, 0x0c, 7, 8, 0x90, 1]);

function fdeBody(toCie: number, va: number, program: Buffer): Buffer {
  const head = Buffer.alloc(21);
  head.writeUInt32LE(toCie, 0);
  head.writeBigUInt64LE(BigInt(va), 4);
  head.writeBigUInt64LE(BigInt(functionBytes), 12);
  return Buffer.concat([head, program]);
}

/** Headers, .eh_frame, .eh_frame_hdr; the code itself has no bytes in the file. */
function linked(ehFrame: Buffer, fdeOffsets: readonly number[]): Buffer {
  const ehFrameAt = 64 + 3 * 56;
  const hdrAt = (ehFrameAt + ehFrame.length + 7) & ~7;
  const hdr = Buffer.alloc(12 + 8 * fdeOffsets.length);
  // Version 1, pointer to .eh_frame pc-relative, count as u32, table relative to this header (LSB Core 5.0, 10.6.2).
  hdr.set([1, 0x1b, 0x03, 0x3b]);
  hdr.writeInt32LE(ehFrameAt - hdrAt - 4, 4);
  hdr.writeUInt32LE(fdeOffsets.length, 8);
  fdeOffsets.forEach((offset, i) => {
    hdr.writeInt32LE(codeVa + i * functionBytes - hdrAt, 12 + i * 8);
    hdr.writeInt32LE(ehFrameAt + offset - hdrAt, 16 + i * 8);
  });
  const size = hdrAt + hdr.length;
  const file = Buffer.alloc(size);
  elfHeader.copy(file);
  programHeader(1, read, 0, 0, size, size).copy(file, 64);
  programHeader(1, exec, 0, codeVa, 0, fdeOffsets.length * functionBytes).copy(file, 64 + 56);
  programHeader(0x6474e550, read, hdrAt, hdrAt, hdr.length, hdr.length).copy(file, 64 + 112);
  ehFrame.copy(file, ehFrameAt);
  hdr.copy(file, hdrAt);
  return file;
}

const elfHeader = Buffer.alloc(64);
elfHeader.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
elfHeader.writeUInt16LE(3, 16);
elfHeader.writeUInt16LE(62, 18);
elfHeader.writeBigUInt64LE(64n, 32);
elfHeader.writeUInt16LE(56, 54);
elfHeader.writeUInt16LE(3, 56);

function programHeader(
  type: number,
  flags: number,
  offset: number,
  va: number,
  fileSize: number,
  memorySize: number,
): Buffer {
  const header = Buffer.alloc(56);
  header.writeUInt32LE(type, 0);
  header.writeUInt32LE(flags, 4);
  [offset, va, va, fileSize, memorySize, 4096].forEach((value, i) => {
    header.writeBigUInt64LE(BigInt(value), 8 + i * 8);
  });
  return header;
}
