/**
 * Decoder for LZMA2 data, as xz files carry it (LZMA SDK, lzma-specification.txt; xz-file-format.txt). For the few
 * hundred kilobytes of `.gnu_debugdata`: simple before fast, synchronous, and bounded. Damaged input gives
 * `undefined`, never an error.
 */

const probabilityInit = 1024;
const topValue = 2 ** 24;
const endPositionModelIndex = 14;
const fullDistances = 128;
const alignBits = 4;
const shortestMatch = 2;
const literalStates = 7;

/** Thrown and caught inside this file only. */
class DamagedData extends Error {}

/** Range coder: one bit per probability. Past the end it reads zeros and `overran` says so. */
class RangeDecoder {
  readonly #input: Buffer;
  #at: number;
  #range = 0xffffffff;
  #code = 0;

  constructor(input: Buffer, start: number) {
    this.#input = input;
    this.#at = start + 1;
    for (let i = 0; i < 4; i++) this.#code = ((this.#code << 8) | this.#nextByte()) >>> 0;
  }

  #nextByte(): number {
    const byte = this.#input[this.#at++];
    if (byte === undefined) throw new DamagedData();
    return byte;
  }

  #normalize(): void {
    if (this.#range >= topValue) return;
    this.#range = (this.#range << 8) >>> 0;
    this.#code = ((this.#code << 8) | this.#nextByte()) >>> 0;
  }

  bit(probabilities: Uint16Array, index: number): 0 | 1 {
    const probability = probabilities[index] as number;
    const bound = (this.#range >>> 11) * probability;
    if (this.#code < bound) {
      this.#range = bound;
      probabilities[index] = probability + ((2048 - probability) >>> 5);
      this.#normalize();
      return 0;
    }
    this.#range -= bound;
    this.#code -= bound;
    probabilities[index] = probability - (probability >>> 5);
    this.#normalize();
    return 1;
  }

  directBits(count: number): number {
    let value = 0;
    for (let i = 0; i < count; i++) {
      this.#range >>>= 1;
      const isOne = this.#code >= this.#range;
      if (isOne) this.#code -= this.#range;
      this.#normalize();
      value = value * 2 + Number(isOne);
    }
    return value;
  }

  tree(probabilities: Uint16Array, offset: number, bits: number): number {
    let symbol = 1;
    for (let i = 0; i < bits; i++) symbol = (symbol << 1) | this.bit(probabilities, offset + symbol);
    return symbol - (1 << bits);
  }

  reverseTree(probabilities: Uint16Array, offset: number, bits: number): number {
    let symbol = 1;
    let value = 0;
    for (let i = 0; i < bits; i++) {
      const bit = this.bit(probabilities, offset + symbol);
      symbol = (symbol << 1) | bit;
      value |= bit << i;
    }
    return value;
  }
}

function fresh(length: number): Uint16Array {
  return new Uint16Array(length).fill(probabilityInit);
}

/** Length of a match: 2 to 273. */
class LengthModel {
  readonly #choice = fresh(2);
  readonly #low = fresh(16 << 3);
  readonly #middle = fresh(16 << 3);
  readonly #high = fresh(256);

