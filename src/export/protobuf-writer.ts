/** Protobuf's wire format (protobuf.dev, "Encoding"): varint and length-delimited fields, all that pprof needs. */
import { ByteWriter } from '../encoding/byte-writer.ts';

const varintType = 0;
const lengthType = 2;

export class ProtobufWriter {
  readonly #bytes = new ByteWriter();
  /** For what is nested: its length stands before it. Made once, used again. */
  #nested: ProtobufWriter | undefined;

  get length(): number {
    return this.#bytes.length;
  }

  take(): Uint8Array {
    return this.#bytes.take();
  }

  /** An integer from 0 to 2^53. */
  integer(field: number, value: number): void {
    this.#bytes.varint(field * 8 + varintType);
    this.#bytes.varint(value);
  }

  /** An integer from 0 to 2^63: times since 1970 in ns are beyond what a number holds exactly. */
  integer64(field: number, value: bigint): void {
    this.#bytes.varint(field * 8 + varintType);
    let rest = value;
    for (; rest >= 128n; rest >>= 7n) this.#bytes.byte(Number(rest & 127n) | 128);
    this.#bytes.byte(Number(rest));
  }

  text(field: number, text: string): void {
    this.#bytes.varint(field * 8 + lengthType);
    this.#bytes.text(text);
  }

  packed(field: number, values: readonly number[]): void {
    this.message(field, (nested) => {
      for (const value of values) nested.#bytes.varint(value);
    });
  }

  /** A nested message; `write` must not write to this one meanwhile. */
  message(field: number, write: (nested: ProtobufWriter) => void): void {
    this.#nested ??= new ProtobufWriter();
    const nested = this.#nested;
    nested.#bytes.clear();
    write(nested);
    this.#bytes.varint(field * 8 + lengthType);
    this.#bytes.varint(nested.length);
    this.#bytes.bytes(nested.#bytes.view());
  }

  /** Fields that were encoded before. */
  raw(fields: Uint8Array): void {
    this.#bytes.bytes(fields);
  }
}
