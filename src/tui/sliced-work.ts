/** Long work in slices, between which the event loop answers keys and draws frames. */
import { type Cancel, sliceQueue } from './slice-queue.ts';

/** Work that follows live data is begun again at most this often. */
const refreshMs = 1000;
/** The share of a core that following may cost: after dear work the pause is longer. */
const mostOfACore = 0.02;

export class SlicedWork {
  readonly #now: () => number;
  readonly #onDone: () => void;
  readonly #isUrgent: boolean;
  #next: Cancel | undefined;
  #spentMs = 0;
  #notBeforeMs = Number.NEGATIVE_INFINITY;

  /** @param isUrgent somebody waits for what it finds; other work lets it go first */
  constructor(now: () => number, onDone: () => void, isUrgent = true) {
    this.#isUrgent = isUrgent;
    this.#now = now;
    this.#onDone = onDone;
  }

  get isRunning(): boolean {
    return this.#next !== undefined;
  }

  /** Whether enough time has passed since the last work to do the same again. */
  get isDue(): boolean {
    return !this.isRunning && this.#now() >= this.#notBeforeMs;
  }

  /**
   * Does the first slice now, if somebody waits for it and no other has used up this turn of the event loop, and the rest
   * between events; work that is under way is given up.
   * @param step works until `isOver`; @returns whether all is done
   */
  start(step: (isOver: () => boolean) => boolean): void {
    this.stop();
    this.#spentMs = 0;
    if (this.#isUrgent && sliceQueue.leftMs > 0) this.#slice(step);
    else this.#wait(step);
  }

  stop(): void {
    this.#next?.();
    this.#next = undefined;
  }

  #wait(step: (isOver: () => boolean) => boolean): void {
    this.#next = sliceQueue.add(() => this.#slice(step), this.#isUrgent);
  }

  #slice(step: (isOver: () => boolean) => boolean): void {
    this.#next = undefined;
    const startMs = this.#now();
    const overMs = startMs + sliceQueue.leftMs;
    const isDone = step(() => this.#now() >= overMs);
    const endMs = this.#now();
    this.#spentMs += endMs - startMs;
    sliceQueue.spend(endMs - startMs);
    if (!isDone) {
      this.#wait(step);
      return;
    }
    this.#notBeforeMs = endMs + Math.max(refreshMs, this.#spentMs / mostOfACore);
    this.#onDone();
  }
}
