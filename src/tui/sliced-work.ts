/** Long work in slices, between which the event loop answers keys and draws frames. */

/** How long a slice may hold the event loop. */
const sliceMs = 4;
/** Work that follows live data is begun again at most this often. */
const refreshMs = 1000;
/** The share of a core that following may cost: after dear work the pause is longer. */
const mostOfACore = 0.02;

export class SlicedWork {
  readonly #now: () => number;
  readonly #onDone: () => void;
  #next: NodeJS.Immediate | undefined;
  #spentMs = 0;
  #notBeforeMs = Number.NEGATIVE_INFINITY;

  constructor(now: () => number, onDone: () => void) {
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
   * Does the first slice now and the rest between events; work that is under way is given up.
   * @param step works until `isOver`; @returns whether all is done
   */
  start(step: (isOver: () => boolean) => boolean): void {
    this.stop();
    this.#spentMs = 0;
    this.#slice(step);
  }

  stop(): void {
    clearImmediate(this.#next);
    this.#next = undefined;
  }

  #slice(step: (isOver: () => boolean) => boolean): void {
    this.#next = undefined;
    const startMs = this.#now();
    const isDone = step(() => this.#now() - startMs >= sliceMs);
    const endMs = this.#now();
    this.#spentMs += endMs - startMs;
    if (!isDone) {
      this.#next = setImmediate(() => this.#slice(step));
      return;
    }
    this.#notBeforeMs = endMs + Math.max(refreshMs, this.#spentMs / mostOfACore);
    this.#onDone();
  }
}
