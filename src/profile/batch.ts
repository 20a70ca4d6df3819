/** What capture hands over at each drain: new table rows first, then samples that refer to them. Columns, not objects. */
import type { Module, RuntimeFunction } from './frames.ts';

export interface NewFrames {
  /** Index into `frameKinds`. */
  readonly kind: Uint8Array;
  /** Module id, 0xffffffff for none. */
  readonly module: Uint32Array;
  readonly address: BigUint64Array;
  readonly functionStart: BigUint64Array;
}

/** A trie of (parent stack, frame), root first: row i has id `first + i`; id 0 is the empty stack. */
export interface NewStacks {
  readonly parent: Uint32Array;
  readonly frame: Uint32Array;
}

/** `thread` is the index of a thread seen by the session, not the tid: tids are reused. */
export interface SampleColumns {
  /** ns since the session began. */
  readonly timeNs: Float64Array;
  readonly weightNs: Float64Array;
  readonly thread: Uint32Array;
  readonly stack: Uint32Array;
  /**
   * How many samples a row stands for: 0 for the rest of a thread's time that its last stack carries, more than 1 for
   * a thread that was seen again and again where it sleeps.
   */
  readonly samples: Uint32Array;
}

export interface Thread {
  readonly tid: number;
  readonly name: string;
}

export interface Batch {
  readonly frames: NewFrames;
  readonly stacks: NewStacks;
  readonly modules: readonly Module[];
  /** Threads whose name is new or changed, by thread index. */
  readonly threads: readonly { readonly index: number; readonly thread: Thread }[];
  /** Functions of runtimes, numbered on from those of earlier batches; frames of kind `runtime` have such a number in their address. */
  readonly functions?: readonly RuntimeFunction[];
  readonly samples: SampleColumns;
}
