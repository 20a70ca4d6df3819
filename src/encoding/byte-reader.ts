/**
 * Reads what `ByteWriter` writes, from bytes that may be damaged or hostile: nothing is taken on trust, a count is
 * checked against the bytes that are there before anything is set aside for it.
 */

/** The bytes are not what they should be. */
export class Malformed extends Error {}

export class ByteReader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get left(): number {
    return this.#bytes.length - this.#at;
  }

  byte(): number {
    const value = this.#bytes[this.#at++];
    if (value === undefined) throw new Malformed('ends too early');
    return value;
  }

  /** Unsigned LEB128 of an integer from 0 to 2^53. */
  varint(): number {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = this.byte();
      value += (byte & 127) * scale;
      if (value > Number.MAX_SAFE_INTEGER) throw new Malformed('a number is too large');
      if (byte < 128) return value;
    }
  }

  /** How many rows follow, of which each takes at least `leastBytes`. */
  count(leastBytes: number): number {
    const count = this.varint();
    if (count * leastBytes > this.left) throw new Malformed('a count is larger than what follows');
    return count;
  }

  /** The next bytes as they lie; not a copy. */
  bytes(length: number): Buffer {
    if (length > this.left) throw new Malformed('ends too early');
    this.#at += length;
    return this.#bytes.subarray(this.#at - length, this.#at);
  }
}
