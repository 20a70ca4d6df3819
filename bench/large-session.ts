/**
 * A session over a large profile that goes on growing, made up in typed arrays: what is measured is the profile and its
 * views, not the memory of whoever makes it up.
 */
import type { Thread } from '../src/profile/batch.ts';
import { Profile } from '../src/profile/profile.ts';
import { SyntheticSession } from '../test/helpers/synthetic-session.ts';

export interface LargeShape {
  /** Distinct stacks at the beginning. */
  readonly stacks: number;
  /** Frames of a stack. */
  readonly depth: number;
  /** Distinct functions called by one place; 0 for as many as the walks happen to give. */
  readonly fanOut?: number;
}

const ways = 2000;
const fewestFunctions = 4000;
const threads = 8;
const periodNs = 10_101_010;
/** Frames at the end of a stack that are its own. */
const tail = 3;
const stacksAtOnce = 5000;

export class LargeSession extends SyntheticSession {
  readonly #profile = new Profile();
  readonly #shape: LargeShape;
  readonly #functions: number;
  #stackCount = 0;
  readonly #wayEnds: number[] = [];
  /** Ends of the stacks there are. */
  readonly #ends: number[] = [];
  readonly #trie = new Map<number, number>();
  readonly #newParents: number[] = [];
  readonly #newFrames: number[] = [];
  readonly #newThreads: { readonly index: number; readonly thread: Thread }[] = [];
  #threadCount = 0;
  #seed = 11;
  #nowNs = 0;

  constructor(shape: LargeShape) {
    super();
    this.#shape = shape;
    this.#functions = Math.max(fewestFunctions, shape.fanOut ?? 0);
    this.#addFrames();
    for (let at = 0; at < threads; at++) this.addThread();
    for (let way = 0; way < ways; way++) this.#wayEnds.push(this.#addWay(way));
    for (let at = 0; at < shape.stacks; at += stacksAtOnce) {
      this.grow(Math.min(stacksAtOnce, shape.stacks - at), 0);
    }
    this.#profile.settle(true);
  }

  override get profile(): Profile {
    return this.#profile;
  }

  /** Time passes; samples come on new stacks and on known ones. */
  grow(newStacks: number, knownStacks: number, ms = 0): void {
    this.#nowNs += ms * 1e6;
    const stacks: number[] = [];
    for (let i = 0; i < newStacks; i++) stacks.push(this.#addTail());
    for (let i = 0; i < knownStacks; i++) stacks.push(this.#ends[this.#random(this.#ends.length)] as number);
    const count = stacks.length;
    this.#profile.add({
      frames: {
        kind: new Uint8Array(0),
        module: new Uint32Array(0),
        address: new BigUint64Array(0),
        functionStart: new BigUint64Array(0),
      },
      stacks: { parent: Uint32Array.from(this.#newParents), frame: Uint32Array.from(this.#newFrames) },
      modules: [],
      threads: this.#newThreads.splice(0),
      samples: {
        timeNs: new Float64Array(count).fill(this.#nowNs),
        weightNs: new Float64Array(count).fill(periodNs),
        thread: Uint32Array.from(stacks, (stack, at) =>
          at === 0 && this.#threadCount > threads ? this.#threadCount - 1 : stack % threads,
        ),
        stack: Uint32Array.from(stacks),
        samples: new Uint32Array(count).fill(1),
      },
    });
    this.#newParents.length = 0;
    this.#newFrames.length = 0;
    this.#profile.setNow(this.#nowNs);
  }

  /** One more thread, which takes its part of all samples to come. */
  addThread(): void {
    const index = this.#threadCount++;
    this.#newThreads.push({ index, thread: { tid: 100 + index, name: `worker-${index}` } });
  }

  #addFrames(): void {
    const functions = this.#functions;
    const ids = Array.from({ length: functions }, (_, id) => id);
    this.#profile.add({
      frames: {
        kind: new Uint8Array(functions),
        module: new Uint32Array(functions).fill(0xffffffff),
        address: BigUint64Array.from(ids, (id) => BigInt(4096 + id)),
        functionStart: new BigUint64Array(functions),
      },
      stacks: { parent: new Uint32Array(0), frame: new Uint32Array(0) },
      modules: [],
      threads: [],
      samples: {
        timeNs: new Float64Array(0),
        weightNs: new Float64Array(0),
        thread: new Uint32Array(0),
        stack: new Uint32Array(0),
        samples: new Uint32Array(0),
      },
    });
    this.#profile.setNames(
      ids.map((frame) => ({
        frame,
        name:
          frame === 0
            ? 'main'
            : `space_${frame % 50}::Class_${frame % 300}<int>::function_${frame}(char const*)`,
        module: `library_${frame % 17}.so`,
        hasSymbol: true,
      })),
    );
  }

  /** The part of a stack that it shares with others: a path of its own among those of all ways. */
  #addWay(way: number): number {
    let at = 0;
    const length = this.#shape.depth - tail;
    for (let depth = 0; depth < length; depth++) {
      const branch = depth === 0 ? 0 : way >> Math.max(0, 11 - depth);
      const frame = depth === 0 ? 0 : 1 + ((branch * 31 + depth * 257) % (this.#functions - 1));
      at = this.#child(at, frame);
    }
    return at;
  }

  #addTail(): number {
    const { fanOut = 0 } = this.#shape;
    let at = this.#wayEnds[fanOut > 0 ? 0 : this.#random(ways)] as number;
    if (fanOut > 0) at = this.#child(at, this.#random(fanOut));
    for (let depth = 0; depth < tail; depth++) at = this.#add(at, this.#random(this.#functions));
    this.#ends.push(at);
    return at;
  }

  #child(parent: number, frame: number): number {
    const key = parent * this.#functions + frame;
    const known = this.#trie.get(key);
    if (known !== undefined) return known;
    const stack = this.#add(parent, frame);
    this.#trie.set(key, stack);
    return stack;
  }

  #add(parent: number, frame: number): number {
    this.#newParents.push(parent);
    this.#newFrames.push(frame);
    return ++this.#stackCount;
  }

  #random(below: number): number {
    this.#seed = (this.#seed * 48_271) % 2_147_483_647;
    return this.#seed % below;
  }
}
