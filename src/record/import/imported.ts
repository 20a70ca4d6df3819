/**
 * What every importer makes: a profile built from stacks of names, and what else its file said. Bounded whatever the
 * file claims: so many functions, stacks and threads, and no more.
 */
import { cleanText } from '../../profile/clean-text.ts';
import { activities, type FrameKind, frameKinds, markedLabels } from '../../profile/frames.ts';
import { Profile } from '../../profile/profile.ts';
import { systemCallNames } from '../../profile/system-calls.ts';
import type { Facts } from '../recording-writer.ts';

/** The file cannot be read as this format; the message says why, in a few words. */
export class NotImportable extends Error {}

export interface Imported {
  /** As users know the format. */
  readonly format: string;
  readonly profile: Profile;
  /** Our own keys, where the file was written by prof-tui. */
  readonly meta: Facts | undefined;
  /** What a weight is, where it is no time: such a unit is shown as if it were one. */
  readonly unitNote: string | undefined;
  /** Why a part of the file is missing; undefined when all was read. */
  readonly damage: string | undefined;
}

export interface ImportedFrame {
  readonly name: string;
  readonly module: string;
  readonly kind: 'native' | 'jit' | 'kernel';
}

/** For counts without a unit. */
export const nsOfCount = 1e6;

const mostFrames = 2 ** 20;
const mostStacks = 2 ** 21;
const mostThreads = 2 ** 16;
const rowsAtOnce = 50_000;
const kindOf = { native: 'native', jit: 'exec-anon', kernel: 'kernel' } as const satisfies Record<
  string,
  FrameKind
>;
const noModule = 0xffffffff;

/** What the frame of a marked label is in capture, so that it is marked again. */
const markedKinds: Readonly<Record<string, FrameKind>> = {
  [markedLabels.kernelNoSymbols]: 'kernel-unseen',
  [markedLabels.truncated]: 'truncated',
  [markedLabels.jitNoSymbols]: 'exec-anon',
};

interface Row {
  readonly stack: number;
  readonly thread: number;
  readonly weightNs: number;
  readonly samples: number;
}

export class ProfileBuilder {
  readonly profile = new Profile();
  readonly #frameIds = new Map<string, number>();
  readonly #stackIds = new Map<number, number>();
  readonly #threadIds = new Map<string, number>();
  readonly #unsampledNs = new Map<string, number>();
  #stackCount = 1;
  #rows: Row[] = [];

