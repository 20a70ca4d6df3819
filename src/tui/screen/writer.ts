/**
 * Writes to the terminal with one asynchronous write in flight. process.stdout is synchronous on a Linux tty, so a
 * terminal that stops reading would hold the event loop; here it only makes frames be skipped.
 */
import { write } from 'node:fs';

const retryMs = 5;

export interface WriterEvents {
  /** The last write is through; a newer frame may follow. */
  readonly onReady: () => void;
  /** The terminal is gone (EIO, EPIPE …): nothing more can be written. */
  readonly onGone: () => void;
}

export class TerminalWriter {
  #pending: Buffer | undefined;
  #isClosed = false;
  #settled: (() => void)[] = [];
  readonly #fd: number;
  readonly #events: WriterEvents;

  constructor(fd: number, events: WriterEvents) {
    this.#fd = fd;
    this.#events = events;
  }

  /** A write is in flight: the caller keeps its newest state and waits for `onReady`. */
  get isBusy(): boolean {
    return this.#pending !== undefined;
  }

  /** Starts a write; must not be called while busy. */
  send(text: string): void {
    if (this.#isClosed || text === '') return;
    this.#pending = Buffer.from(text);
    this.#writeRest();
  }

  /** Resolves true when nothing is in flight, false when the terminal did not take it in time. */
  settle(limitMs: number): Promise<boolean> {
    if (!this.isBusy) return Promise.resolve(true);
    return new Promise((resolve) => {
      const timer = setTimeout(() => resolve(false), limitMs);
      this.#settled.push(() => {
        clearTimeout(timer);
        resolve(true);
      });
    });
  }

  /** Nothing is written any more; a write in flight ends where it is. */
  close(): void {
    this.#isClosed = true;
  }

  #writeRest(): void {
    const bytes = this.#pending;
    if (bytes === undefined) return;
    write(this.#fd, bytes, (error, written) => {
      if (error?.code === 'EAGAIN') return void setTimeout(() => this.#writeRest(), retryMs);
      if (error !== null && error !== undefined && error.code !== 'EINTR') return this.#fail();
      const rest = bytes.subarray(written ?? 0);
      // A short write is finished first, else the next frame would begin inside a cut sequence.
      if (rest.length > 0 && !this.#isClosed) {
        this.#pending = rest;
        return this.#writeRest();
      }
      this.#finish();
      if (!this.#isClosed) this.#events.onReady();
    });
  }

  #fail(): void {
    const wasClosed = this.#isClosed;
    this.#isClosed = true;
    this.#finish();
    if (!wasClosed) this.#events.onGone();
  }

  #finish(): void {
    this.#pending = undefined;
    const settled = this.#settled;
    this.#settled = [];
    for (const resolve of settled) resolve();
  }
}
