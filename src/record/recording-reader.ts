/**
 * Reads a recording block by block into profiles, as they were while it was captured. Stops at the first block that is
 * not whole or contradicts what came before: what stands before it is kept, and how it ended is told.
 */
import { Malformed } from '../encoding/byte-reader.ts';
import { cleanText } from '../profile/clean-text.ts';
import type { FrameName, Module } from '../profile/frames.ts';
import { Profile } from '../profile/profile.ts';
import { ProfileTables } from '../profile/tables.ts';
import { type Block, fileHeadBytes, magic, type ReadBytes, readBlocks, version } from './blocks.ts';
import type { Facts } from './recording-writer.ts';
import { decodeFrames, decodeSamples, decodeStacks, mostThreads, type RecordedUnit } from './table-codec.ts';

/** Not a recording that this program can read; the message says what it is. */
export class NotARecording extends Error {}

export interface Recording {
  readonly head: Facts;
  /** What was told last, by key. */
  readonly status: Facts;
  /** By unit; each has at least a profile of CPU time. */
  readonly profiles: ReadonlyMap<RecordedUnit, Profile>;
  /** What the samples of each unit add up to, since the last reset. */
  readonly tallies: ReadonlyMap<RecordedUnit, Tally>;
  /** Its writer has ended it; else it was cut, or is still being written. */
  readonly isComplete: boolean;
  /** Bytes at the end that are no whole block. */
  readonly unreadBytes: number;
  /** The newest time of a sample, in ns since the beginning. */
  readonly lastNs: number;
}

export interface Tally {
  readonly samples: number;
  readonly weightNs: number;
}

/** Whether a file begins as a recording does. */
export function isRecording(begin: Buffer): boolean {
  return begin.subarray(0, magic.length).equals(magic);
}

/** @throws NotARecording */
export function readRecording(read: ReadBytes): Recording {
  const begin = Buffer.alloc(fileHeadBytes);
  const isWhole = read(begin) === begin.length;
  if (!isRecording(begin)) throw new NotARecording('not a recording of prof-tui');
  if (!isWhole) throw new NotARecording('cut within its first bytes: nothing is in it');
  const major = begin.readUInt16LE(8);
  if (major !== version.major) {
    throw new NotARecording(`a recording of version ${major}; this prof-tui reads version ${version.major}`);
  }
  const reader = new BlockTaker();
  let unreadBytes = 0;
  const blocks = readBlocks(read, (bytes) => {
    unreadBytes = bytes;
  });
  for (const block of blocks) {
    if (reader.take(block)) continue;
    unreadBytes = block.payload.length;
    break;
  }
  return reader.finish(unreadBytes);
}

class BlockTaker {
  readonly #tables = new ProfileTables();
  readonly #profiles = new Map<RecordedUnit, Profile>();
  readonly #tallies = new Map<RecordedUnit, { samples: number; weightNs: number }>();
  #head: Facts | undefined;
  #status: Record<string, unknown> = {};
  #isComplete = false;
  #lastNs = 0;

  constructor() {
    this.#profileOf('cpu');
  }

  /** @returns false for a block that contradicts those before it */
  take({ tag, payload }: Block): boolean {
    try {
      this.#takeKnown(tag, payload);
      return true;
    } catch (error) {
      if (error instanceof Malformed) return false;
      // A map or an array beyond what the engine can hold.
      if (error instanceof RangeError) return false;
      throw error;
    }
  }

