/**
 * The slices that wait for their turn, one a turn of the event loop: many works at once hold up a key no longer than one
 * of them does. What somebody waits for comes before what only follows.
 */

/** How long slices may hold a turn of the event loop, all of them together. */
const turnMs = 4;

/** Takes the slice back; does nothing once it runs. */
export type Cancel = () => void;

class SliceQueue {
  readonly #urgent = new Set<() => void>();
  readonly #following = new Set<() => void>();
  #spentMs = 0;
  #isQueued = false;

  add(slice: () => void, isUrgent: boolean): Cancel {
    const waiting = isUrgent ? this.#urgent : this.#following;
    waiting.add(slice);
    this.#queue();
    return () => waiting.delete(slice);
  }

  /** How long a slice may still take in this turn. */
  get leftMs(): number {
    return Math.max(0, turnMs - this.#spentMs);
  }

  /** Tells how long one took. */
  spend(ms: number): void {
    this.#spentMs += ms;
    this.#queue();
  }

  #queue(): void {
    if (this.#isQueued) return;
    this.#isQueued = true;
    setImmediate(() => {
      this.#isQueued = false;
      this.#spentMs = 0;
      // A set keeps the order in which slices came.
      const waiting = this.#urgent.size > 0 ? this.#urgent : this.#following;
      const [next] = waiting;
      if (next === undefined) return;
      waiting.delete(next);
      if (this.#urgent.size + this.#following.size > 0) this.#queue();
      next();
    });
  }
}

/** One for all works of the process: they share its event loop. */
export const sliceQueue = new SliceQueue();
