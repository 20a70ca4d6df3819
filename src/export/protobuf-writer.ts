/** Protobuf's wire format (protobuf.dev, "Encoding"): varint, 64-bit and length-delimited fields: all that pprof and OTLP need. */
import { ByteWriter } from '../encoding/byte-writer.ts';

const varintType = 0;
const fixed64Type = 1;
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

  /** An `int64` of any sign: a negative one has ten bytes. */
  signed(field: number, value: number): void {
    if (value >= 0) this.integer(field, value);
    else this.integer64(field, BigInt.asUintN(64, BigInt(value)));
  }

  fixed64(field: number, value: bigint): void {
    const bytes = Buffer.alloc(8);
    bytes.writeBigUInt64LE(value);
    this.#fixed(field, bytes);
  }

  double(field: number, value: number): void {
    const bytes = Buffer.alloc(8);
    bytes.writeDoubleLE(value);
    this.#fixed(field, bytes);
  }

  #fixed(field: number, bytes: Uint8Array): void {
    this.#bytes.varint(field * 8 + fixed64Type);
    this.#bytes.bytes(bytes);
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

  binary(field: number, bytes: Uint8Array): void {
    this.head(field, bytes.length);
    this.#bytes.bytes(bytes);
  }

  /** What stands before so many bytes of a field that are written elsewhere. */
  head(field: number, length: number): void {
    this.#bytes.varint(field * 8 + lengthType);
    this.#bytes.varint(length);
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
    this.head(field, nested.length);
    this.#bytes.bytes(nested.#bytes.view());
  }

  /** Fields that were encoded before. */
  raw(fields: Uint8Array): void {
    this.#bytes.bytes(fields);
  }
}
