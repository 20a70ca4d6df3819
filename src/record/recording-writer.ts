/**
 * Writes a recording while it is captured: rows are held for a second at most and handed on as whole blocks, tables
 * before what refers to them, so that the file is readable up to its last block whenever it ends. Knows no file.
 */
import type { Batch, NewFrames, NewStacks, SampleColumns } from '../profile/batch.ts';
import type { FrameName, Origin } from '../profile/frames.ts';
import { encodeBlock, fileHead } from './blocks.ts';
import {
  encodeFrames,
  encodeSamples,
  encodeStacks,
  type RecordedUnit,
  type SpanSamples,
} from './table-codec.ts';

/** What stands in a recording besides rows: JSON, whose meaning is the caller's. */
export type Facts = Readonly<Record<string, unknown>>;

const heldMs = 1000;
/** Some 256 KiB of samples. */
const mostHeldRows = 16_384;
const mostNameLetters = 2 ** 20;

export class RecordingWriter {
  readonly #write: (blocks: Uint8Array) => void;
  readonly #now: () => number;
  readonly #frames: NewFrames[] = [];
  readonly #stacks: NewStacks[] = [];
  readonly #modules: Facts[] = [];
  readonly #threads: Batch['threads'][number][] = [];
  readonly #names: FrameName[] = [];
  #samples: SpanSamples[] = [];
  #heldRows = 0;
  #frameCount = 0;
  /** Stack 0, the empty one, is in no file. */
  #stackCount = 1;
  /** The first status is written at once: it says what the file is about. */
  #flushedMs = Number.NEGATIVE_INFINITY;
  /** JSON by key as it was written last: only what changed is written again. */
  readonly #facts = new Map<string, string>();
  #status: Facts = {};

  /**
   * @param write takes whole blocks, in the order of the file
   * @param head what is known when it begins
   * @param now steady clock, in ms
   */
  constructor(write: (blocks: Uint8Array) => void, head: Facts, now: () => number = () => performance.now()) {
    this.#write = write;
    this.#now = now;
    write(Buffer.concat([fileHead(), jsonBlock('HEAD', head)]));
  }

  /** New rows of the tables, in their order. */
  tables({ frames, stacks, modules, threads }: Omit<Batch, 'samples'>): void {
    if (frames.kind.length > 0) this.#frames.push(frames);
    if (stacks.parent.length > 0) this.#stacks.push(stacks);
    // Its descriptor means nothing in another process.
    for (const { id, path, buildId, openedBy, file } of modules)
      this.#modules.push({ id, path, buildId, openedBy, file });
    this.#threads.push(...threads);
    this.#hold(frames.kind.length + stacks.parent.length);
  }

  names(names: readonly FrameName[]): void {
    for (const name of names) this.#names.push(name);
    this.#hold(names.length);
  }

  samples(unit: RecordedUnit, span: number, rows: SampleColumns): void {
    if (rows.stack.length === 0) return;
    for (const part of partsOf(rows)) {
      this.#samples.push({ unit, span, rows: part });
      this.#hold(part.stack.length);
    }
  }

  /** All weights before this are forgotten; tables stay. */
  reset(): void {
    this.#flush();
    this.#write(encodeBlock('RSET', new Uint8Array(0)));
  }