  read(coder: RangeDecoder, positionState: number): number {
    if (coder.bit(this.#choice, 0) === 0) return shortestMatch + coder.tree(this.#low, positionState << 3, 3);
    if (coder.bit(this.#choice, 1) === 0) return 10 + coder.tree(this.#middle, positionState << 3, 3);
    return 18 + coder.tree(this.#high, 0, 8);
  }
}

/** All that a state reset starts anew. */
class Model {
  readonly contextBits: number;
  readonly literalPositionMask: number;
  readonly positionMask: number;
  readonly literals: Uint16Array;
  readonly isMatch = fresh(12 << 4);
  readonly isRepeat = fresh(12);
  readonly isRepeat0 = fresh(12);
  readonly isRepeat1 = fresh(12);
  readonly isRepeat2 = fresh(12);
  readonly isLongRepeat0 = fresh(12 << 4);
  readonly matchLength = new LengthModel();
  readonly repeatLength = new LengthModel();
  readonly distanceSlots = fresh(4 << 6);
  readonly distances = fresh(1 + fullDistances - endPositionModelIndex);
  readonly align = fresh(1 << alignBits);
  state = 0;
  repeats: [number, number, number, number] = [0, 0, 0, 0];

  constructor(properties: number) {
    this.contextBits = properties % 9;
    const literalPositionBits = Math.floor(properties / 9) % 5;
    const positionBits = Math.floor(properties / 45);
    if (positionBits > 4 || this.contextBits + literalPositionBits > 4) throw new DamagedData();
    this.literalPositionMask = (1 << literalPositionBits) - 1;
    this.positionMask = (1 << positionBits) - 1;
    this.literals = fresh(0x300 << (this.contextBits + literalPositionBits));
  }
}

class Lzma2Decoder {
  readonly #input: Buffer;
  readonly #maxOutput: number;
  #at: number;
  #output = Buffer.alloc(65536);
  #length = 0;
  #dictionaryStart = 0;
  #properties = -1;
  #model: Model | undefined;

  constructor(input: Buffer, start: number, maxOutput: number) {
    this.#input = input;
    this.#at = start;
    this.#maxOutput = maxOutput;
  }

  /** Chunks up to the end mark. */
  decode(): { readonly output: Buffer; readonly end: number } {
    for (;;) {
      const control = this.#byte();
      if (control === 0) return { output: this.#output.subarray(0, this.#length), end: this.#at };
      if (control === 1 || control >= 0xe0) this.#dictionaryStart = this.#length;
      if (control >= 0x80) this.#compressedChunk(control);
      else if (control <= 2) this.#copiedChunk();
      else throw new DamagedData();
    }
  }

  #byte(): number {
    const byte = this.#input[this.#at++];
    if (byte === undefined) throw new DamagedData();
    return byte;
  }

  #u16(): number {
    return this.#byte() * 256 + this.#byte();
  }

  #reserve(count: number): void {
    const needed = this.#length + count;
    if (needed > this.#maxOutput) throw new DamagedData();
    if (needed <= this.#output.length) return;
    const larger = Buffer.alloc(Math.max(needed, this.#output.length * 2));
    this.#output.copy(larger, 0, 0, this.#length);
    this.#output = larger;
  }

  #copiedChunk(): void {
    const count = this.#u16() + 1;
    if (this.#at + count > this.#input.length) throw new DamagedData();
    this.#reserve(count);
    this.#input.copy(this.#output, this.#length, this.#at, this.#at + count);
    this.#length += count;
    this.#at += count;
  }

  /** Bits 5 and 6 of the control byte: what is reset (nothing, state, properties, dictionary). */
  #compressedChunk(control: number): void {
    const unpackedBytes = (control & 0x1f) * 65536 + this.#u16() + 1;
    const packedBytes = this.#u16() + 1;
    const reset = (control >> 5) & 3;
    if (reset >= 2) this.#properties = this.#byte();
    if (reset >= 1) this.#model = this.#properties < 0 ? undefined : new Model(this.#properties);
    if (this.#model === undefined) throw new DamagedData();
    const end = this.#at + packedBytes;
    this.#reserve(unpackedBytes);
    this.#decodeSymbols(new RangeDecoder(this.#input.subarray(0, end), this.#at), this.#model, unpackedBytes);
    this.#at = end;
  }

  #decodeSymbols(coder: RangeDecoder, model: Model, unpackedBytes: number): void {
    const end = this.#length + unpackedBytes;
    while (this.#length < end) {
      const positionState = (this.#length - this.#dictionaryStart) & model.positionMask;
      if (coder.bit(model.isMatch, (model.state << 4) + positionState) === 0) {
        this.#literal(coder, model);
        continue;
      }
      const length = this.#match(coder, model, positionState);
      this.#copyMatch(model.repeats[0] + 1, Math.min(length, end - this.#length));
    }
  }

  #literal(coder: RangeDecoder, model: Model): void {
    const previous = this.#length > this.#dictionaryStart ? (this.#output[this.#length - 1] as number) : 0;
    const position = (this.#length - this.#dictionaryStart) & model.literalPositionMask;
    const context = (position << model.contextBits) + (previous >> (8 - model.contextBits));
    const offset = 0x300 * context;
    let symbol = 1;
    if (model.state >= literalStates) {
      // After a match the byte at the last distance predicts this one, until the first bit that differs.
      let predicted = this.#output[this.#length - model.repeats[0] - 1] ?? 0;
      while (symbol < 0x100) {
        const predictedBit = (predicted >> 7) & 1;
        predicted <<= 1;
        const bit = coder.bit(model.literals, offset + ((1 + predictedBit) << 8) + symbol);
        symbol = (symbol << 1) | bit;
        if (bit !== predictedBit) break;
      }
    }
    while (symbol < 0x100) symbol = (symbol << 1) | coder.bit(model.literals, offset + symbol);
    this.#output[this.#length++] = symbol & 0xff;
    model.state = model.state < 4 ? 0 : model.state < 10 ? model.state - 3 : model.state - 6;
  }

  /** @returns the length; the distance becomes repeats[0]. */
  #match(coder: RangeDecoder, model: Model, positionState: number): number {
    const { state } = model;
    if (coder.bit(model.isRepeat, state) === 1) return this.#repeatedMatch(coder, model, positionState);
    const [first, second, third] = model.repeats;
    const length = model.matchLength.read(coder, positionState);
    model.state = state < literalStates ? 7 : 10;
    model.repeats = [readDistance(coder, model, length), first, second, third];
    return length;
  }

  #repeatedMatch(coder: RangeDecoder, model: Model, positionState: number): number {
    const { state } = model;
    const [first, second, third, fourth] = model.repeats;
    if (coder.bit(model.isRepeat0, state) === 0) {
      if (coder.bit(model.isLongRepeat0, (state << 4) + positionState) === 0) {
        model.state = state < literalStates ? 9 : 11;
        return 1;
      }
    } else if (coder.bit(model.isRepeat1, state) === 0) {
      model.repeats = [second, first, third, fourth];
    } else if (coder.bit(model.isRepeat2, state) === 0) {
      model.repeats = [third, first, second, fourth];
    } else {
      model.repeats = [fourth, first, second, third];
    }
    model.state = state < literalStates ? 8 : 11;
    return model.repeatLength.read(coder, positionState);
  }

  /** May overlap itself: that is how runs are coded. */
  #copyMatch(distance: number, length: number): void {
    if (distance > this.#length - this.#dictionaryStart) throw new DamagedData();
    for (let i = 0; i < length; i++) {
      this.#output[this.#length] = this.#output[this.#length - distance] as number;
      this.#length++;
    }
  }
}

function readDistance(coder: RangeDecoder, model: Model, length: number): number {
  const lengthState = Math.min(length - shortestMatch, 3);
  const slot = coder.tree(model.distanceSlots, lengthState << 6, 6);
  if (slot < 4) return slot;
  const directBits = (slot >> 1) - 1;
  const high = (2 | (slot & 1)) * 2 ** directBits;
  if (slot < endPositionModelIndex) return high + coder.reverseTree(model.distances, high - slot, directBits);
  return (
    high +
    coder.directBits(directBits - alignBits) * 2 ** alignBits +
    coder.reverseTree(model.align, 0, alignBits)
  );
}

/**
 * @param start where the first chunk begins in `input`
 * @returns the bytes and where the data ended, or `undefined` when it is damaged or larger than `maxOutput`
 */
export function decodeLzma2(
  input: Buffer,
  start: number,
  maxOutput: number,
): { readonly output: Buffer; readonly end: number } | undefined {
  try {
    return new Lzma2Decoder(input, start, maxOutput).decode();
  } catch (error) {
    if (error instanceof DamagedData) return undefined;
    throw error;
  }
}
