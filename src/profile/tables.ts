/**
 * What profiles of one target share: frames, stacks, threads, modules and names. Weights of different units (CPU time,
 * wall time) lie in profiles of their own on the same tables, so that a name is asked for once.
 */
import type { Batch, Thread } from './batch.ts';
import { FrameTable } from './frame-table.ts';
import type { Frame, FrameName, Module, RuntimeFunction } from './frames.ts';
import { Functions } from './functions.ts';
import { runtimeFrameName } from './runtime-names.ts';
import { runtimePlaceOf } from './runtime-place.ts';
import { StackTable } from './stack-table.ts';

const rowsAtOnce = 16_384;

export class ProfileTables {
  readonly functions = new Functions();
  readonly frames = new FrameTable();
  readonly stacks = new StackTable();
  readonly modules: Module[] = [];
  readonly threads: Thread[] = [];
  readonly #runtimeFunctions: RuntimeFunction[] = [];
  /** Grows when a frame that had a name got another one: trees built before are out of date. */
  namesVersion = 0;

  /** @returns the new frames that want a name */
  append(batch: Omit<Batch, 'samples'>): Frame[] {
    const first = this.frames.length;
    const unnamed = this.frames.append(batch.frames);
    this.#runtimeFunctions.push(...(batch.functions ?? []));
    this.#nameRuntimeFrames(first);
    this.stacks.append(batch.stacks);
    this.modules.push(...batch.modules);
    for (const { index, thread } of batch.threads) this.threads[index] = thread;
    return unnamed;
  }

  /** Frames of a runtime come with their functions. */
  #nameRuntimeFrames(first: number): void {
    for (const name of this.runtimeNames(first)) this.frames.setName(name);
  }

  /** Names of the frames of runtimes from `first` on. */
  runtimeNames(first: number): FrameName[] {
    const names: FrameName[] = [];
    for (let id = first; id < this.frames.length; id++) {
      if (this.frames.kindOf(id) !== 'runtime') continue;
      const called = this.#runtimeFunctions[runtimePlaceOf(this.frames.frame(id).address).function];
      if (called !== undefined) names.push(runtimeFrameName(id, called));
    }
    return names;
  }

  /** All rows, in parts of bounded size: appended to empty tables they give these again. */
  *rows(): Generator<Omit<Batch, 'samples'>> {
    const threads = this.threads.map((thread, index) => ({ index, thread }));
    const none = { frames: this.frames.rows(0, 0), stacks: this.stacks.rows(0, 0), modules: [], threads: [] };
    yield { ...none, modules: this.modules, threads: threads.filter((each) => each !== undefined) };
    for (let from = 0; from < this.frames.length; from += rowsAtOnce) {
      yield { ...none, frames: this.frames.rows(from, Math.min(from + rowsAtOnce, this.frames.length)) };
    }
    // The empty stack is in every table.
    for (let from = 1; from < this.stacks.length; from += rowsAtOnce) {
      yield { ...none, stacks: this.stacks.rows(from, Math.min(from + rowsAtOnce, this.stacks.length)) };
    }
  }

  /** The names of all frames that have one, in parts of bounded size. */
  *names(): Generator<FrameName[]> {
    for (let from = 0; from < this.frames.length; from += rowsAtOnce) {
      const ids = Array.from({ length: Math.min(rowsAtOnce, this.frames.length - from) }, (_, i) => from + i);
      yield ids.map((id) => this.frames.nameOf(id)).filter((name) => name !== undefined);
    }
  }

  setNames(names: readonly FrameName[]): void {
    let hasChanged = false;
    for (const name of names) hasChanged = this.frames.setName(name) || hasChanged;
    if (hasChanged) this.namesVersion++;
  }
}