  /** What is known now; written with the rows that came before. */
  status(status: Facts): void {
    this.#status = status;
    if (this.#now() - this.#flushedMs >= heldMs) this.#flush();
  }

  /** The recording is complete. */
  end(): void {
    this.#flush();
    this.#write(encodeBlock('END ', new Uint8Array(0)));
  }

  #hold(rows: number): void {
    this.#heldRows += rows;
    if (this.#heldRows >= mostHeldRows) this.#flush();
  }

  #flush(): void {
    const blocks: Uint8Array[] = [];
    if (this.#modules.length > 0) blocks.push(jsonBlock('MODS', this.#modules.splice(0)));
    for (const rows of this.#frames.splice(0)) {
      blocks.push(encodeBlock('FRMS', encodeFrames(this.#frameCount, rows)));
      this.#frameCount += rows.kind.length;
    }
    for (const rows of this.#stacks.splice(0)) {
      blocks.push(encodeBlock('STKS', encodeStacks(this.#stackCount, rows)));
      this.#stackCount += rows.parent.length;
    }
    if (this.#threads.length > 0) blocks.push(jsonBlock('THRD', this.#threads.splice(0).map(threadRow)));
    for (const rows of nameParts(this.#names.splice(0))) blocks.push(encodeBlock('NAMS', Buffer.from(rows)));
    for (const samples of joined(this.#samples)) blocks.push(encodeBlock('SAMP', encodeSamples(samples)));
    this.#samples = [];
    this.#heldRows = 0;
    const changed = this.#changedFacts();
    if (changed !== undefined) blocks.push(encodeBlock('STAT', Buffer.from(changed)));
    this.#flushedMs = this.#now();
    if (blocks.length > 0) this.#write(Buffer.concat(blocks));
  }

  #changedFacts(): string | undefined {
    const changed: string[] = [];
    for (const [key, value] of Object.entries(this.#status)) {
      const json = JSON.stringify(value) ?? 'null';
      if (this.#facts.get(key) === json) continue;
      this.#facts.set(key, json);
      changed.push(`${JSON.stringify(key)}:${json}`);
    }
    return changed.length > 0 ? `{${changed.join(',')}}` : undefined;
  }
}

function jsonBlock(tag: string, value: unknown): Buffer {
  return encodeBlock(tag, Buffer.from(JSON.stringify(value)));
}

function threadRow({ index, thread }: Batch['threads'][number]): readonly unknown[] {
  return [index, thread.tid, thread.name];
}

/** JSON lists of names, each of bounded length: those of C++ may have thousands of letters. */
function* nameParts(names: readonly FrameName[]): Generator<string> {
  let part = '';
  for (const name of names) {
    const row: unknown[] = [name.frame, name.name, name.module, name.hasSymbol, ...originRow(name)];
    // Functions of runtimes alone have any.
    if (name.inlined !== undefined) row.push(name.inlined.map((each) => [each.name, ...originRow(each)]));
    part += `${part === '' ? '[' : ','}${JSON.stringify(row)}`;
    if (part.length < mostNameLetters) continue;
    yield `${part}]`;
    part = '';
  }
  if (part !== '') yield `${part}]`;
}

function originRow({ runtime, script, line }: Origin): unknown[] {
  return runtime === undefined ? [] : [runtime, script ?? '', line ?? 0];
}

/** Views of rows, as many in each as a block may have. */
export function* partsOf(rows: SampleColumns): Generator<SampleColumns> {
  for (let from = 0; from < rows.stack.length; from += mostHeldRows) {
    yield partOf(rows, from, from + mostHeldRows);
  }
}

function partOf(rows: SampleColumns, from: number, to: number): SampleColumns {
  return {
    timeNs: rows.timeNs.subarray(from, to),
    weightNs: rows.weightNs.subarray(from, to),
    thread: rows.thread.subarray(from, to),
    stack: rows.stack.subarray(from, to),
    samples: rows.samples.subarray(from, to),
  };
}

/** The drains of a second are one block as long as the span stays the same. */
function* joined(all: readonly SpanSamples[]): Generator<SpanSamples> {
  for (let from = 0; from < all.length; ) {
    const { unit, span } = all[from] as SpanSamples;
    let to = from + 1;
    while (all[to]?.span === span && all[to]?.unit === unit) to++;
    const parts = all.slice(from, to).map(({ rows }) => rows);
    const rows: SampleColumns = {
      timeNs: Float64Array.from(parts.flatMap(({ timeNs }) => [...timeNs])),
      weightNs: Float64Array.from(parts.flatMap(({ weightNs }) => [...weightNs])),
      thread: Uint32Array.from(parts.flatMap(({ thread }) => [...thread])),
      stack: Uint32Array.from(parts.flatMap(({ stack }) => [...stack])),
      samples: Uint32Array.from(parts.flatMap(({ samples }) => [...samples])),
    };
    yield { unit, span, rows };
    from = to;
  }
}
