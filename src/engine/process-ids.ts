/**
 * Ids of several processes in one profile. Each native session counts frames, stacks, modules and threads from 0; here
 * they get the next free ids of all, and each stack of a process stands on one frame that stands for it. Pure.
 */
import { frameKinds } from '../profile/frames.ts';
import { runtimeAddress, runtimePlaceOf } from '../profile/runtime-place.ts';
import type { NativeBatch } from './native.ts';

const noModule = 0xffffffff;
const runtimeKind = frameKinds.indexOf('runtime');

/** What the threads are together called that are not told apart any more. No thread of Linux has the id 0. */
export const laterThreads = { tid: 0, name: '[later threads]' };

/** The next free id of each table of the profile; stack 0 is the empty one. */
export class IdSpace {
  /** More are not told apart: a target that makes threads for hours would fill our memory. */
  readonly mostThreads: number;
  areLaterThreadsTold = false;
  frames = 0;
  stacks = 1;
  modules = 0;
  threads = 0;
  /** Of language runtimes. */
  functions = 0;

  constructor(mostThreads = 10_000) {
    this.mostThreads = mostThreads;
  }
}

/** Where the rows of a process belong. */
export interface RowPlace {
  readonly pid: number;
  /** From its session's clock to that of the profile. */
  readonly offsetNs: number;
  /** From a start of an engine in it to a span of the profile. */
  readonly spanOf: (start: number) => number;
}

export class ProcessIds {
  /** The frame that stands for the process; known from the first batch on. */
  rootFrame: number | undefined;
  readonly #space: IdSpace;
  readonly #frames: number[] = [];
  readonly #stacks: number[] = [];
  readonly #modules: number[] = [];
  readonly #threads: number[] = [];
  readonly #functions: number[] = [];

  constructor(space: IdSpace) {
    this.#space = space;
  }

  /** A batch in the profile's ids: to be appended before that of any other process is renumbered. */
  renumber(batch: NativeBatch, { pid, offsetNs, spanOf }: RowPlace): NativeBatch {
    const isFirst = this.rootFrame === undefined;
    const modules = batch.modules.map((module) => ({ ...module, id: this.#module(module.id) }));
    for (const _ of batch.functions) this.#functions.push(this.#space.functions++);
    const rows = this.#rows(batch.rows);
    return {
      rows: isFirst ? withRoot(rows, pid, this.rootFrame ?? 0) : rows,
      modules,
      threads: this.#threadRows(batch.threads),
      functions: batch.functions,
      timeNs: batch.timeNs.map((timeNs) => timeNs + offsetNs),
      weightNs: batch.weightNs,
      thread: batch.thread.map((index) => this.#thread(index)),
      stack: batch.stack.map((stack) => this.#stacks[stack] as number),
      span: batch.span.map(spanOf),
      samples: batch.samples,
    };
  }

  #rows(rows: NativeBatch['rows']): NativeBatch['rows'] {
    const space = this.#space;
    if (this.rootFrame === undefined) {
      this.rootFrame = space.frames++;
      // The empty stack of the process is its own frame alone.
      this.#stacks.push(space.stacks++);
    }
    for (let i = 0; i < rows.frameKind.length; i++) this.#frames.push(space.frames++);
    for (let i = 0; i < rows.stackParent.length; i++) this.#stacks.push(space.stacks++);
    return {
      ...rows,
      frameAddress: rows.frameAddress.map((address, i) =>
        rows.frameKind[i] === runtimeKind ? this.#runtimeAddress(address) : address,
      ),
      frameModule: rows.frameModule.map((module) => (module === noModule ? module : this.#module(module))),
      stackParent: rows.stackParent.map((stack) => this.#stacks[stack] as number),
      stackFrame: rows.stackFrame.map((frame) => this.#frames[frame] as number),
    };
  }

  #runtimeAddress(address: bigint): bigint {
    const place = runtimePlaceOf(address);
    return runtimeAddress({ ...place, function: this.#functions[place.function] ?? 0 });
  }

  #module(id: number): number {
    this.#modules[id] ??= this.#space.modules++;
    return this.#modules[id];
  }

  #threadRows(threads: NativeBatch['threads']): NativeBatch['threads'] {
    const rows = threads.map((thread) => ({ ...thread, index: this.#thread(thread.index) }));
    const { mostThreads, areLaterThreadsTold } = this.#space;
    const apart = rows.filter(({ index }) => index < mostThreads);
    if (apart.length === rows.length || areLaterThreadsTold) return apart;
    this.#space.areLaterThreadsTold = true;
    return [...apart, { index: mostThreads, ...laterThreads }];
  }

  #thread(index: number): number {
    const known = this.#threads[index];
    if (known !== undefined) return known;
    if (this.#space.threads >= this.#space.mostThreads) return this.#space.mostThreads;
    this.#threads[index] = this.#space.threads++;
    return this.#threads[index];
  }
}

/** The rows after one of the process itself. */
function withRoot(rows: NativeBatch['rows'], pid: number, rootFrame: number): NativeBatch['rows'] {
  const frames = rows.frameKind.length + 1;
  const stacks = rows.stackParent.length + 1;
  return {
    frameKind: joined(Uint8Array.of(frameKinds.indexOf('process')), rows.frameKind, new Uint8Array(frames)),
    frameModule: joined(Uint32Array.of(noModule), rows.frameModule, new Uint32Array(frames)),
    frameAddress: joined(BigUint64Array.of(BigInt(pid)), rows.frameAddress, new BigUint64Array(frames)),
    frameFunctionStart: joined(BigUint64Array.of(0n), rows.frameFunctionStart, new BigUint64Array(frames)),
    stackParent: joined(Uint32Array.of(0), rows.stackParent, new Uint32Array(stacks)),
    stackFrame: joined(Uint32Array.of(rootFrame), rows.stackFrame, new Uint32Array(stacks)),
  };
}

function joined<T extends Uint8Array | Uint32Array | BigUint64Array>(first: T, rest: T, into: T): T {
  into.set(first as never);
  into.set(rest as never, first.length);
  return into;
}