  /**
   * @param stack root first; may be empty
   * @param weightNs 0 or more; what is no such number counts as 0
   * @throws NotImportable when the file goes beyond what is kept
   */
  add(
    stack: readonly ImportedFrame[],
    thread: { tid: number; name: string },
    weightNs: number,
    samples: number,
  ): void {
    if (!(weightNs > 0 && weightNs <= Number.MAX_SAFE_INTEGER)) return;
    const [only] = stack;
    const isUnsampled =
      only?.name === markedLabels.notSampled || only?.name === markedLabels.kernelNotSampled;
    if (stack.length === 1 && isUnsampled) {
      this.#unsampledNs.set(only.name, (this.#unsampledNs.get(only.name) ?? 0) + weightNs);
      return;
    }
    let id = 0;
    for (const frame of stack) id = this.#stack(id, this.#frame(frame));
    const count = Number.isSafeInteger(samples) && samples > 0 ? Math.min(samples, noModule) : 0;
    this.#rows.push({ stack: id, thread: this.#thread(thread), weightNs, samples: count });
    if (this.#rows.length >= rowsAtOnce) this.#flush();
  }

  finish(): Profile {
    this.#flush();
    this.profile.settle();
    this.profile.settle(true);
    for (const label of [markedLabels.kernelNotSampled, markedLabels.notSampled]) {
      this.profile.setUnsampled(label, this.#unsampledNs.get(label) ?? 0);
    }
    return this.profile;
  }

  #frame({ name: raw, module: rawModule, kind }: ImportedFrame): number {
    const [name, module] = [cleanText(raw), cleanText(rawModule)];
    const key = `${kind}\0${module}\0${name}`;
    const known = this.#frameIds.get(key);
    if (known !== undefined) return known;
    if (this.#frameIds.size >= mostFrames) throw new NotImportable('more functions than prof-tui keeps');
    const blocked = blockedAddress(name);
    const frameKind = blocked === undefined ? (markedKinds[name] ?? kindOf[kind]) : 'blocked';
    const id = this.#frameIds.size;
    this.#frameIds.set(key, id);
    const { tables } = this.profile;
    tables.append({
      frames: {
        kind: Uint8Array.of(frameKinds.indexOf(frameKind)),
        module: Uint32Array.of(noModule),
        address: BigUint64Array.of(blocked ?? 0n),
        functionStart: BigUint64Array.of(0n),
      },
      stacks: { parent: new Uint32Array(0), frame: new Uint32Array(0) },
      modules: [],
      threads: [],
    });
    const isMarked = markedKinds[name] !== undefined;
    tables.setNames([{ frame: id, name: isMarked ? '' : name || '(no name)', module, hasSymbol: !isMarked }]);
    return id;
  }

  #stack(parent: number, frame: number): number {
    // Both stay below 2^21 and 2^20: one exact integer.
    const key = parent * mostFrames + frame;
    const known = this.#stackIds.get(key);
    if (known !== undefined) return known;
    if (this.#stackCount >= mostStacks) throw new NotImportable('more different stacks than prof-tui keeps');
    this.profile.tables.stacks.append({ parent: Uint32Array.of(parent), frame: Uint32Array.of(frame) });
    this.#stackIds.set(key, this.#stackCount);
    return this.#stackCount++;
  }

  #thread({ tid, name }: { tid: number; name: string }): number {
    const key = `${tid} ${name}`;
    const known = this.#threadIds.get(key);
    if (known !== undefined) return known;
    // The last one takes what is too many.
    const index = Math.min(this.#threadIds.size, mostThreads - 1);
    this.profile.tables.threads[index] ??= {
      tid: Number.isSafeInteger(tid) ? tid : 0,
      name: cleanText(name),
    };
    if (index < mostThreads - 1) this.#threadIds.set(key, index);
    return index;
  }

  #flush(): void {
    const rows = this.#rows;
    this.#rows = [];
    this.profile.addUnplacedSamples({
      timeNs: new Float64Array(rows.length),
      weightNs: Float64Array.from(rows, (row) => row.weightNs),
      thread: Uint32Array.from(rows, (row) => row.thread),
      stack: Uint32Array.from(rows, (row) => row.stack),
      samples: Uint32Array.from(rows, (row) => row.samples),
    });
  }
}

const callNumbers = new Map(Array.from(systemCallNames.x64, ([number, name]) => [name, number]));

/** `[sleeping: futex]` as capture packs it (see blocked.ts); undefined for any other name. */
function blockedAddress(name: string): bigint | undefined {
  const [, activity, call] = /^\[(\w+)(?:: (\w+))?\]$/.exec(name) ?? [];
  const index = (activities as readonly (string | undefined)[]).indexOf(activity);
  if (index < 0) return undefined;
  const number = call === undefined ? undefined : callNumbers.get(call);
  if (call !== undefined && number === undefined) return undefined;
  return (BigInt(index) << 32n) | BigInt(number === undefined ? 0 : number + 1);
}

/** Names that kernels go by where a module stands. */
export function isKernelModule(module: string): boolean {
  return /^\[?(kernel|guest\.kernel|vmlinux)/.test(module);
}

/** The file name of a path. */
export function fileNameOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

const nsOfUnit: Readonly<Record<string, number>> = {
  nanoseconds: 1,
  microseconds: 1e3,
  milliseconds: 1e6,
  seconds: 1e9,
};

/** How many ns one of a unit stands for, and what to say when it is no time. */
export function scaleOf(unit: string): { readonly ns: number; readonly unitNote: string | undefined } {
  const ns = nsOfUnit[unit];
  if (ns !== undefined) return { ns, unitNote: undefined };
  if (unit === 'count' || unit === 'none' || unit === '')
    return { ns: nsOfCount, unitNote: 'counts, each shown as 1 ms' };
  return { ns: 1, unitNote: `${cleanText(unit.slice(0, 40))}, each shown as 1 ns` };
}
