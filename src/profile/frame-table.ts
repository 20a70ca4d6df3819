/**
 * Frames by id: address columns from capture, names from the symbolizer. A frame keeps its address for ever,
 * so its name may come late, change, or come never.
 */
import type { NewFrames } from './batch.ts';
import { Column, uint8, uint32 } from './column.ts';
import { type Frame, type FrameKind, type FrameName, frameKinds } from './frames.ts';

const noModule = 0xffffffff;
/** Marks need no name and a process brings its own; the others wait for the symbolizer's first answer. */
const needsName: Record<FrameKind, boolean> = {
  native: true,
  'exec-anon': true,
  kernel: true,
  'kernel-unseen': false,
  truncated: false,
  blocked: false,
  runtime: false,
  process: false,
};

export class FrameTable {
  readonly #kind = new Column(uint8);
  readonly #module = new Column(uint32);
  #addresses = new BigUint64Array(1024);
  #functionStarts = new BigUint64Array(1024);
  readonly #names: (FrameName | undefined)[] = [];

  get length(): number {
    return this.#kind.length;
  }

  /** Appends the rows and returns those that want a name. */
  append(rows: NewFrames): Frame[] {
    const first = this.length;
    this.#reserve(first + rows.kind.length);
    this.#addresses.set(rows.address, first);
    this.#functionStarts.set(rows.functionStart, first);
    const unnamed: Frame[] = [];
    for (let i = 0; i < rows.kind.length; i++) {
      this.#kind.push(rows.kind[i] as number);
      this.#module.push(rows.module[i] as number);
      if (needsName[this.kindOf(first + i)]) unnamed.push(this.frame(first + i));
    }
    return unnamed;
  }

  /** A copy of some rows, as `append` takes them. */
  rows(from: number, to: number): NewFrames {
    return {
      kind: this.#kind.values.slice(from, to),
      module: this.#module.values.slice(from, to),
      address: this.#addresses.slice(from, to),
      functionStart: this.#functionStarts.slice(from, to),
    };
  }

  kindOf(id: number): FrameKind {
    return frameKinds[this.#kind.at(id)] as FrameKind;
  }

  frame(id: number): Frame {
    const module = this.#module.at(id);
    return {
      id,
      kind: this.kindOf(id),
      module: module === noModule ? -1 : module,
      address: this.#addresses[id] as bigint,
      functionStart: this.#functionStarts[id] as bigint,
    };
  }

  nameOf(id: number): FrameName | undefined {
    return this.#names[id];
  }

  /** @returns true when the frame had another name before: what was built on it must be built again. */
  setName(name: FrameName): boolean {
    const before = this.#names[name.frame];
    this.#names[name.frame] = name;
    return (
      before !== undefined &&
      (before.name !== name.name ||
        before.module !== name.module ||
        before.hasSymbol !== name.hasSymbol ||
        before.inlined?.length !== name.inlined?.length)
    );
  }

  /** Gives up waiting: the frame is shown without a name, and a name that comes later counts as a change. */
  setUnanswered(id: number): void {
    this.#names[id] = { frame: id, name: '', module: '', hasSymbol: false };
  }

  /** Whether the frame can be shown: it has an answer from the symbolizer, or is a mark. */
  isAnswered(id: number): boolean {
    return this.#names[id] !== undefined || !needsName[this.kindOf(id)];
  }

  #reserve(rows: number): void {
    if (rows <= this.#addresses.length) return;
    const size = Math.max(rows, this.#addresses.length * 2);
    const addresses = new BigUint64Array(size);
    addresses.set(this.#addresses);
    const starts = new BigUint64Array(size);
    starts.set(this.#functionStarts);
    this.#addresses = addresses;
    this.#functionStarts = starts;
  }
}
