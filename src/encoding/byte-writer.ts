/** A buffer that grows, with the integers of protobuf and JFR. Not for files: whoever fills it takes the bytes away. */

const firstBytes = 4096;
// What each call may write without asking for room again: ten bytes of a 64-bit varint.
const longestVarint = 10;

export class ByteWriter {
  #bytes = Buffer.allocUnsafe(firstBytes);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  byte(value: number): void {
    this.#reserve(1);
    this.#bytes[this.#length++] = value;
  }

  /** Changes a byte that was written. */
  setByte(at: number, value: number): void {
    this.#bytes[at] = value;
  }

  /** Unsigned LEB128 of an integer from 0 to 2^53. */
  varint(value: number): void {
    this.#reserve(longestVarint);
    let rest = value;
    // Bit operations are exact below 2^31 only, and nearly all values are.
    while (rest >= 0x80000000) {
      this.#bytes[this.#length++] = (rest % 128) | 128;
      rest = Math.floor(rest / 128);
    }
    while (rest >= 128) {
      this.#bytes[this.#length++] = (rest & 127) | 128;
      rest >>>= 7;
    }
    this.#bytes[this.#length++] = rest;
  }

  bytes(bytes: Uint8Array): void {
    this.#reserve(bytes.length);
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  /** Length in bytes, then the text as UTF-8. */
  text(text: string): void {
    const size = Buffer.byteLength(text, 'utf8');
    this.varint(size);
    this.#reserve(size);
    this.#length += this.#bytes.write(text, this.#length, size, 'utf8');
  }

  /** What is held, valid until the next write. */
  view(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  /** A copy of what is held; the writer is empty afterwards. */
  take(): Uint8Array {
    const taken = Uint8Array.from(this.view());
    this.#length = 0;
    return taken;
  }

  clear(): void {
    this.#length = 0;
  }

  #reserve(more: number): void {
    const need = this.#length + more;
    if (need <= this.#bytes.length) return;
    const grown = Buffer.allocUnsafe(Math.max(need, this.#bytes.length * 2));
    this.#bytes.copy(grown, 0, 0, this.#length);
    this.#bytes = grown;
  }
}
