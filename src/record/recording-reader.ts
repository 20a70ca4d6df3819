/**
 * Reads a recording block by block into profiles, as they were while it was captured. Stops at the first block that is
 * not whole or contradicts what came before: what stands before it is kept, and how it ended is told.
 */
import { Malformed } from '../encoding/byte-reader.ts';
import { cleanText } from '../profile/clean-text.ts';
import {
  type FileIdentity,
  type FrameName,
  type Module,
  type Origin,
  type RuntimeName,
  runtimeNames,
} from '../profile/frames.ts';
import { Profile } from '../profile/profile.ts';
import { replayLimits, SampleLog } from '../profile/sample-log.ts';
import { ProfileTables } from '../profile/tables.ts';
import { type Block, fileHeadBytes, magic, type ReadBytes, readBlock, version } from './blocks.ts';
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
  /** In order of time, mostly a second apart. */
  readonly moments: readonly Moment[];
  /** The newest time of a sample, in ns since the beginning. */
  readonly lastNs: number;
}

/** The books at one moment, sums since the last reset. */
export interface Moment {
  readonly elapsedNs: number;
  readonly cpuTimeNs: number;
  readonly weightNs: number;
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
  const reader = new RecordingReader(read);
  while (reader.next()) {
    // Block by block.
  }
  const recording = reader.recording();
  for (const profile of recording.profiles.values()) {
    profile.settle();
    profile.settle(true);
  }
  return recording;
}

/** Reads as far as it is told to: a screen can be drawn meanwhile, and a file that grows be followed. */
export class RecordingReader {
  readonly #read: ReadBytes;
  readonly #taker = new BlockTaker();
  #position = fileHeadBytes;
  #unreadBytes = 0;
  /** What follows cannot be relied upon, whatever is appended. */
  #isContradicted = false;

  /** @throws NotARecording */
  constructor(read: ReadBytes) {
    this.#read = read;
    const begin = Buffer.alloc(fileHeadBytes);
    const isWhole = read(begin, 0) === begin.length;
    if (!isRecording(begin)) throw new NotARecording('not a recording of prof-tui');
    if (!isWhole) throw new NotARecording('cut within its first bytes: nothing is in it');
    const major = begin.readUInt16LE(8);
    if (major !== version.major) {
      throw new NotARecording(
        `a recording of version ${major}; this prof-tui reads version ${version.major}`,
      );
    }
    if (!this.next()) throw new NotARecording('cut within its first block: nothing is in it');
  }

  /** How many bytes have been taken. */
  get position(): number {
    return this.#position;
  }

  /** From now on samples are placed in the tree as they come: for a file that grows. Before, `settle` places them. */
  placeAtOnce(): void {
    this.#taker.placesAtOnce = true;
  }

