/** Fields of a protobuf message (protobuf.dev, "Encoding"), of bytes that may be damaged. */
import { ByteReader, Malformed } from '../../encoding/byte-reader.ts';

export interface Field {
  readonly number: number;
  /** Of a varint, modulo 2^64 as a signed number where it is negative. */
  readonly value: number;
  /** Of a nested message, a text or packed numbers; empty otherwise. */
  readonly bytes: Buffer;
}

const noBytes = Buffer.alloc(0);

/** @throws Malformed */
export function* fieldsOf(message: Uint8Array): Generator<Field> {
  const from = new ByteReader(message);
  while (from.left > 0) {
    const key = from.varint();
    const number = Math.floor(key / 8);
    const type = key % 8;
    if (number === 0) throw new Malformed('a field without a number');
    if (type === 0) yield { number, value: signedVarint(from), bytes: noBytes };
    else if (type === 2) yield { number, value: 0, bytes: from.bytes(from.varint()) };
    else if (type === 1) from.bytes(8);
    else if (type === 5) from.bytes(4);
    else throw new Malformed('a field of unknown type');
  }
}

/** The numbers of a repeated field, packed or one by one. */
export function numbersOf({ value, bytes }: Field): readonly number[] {
  if (bytes.length === 0) return [value];
  const from = new ByteReader(bytes);
  const numbers: number[] = [];
  while (from.left > 0) numbers.push(signedVarint(from));
  return numbers;
}

/** Ten bytes stand for a negative number or for one that a number does not hold exactly. */
function signedVarint(from: ByteReader): number {
  let value = 0n;
  for (let shift = 0n; shift < 70n; shift += 7n) {
    const byte = from.byte();
    value |= BigInt(byte & 127) << shift;
    if (byte < 128) return Number(BigInt.asIntN(64, value));
  }
  throw new Malformed('a number is too large');
}
