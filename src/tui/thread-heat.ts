/** Where each thread is hottest, worked out in slices while the threads are on the screen, and again as it may be. */
import { allThreads, type Hottest } from '../profile/hottest-by-thread.ts';
import { SlicedWork } from './sliced-work.ts';
import type { TreeSource } from './tree-source.ts';

export class ThreadHeat {
  readonly #source: TreeSource;
  readonly #work: SlicedWork;
  #result: ReadonlyMap<number, Hottest> = new Map();
  /** What the result, or the work under way, is of. */
  #of: { readonly basis: object; readonly rows: unknown } | undefined;

  constructor(source: TreeSource, onDone: () => void, now: () => number) {
    this.#source = source;
    this.#work = new SlicedWork(now, onDone, false);
  }

  /** Once a frame: works on what has changed; what grows is followed no more often than it may. */
  follow(): void {
    const { counted, profile, basis, isOfNow } = this.#source;
    if (!isOfNow) return;
    const rows = counted.rowNs ?? profile.tree.version;
    const isOther = this.#of?.basis !== basis;
    if (!isOther && (this.#of?.rows === rows || !this.#work.isDue)) return;
    this.#of = { basis, rows };
    const hottest = profile.hottestByThread(counted);
    this.#work.start((isOver) => {
      if (!hottest.step(isOver)) return false;
      // Nodes were made anew: it begins again at the next frame.
      if (hottest.isOutdated) this.#of = undefined;
      else this.#result = hottest.result;
      return true;
    });
  }

  /** @param thread index, or -1 for all of them; undefined while nothing is known */
  of(thread: number = allThreads): Hottest | undefined {
    return this.#result.get(thread);
  }

  close(): void {
    this.#work.stop();
  }
}