  finish(unreadBytes: number): Recording {
    if (this.#head === undefined) throw new NotARecording('cut within its first block: nothing is in it');
    for (const profile of this.#profiles.values()) {
      profile.settle();
      profile.settle(true);
    }
    return {
      head: this.#head,
      status: this.#status,
      profiles: this.#profiles,
      tallies: this.#tallies,
      isComplete: this.#isComplete && unreadBytes === 0,
      unreadBytes,
      lastNs: this.#lastNs,
    };
  }

  #takeKnown(tag: string, payload: Buffer): void {
    if (this.#head === undefined && tag !== 'HEAD') throw new Malformed('a block before the head');
    const { frames, stacks } = this.#tables;
    if (tag === 'HEAD') this.#head ??= factsOf(payload);
    else if (tag === 'STAT') Object.assign(this.#status, factsOf(payload));
    else if (tag === 'MODS') this.#append({ modules: listOf(payload).map(readModule) });
    else if (tag === 'FRMS') this.#append({ frames: decodeFrames(payload, frames.length) });
    else if (tag === 'STKS') this.#append({ stacks: decodeStacks(payload, stacks.length, frames.length) });
    else if (tag === 'THRD') this.#append({ threads: listOf(payload).map(readThread) });
    else if (tag === 'NAMS')
      this.#tables.setNames(listOf(payload).map((row) => readName(row, frames.length)));
    else if (tag === 'SAMP') this.#takeSamples(payload);
    else if (tag === 'RSET') this.#reset();
    else if (tag === 'END ') this.#isComplete = true;
  }

  #append(rows: Partial<Parameters<ProfileTables['append']>[0]>): void {
    this.#tables.append({ ...nothing, ...rows });
  }

  #takeSamples(payload: Buffer): void {
    const { stacks, threads } = this.#tables;
    const { unit, rows } = decodeSamples(payload, stacks.length, (index) => threads[index] !== undefined);
    this.#profileOf(unit).addUnplacedSamples(rows);
    const tally = this.#tallies.get(unit) ?? { samples: 0, weightNs: 0 };
    for (let row = 0; row < rows.stack.length; row++) {
      tally.samples += rows.samples[row] as number;
      tally.weightNs += rows.weightNs[row] as number;
      this.#lastNs = Math.max(this.#lastNs, rows.timeNs[row] as number);
    }
    this.#tallies.set(unit, tally);
  }

  #reset(): void {
    for (const profile of this.#profiles.values()) profile.reset();
    this.#tallies.clear();
  }

  #profileOf(unit: RecordedUnit): Profile {
    const profile = this.#profiles.get(unit) ?? new Profile(this.#tables);
    this.#profiles.set(unit, profile);
    return profile;
  }
}

const none = { words: new Uint32Array(0), addresses: new BigUint64Array(0) };
const nothing: Parameters<ProfileTables['append']>[0] = {
  frames: {
    kind: new Uint8Array(0),
    module: none.words,
    address: none.addresses,
    functionStart: none.addresses,
  },
  stacks: { parent: none.words, frame: none.words },
  modules: [],
  threads: [],
};

function parsed(payload: Buffer): unknown {
  try {
    return JSON.parse(payload.toString('utf8'));
  } catch {
    throw new Malformed('text that is no JSON');
  }
}

function factsOf(payload: Buffer): Facts {
  const value = parsed(payload);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new Malformed('no object');
  return value as Facts;
}

function listOf(payload: Buffer): readonly unknown[] {
  const value = parsed(payload);
  if (!Array.isArray(value)) throw new Malformed('no list');
  return value;
}

function readModule(row: unknown): Module {
  const { id, path, buildId, openedBy } = (row ?? {}) as Record<string, unknown>;
  if (typeof id !== 'number' || typeof path !== 'string') throw new Malformed('no module');
  return {
    id,
    path: cleanText(path),
    buildId: typeof buildId === 'string' && /^[0-9a-f]*$/.test(buildId) ? buildId : '',
    fd: -1,
    openedBy: openedBy === 'vdso' ? 'vdso' : 'none',
  };
}

function readThread(row: unknown): { index: number; thread: { tid: number; name: string } } {
  const [index, tid, name] = Array.isArray(row) ? row : [];
  const isThread = isIndex(index, mostThreads) && Number.isSafeInteger(tid) && typeof name === 'string';
  if (!isThread) throw new Malformed('no thread');
  return { index, thread: { tid, name: cleanText(name) } };
}

function readName(row: unknown, frames: number): FrameName {
  const [frame, name, module, hasSymbol, source] = Array.isArray(row) ? row : [];
  const isName = isIndex(frame, frames) && typeof name === 'string' && typeof module === 'string';
  if (!isName) throw new Malformed('no name');
  const named = { frame, name: cleanText(name), module: cleanText(module), hasSymbol: hasSymbol === true };
  return typeof source === 'string' ? { ...named, source: cleanText(source) } : named;
}

function isIndex(value: unknown, limit: number): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0 && (value as number) < limit;
}
