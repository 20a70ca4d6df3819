/**
 * Values that hold for ranges of a Go function's code, as the compiler packs them: pairs of a change of the value and a
 * number of bytes (go/src/runtime/symtab.go, `pcvalue` and `step`). Pure; input is hostile.
 */

/** Reads a stream from its beginning; shorter where there is no more. */
export type ReadStream = (bytes: number) => Buffer;

const firstBytes = 256;
/** Streams of the largest functions seen (generated parsers) have some tens of thousands of bytes. */
const mostBytes = firstBytes * 8 ** 3;

interface ValueStep {
  readonly value: number;
  /** Where it ends to hold, from the function's start. */
  readonly until: number;
}

/** @returns undefined where the stream ends before `offset`, or is damaged */
export function valueAt(read: ReadStream, offset: number): number | undefined {
  for (let bytes = firstBytes; ; bytes *= 8) {
    const stream = read(bytes);
    for (const { value, until } of steps(stream)) if (offset < until) return value;
    if (stream.length < bytes || bytes >= mostBytes || hasEnd(stream)) return undefined;
  }
}

/** @returns the highest value of a stream; -1 when there is none */
export function highestValue(read: ReadStream): number {
  let highest = -1;
  for (const { value } of steps(read(mostBytes))) highest = Math.max(highest, value);
  return highest;
}

function hasEnd(stream: Buffer): boolean {
  return stream.indexOf(0, 1) > 0;
}

function* steps(stream: Buffer): Generator<ValueStep> {
  const cursor = { at: 0 };
  let value = -1;
  for (let until = 0; ; ) {
    const change = numberAt(stream, cursor);
    // The first pair may change nothing; a later one that does is the end.
    if (change === undefined || (change === 0 && until > 0)) return;
    const bytes = numberAt(stream, cursor);
    if (bytes === undefined || bytes === 0) return;
    value = (value + (change % 2 === 0 ? change / 2 : -(change + 1) / 2)) | 0;
    until += bytes;
    yield { value, until };
  }
}

/** An unsigned LEB128 number of 32 bits; undefined at the end. */
function numberAt(stream: Buffer, cursor: { at: number }): number | undefined {
  let value = 0;
  for (let shift = 0; shift < 35; shift += 7) {
    const byte = stream[cursor.at++];
    if (byte === undefined) return undefined;
    value += (byte & 0x7f) * 2 ** shift;
    if (byte < 0x80) return value;
  }
  return undefined;
}
