/** Stacks as a trie of (parent stack, frame), root first; id 0 is the empty stack and every parent id is smaller. */
import type { NewStacks } from './batch.ts';
import { Column, uint32 } from './column.ts';

export class StackTable {
  readonly #parent = new Column(uint32);
  readonly #frame = new Column(uint32);

  constructor() {
    this.#parent.push(0);
    this.#frame.push(0);
  }

  get length(): number {
    return this.#parent.length;
  }

  append(rows: NewStacks): void {
    for (let i = 0; i < rows.parent.length; i++) {
      this.#parent.push(rows.parent[i] as number);
      this.#frame.push(rows.frame[i] as number);
    }
  }

  /** A copy of some rows, as `append` takes them. */
  rows(from: number, to: number): NewStacks {
    return { parent: this.#parent.values.slice(from, to), frame: this.#frame.values.slice(from, to) };
  }

  parentOf(stack: number): number {
    return this.#parent.at(stack);
  }

  frameOf(stack: number): number {
    return this.#frame.at(stack);
  }

  /** Frame ids, leaf first. */
  framesOf(stack: number): number[] {
    const frames: number[] = [];
    for (let at = stack; at !== 0; at = this.parentOf(at)) frames.push(this.frameOf(at));
    return frames;
  }
}