  /** Takes the next block. @returns false when there is no whole one: there may be one later */
  next(): boolean {
    if (this.#isContradicted) return false;
    const block = readBlock(this.#read, this.#position);
    if (!('payload' in block)) {
      this.#unreadBytes = block.unreadBytes;
      return false;
    }
    if (!this.#taker.take(block)) {
      this.#isContradicted = true;
      this.#unreadBytes = block.payload.length;
      return false;
    }
    this.#position = block.end;
    this.#unreadBytes = 0;
    return true;
  }

  /** What has been read; its trees are those of the last `settle` of its profiles. */
  recording(): Recording {
    return this.#taker.recording(this.#unreadBytes);
  }
}

const mostMoments = 2 ** 16;
const isNs = (value: unknown): value is number => Number.isFinite(value) && (value as number) >= 0;

class BlockTaker {
  readonly #tables = new ProfileTables();
  readonly #profiles = new Map<RecordedUnit, Profile>();
  readonly #tallies = new Map<RecordedUnit, { samples: number; weightNs: number }>();
  #head: Facts | undefined;
  #status: Record<string, unknown> = {};
  #isComplete = false;
  #lastNs = 0;
  #moments: Moment[] = [];
  placesAtOnce = false;

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

  recording(unreadBytes: number): Recording {
    return {
      head: this.#head ?? {},
      status: this.#status,
      profiles: this.#profiles,
      tallies: this.#tallies,
      isComplete: this.#isComplete && unreadBytes === 0,
      unreadBytes,
      moments: this.#moments,
      lastNs: this.#lastNs,
    };
  }

  #takeKnown(tag: string, payload: Buffer): void {
    if (this.#head === undefined && tag !== 'HEAD') throw new Malformed('a block before the head');
    const { frames, stacks } = this.#tables;
    if (tag === 'HEAD') this.#head ??= factsOf(payload);
    else if (tag === 'STAT') this.#takeStatus(factsOf(payload));
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
    const { unit, span, rows } = decodeSamples(
      payload,
      stacks.length,
      (index) => threads[index] !== undefined,
    );
    const profile = this.#profileOf(unit);
    if (this.placesAtOnce) profile.addSamples(rows, span);
    else profile.addUnplacedSamples(rows, span);
    const tally = this.#tallies.get(unit) ?? { samples: 0, weightNs: 0 };
    for (let row = 0; row < rows.stack.length; row++) {
      tally.samples += rows.samples[row] as number;
      tally.weightNs += rows.weightNs[row] as number;
      this.#lastNs = Math.max(this.#lastNs, rows.timeNs[row] as number);
    }
    this.#tallies.set(unit, tally);
  }

  #takeStatus(facts: Facts): void {
    Object.assign(this.#status, facts);
    const { elapsedNs, accounting } = this.#status;
    const { cpuTimeNs, weightNs } = (accounting ?? {}) as Record<string, unknown>;
    const { elapsedNs: lastNs = -1 } = this.#moments.at(-1) ?? {};
    if (!isNs(elapsedNs) || !isNs(cpuTimeNs) || !isNs(weightNs) || elapsedNs <= lastNs) return;
    this.#moments.push({ elapsedNs, cpuTimeNs, weightNs });
    // Of a run of days every other one will do.
    if (this.#moments.length > mostMoments) this.#moments = this.#moments.filter((_, i) => i % 2 === 1);
  }

  #reset(): void {
    this.#moments = [];
    for (const profile of this.#profiles.values()) profile.reset();
    this.#tallies.clear();
  }

  #profileOf(unit: RecordedUnit): Profile {
    const profile = this.#profiles.get(unit) ?? new Profile(this.#tables, new SampleLog(replayLimits));
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
  const { id, path, buildId, openedBy, file } = (row ?? {}) as Record<string, unknown>;
  if (typeof id !== 'number' || typeof path !== 'string') throw new Malformed('no module');
  return {
    id,
    path: cleanText(path),
    buildId: typeof buildId === 'string' && /^[0-9a-f]*$/.test(buildId) ? buildId : '',
    fd: -1,
    openedBy: openedBy === 'vdso' ? 'vdso' : 'none',
    file: readFile(file),
  };
}

function readFile(value: unknown): FileIdentity | undefined {
  const { dev, inode, mtimeMs, size } = (value ?? {}) as Record<string, unknown>;
  const isFile = [dev, inode, mtimeMs, size].every((each) => typeof each === 'number');
  return isFile ? ({ dev, inode, mtimeMs, size } as FileIdentity) : undefined;
}

function readThread(row: unknown): { index: number; thread: { tid: number; name: string } } {
  const [index, tid, name] = Array.isArray(row) ? row : [];
  const isThread = isIndex(index, mostThreads) && Number.isSafeInteger(tid) && typeof name === 'string';
  if (!isThread) throw new Malformed('no thread');
  return { index, thread: { tid, name: cleanText(name) } };
}

function readName(row: unknown, frames: number): FrameName {
  const [frame, name, module, hasSymbol, runtime, script, line, inlined] = Array.isArray(row) ? row : [];
  const isName = isIndex(frame, frames) && typeof name === 'string' && typeof module === 'string';
  if (!isName) throw new Malformed('no name');
  const named = { frame, name: cleanText(name), module: cleanText(module), hasSymbol: hasSymbol === true };
  const known = runtimeNames.find((each) => each === runtime);
  if (known !== undefined) return { ...named, ...originOf(known, script, line), ...readInlined(inlined) };
  // Files of before 0.2: `/srv/app/render.js:12`, of JavaScript alone.
  const [, path, at] = typeof runtime === 'string' ? (/^(.+?)(?::(\d+))?$/.exec(runtime) ?? []) : [];
  return path === undefined ? named : { ...named, ...originOf('node', path, Number(at ?? 0)) };
}

function readInlined(rows: unknown): Pick<FrameName, 'inlined'> {
  if (rows === undefined) return {};
  if (!Array.isArray(rows)) throw new Malformed('no inlined functions');
  return {
    inlined: rows.map((row) => {
      const [name, runtime, script, line] = Array.isArray(row) ? row : [];
      if (typeof name !== 'string') throw new Malformed('no inlined function');
      const known = runtimeNames.find((each) => each === runtime);
      return { name: cleanText(name), ...(known === undefined ? {} : originOf(known, script, line)) };
    }),
  };
}

function originOf(runtime: RuntimeName, script: unknown, line: unknown): Origin {
  if (typeof script !== 'string' || script === '') return { runtime };
  const isLine = Number.isSafeInteger(line) && (line as number) > 0;
  return { runtime, script: cleanText(script), ...(isLine ? { line: line as number } : {}) };
}

function isIndex(value: unknown, limit: number): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0 && (value as number) < limit;
}
