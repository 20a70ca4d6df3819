/**
 * What profiles of one target share: frames, stacks, threads, modules and names. Weights of different units (CPU time,
 * wall time) lie in profiles of their own on the same tables, so that a name is asked for once.
 */
import type { Batch, Thread } from './batch.ts';
import { FrameTable } from './frame-table.ts';
import type { Frame, FrameName, Module } from './frames.ts';
import { Functions } from './functions.ts';
import { StackTable } from './stack-table.ts';

export class ProfileTables {
  readonly functions = new Functions();
  readonly frames = new FrameTable();
  readonly stacks = new StackTable();
  readonly modules: Module[] = [];
  readonly threads: Thread[] = [];
  /** Grows when a frame that had a name got another one: trees built before are out of date. */
  namesVersion = 0;

  /** @returns the new frames that want a name */
  append(batch: Omit<Batch, 'samples'>): Frame[] {
    const unnamed = this.frames.append(batch.frames);
    this.stacks.append(batch.stacks);
    this.modules.push(...batch.modules);
    for (const { index, thread } of batch.threads) this.threads[index] = thread;
    return unnamed;
  }

  setNames(names: readonly FrameName[]): void {
    let hasChanged = false;
    for (const name of names) hasChanged = this.frames.setName(name) || hasChanged;
    if (hasChanged) this.namesVersion++;
  }
}
