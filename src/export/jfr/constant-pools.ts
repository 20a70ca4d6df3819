/**
 * The constants of a JFR chunk: threads, stacks, methods, classes, symbols. Events hold their keys; the checkpoint event
 * at the chunk's end holds them all. No key is used again in a later chunk: the JDK looks a key up in the chunk before,
 * first (ChunkParser and ConstantLookup keep its pools while the metadata stay the same).
 */

import { ByteWriter } from '../../encoding/byte-writer.ts';
import type { Thread } from '../../profile/batch.ts';
import type { CallTree, NodeId } from '../../profile/call-tree.ts';
import type { FunctionKind } from '../../profile/frames.ts';
import type { ProfileFunction } from '../../profile/functions.ts';
import { pathOf } from '../stacks.ts';
import { type TypeName, typeIds, writeNullString, writeString } from './metadata.ts';

/**
 * async-profiler's list: its converter knows frames by these numbers, takes native frames for Java ones when "Kernel" is
 * missing, and fails on a number above 6.
 */
const frameTypes = ['Interpreted', 'JIT compiled', 'Inlined', 'Native', 'C++', 'Kernel', 'C1 compiled'];
const frameTypeOf: Readonly<Record<FunctionKind, number>> = {
  native: 3,
  root: 3,
  marked: 3,
  runtime: 1,
  jit: 1,
  kernel: 5,
};

/** Samples with another state are dropped by `jfrconv --cpu`. */
export const defaultState = 0;

// An empty descriptor breaks the JDK's printer.
const descriptor = '()L;';

export class ConstantPools {
  readonly #tree: CallTree;
  readonly #symbols = new Pool<string>();
  readonly #classes = new Pool<string>();
  /** By function id. */
  readonly #methods = new Pool<number>();
  readonly #stacks = new Pool<NodeId>();
  /** Thread objects, not tids: those are reused. */
  readonly #threads = new Pool<Thread>();

  constructor(tree: CallTree) {
    this.#tree = tree;
  }

  /** Forgets all constants, not their keys. */
  nextChunk(): void {
    for (const pool of [this.#symbols, this.#classes, this.#methods, this.#stacks, this.#threads])
      pool.clear();
  }

  thread(thread: Thread): number {
    return this.#threads.key(thread, (out) => {
      writeString(out, thread.name);
      out.varint(thread.tid);
      // No Java thread: it has no Java name and no Java id.
      writeNullString(out);
      out.varint(0);
    });
  }

  stack(node: NodeId): number {
    return this.#stacks.key(node, (out) => {
      const path = pathOf(this.#tree, node);
      out.byte(0);
      out.varint(path.length);
      // Leaf first.
      for (let i = path.length - 1; i >= 0; i--) {
        const found = path[i] as ProfileFunction;
        out.varint(this.#method(found));
        // Line and bytecode are not known.
        out.byte(0);
        out.byte(0);
        out.byte(frameType(found));
      }
    });
  }

  /** The body of the checkpoint event behind its size. A pool without constants would break the JDK's reader. */
  *checkpoint(startTicks: number): Generator<Uint8Array> {
    const pools: (readonly [TypeName, Pool<unknown>])[] = [
      ['jdk.types.FrameType', enumeration(frameTypes)],
      ['jdk.types.ThreadState', enumeration(['STATE_DEFAULT'])],
      ['java.lang.Thread', this.#threads],
      ['jdk.types.StackTrace', this.#stacks],
      ['jdk.types.Method', this.#methods],
      ['java.lang.Class', this.#classes],
      ['jdk.types.Symbol', this.#symbols],
    ];
    const filled = pools.filter(([, pool]) => pool.size > 0);
    const out = new ByteWriter();
    // Type 1, time, duration, no checkpoint before it, flush, number of pools.
    for (const value of [1, startTicks, 0, 0, 1, filled.length]) out.varint(value);
    for (const [type, pool] of filled) {
      out.varint(typeIds[type]);
      out.varint(pool.size);
      yield out.take();
      yield pool.bytes;
    }
  }

  #method(found: ProfileFunction): number {
    return this.#methods.key(found.id, (out) => {
      out.varint(this.#class(found.module));
      out.varint(this.#symbol(found.name));
      out.varint(this.#symbol(descriptor));
      out.varint(0);
      out.byte(0);
    });
  }

  /** A module stands where Java has a class; a method without one breaks every reader. */
  #class(module: string): number {
    return this.#classes.key(module, (out) => {
      const name = this.#symbol(module);
      for (const value of [0, name, 0, 0]) out.varint(value);
    });
  }

  #symbol(text: string): number {
    return this.#symbols.key(text, (out) => writeString(out, text));
  }
}

/** Kernel time without names is kernel time. */
function frameType({ kind, module, name }: ProfileFunction): number {
  if (kind === 'marked' && module === 'kernel') return frameTypeOf.kernel;
  return name === '[jit: no symbols]' ? frameTypeOf.jit : frameTypeOf[kind];
}

/** Constants of one type: key, then fields, in order of first sight; keys begin at 1, since 0 is none. */
class Pool<T> {
  readonly #keys = new Map<T, number>();
  readonly #out = new ByteWriter();
  #lastKey = 0;

  clear(): void {
    this.#keys.clear();
    this.#out.clear();
  }

  get size(): number {
    return this.#keys.size;
  }

  get bytes(): Uint8Array {
    return this.#out.view();
  }

  key(value: T, write: (out: ByteWriter) => void): number {
    const known = this.#keys.get(value);
    if (known !== undefined) return known;
    const key = ++this.#lastKey;
    this.put(key, value, write);
    return key;
  }

  /** With a key that is given: enumerations begin at 0. */
  put(key: number, value: T, write: (out: ByteWriter) => void): void {
    this.#keys.set(value, key);
    this.#out.varint(key);
    write(this.#out);
  }
}

function enumeration(names: readonly string[]): Pool<unknown> {
  const pool = new Pool<unknown>();
  for (const [key, name] of names.entries()) pool.put(key, name, (out) => writeString(out, name));
  return pool;
}
