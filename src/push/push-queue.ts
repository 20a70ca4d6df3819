/**
 * What waits to be sent: one request at a time, oldest first, again after a pause when the receiver is away. Bounded: when
 * it is full the oldest goes, counted. Nobody waits for it but who ends it.
 */
import type { Answer } from './post.ts';

export interface Parcel {
  readonly body: Uint8Array;
  readonly samples: number;
}

export interface PushOptions {
  readonly post: (body: Uint8Array, signal: AbortSignal) => Promise<Answer>;
  /** Reads the body of an answer; a text when the receiver has something to say. */
  readonly remarkOf: (body: Buffer) => string | undefined;
  /** Hears what changes: the receiver is away, is back, refuses, or parcels are dropped. */
  readonly onNews: (line: string) => void;
  readonly mostBytes?: number;
  readonly firstPauseMs?: number;
  readonly longestPauseMs?: number;
}

export interface Tally {
  readonly parcels: number;
  readonly samples: number;
}

const none: Tally = { parcels: 0, samples: 0 };

export class PushQueue {
  readonly #options: Required<PushOptions>;
  readonly #waiting: Parcel[] = [];
  readonly #abort = new AbortController();
  #bytes = 0;
  #isSending = false;
  #isEnding = false;
  #failures = 0;
  /** Why the last try failed, or parcels were refused; each is told once. */
  #trouble: string | undefined;
  #wake: (() => void) | undefined;
  #onIdle: () => void = () => {};
  sent = none;
  dropped = none;
  refused = none;

  constructor(options: PushOptions) {
    this.#options = { mostBytes: 16 * 2 ** 20, firstPauseMs: 1000, longestPauseMs: 30_000, ...options };
  }

  get waiting(): Tally {
    return this.#waiting.reduce(plus, none);
  }

  /** Why the last parcels did not arrive; undefined while all is well. */
  get trouble(): string | undefined {
    return this.#trouble;
  }

  add(parcel: Parcel): void {
    this.#waiting.push(parcel);
    this.#bytes += parcel.body.length;
    this.#dropOldest();
    if (!this.#isSending) void this.#sendAll();
  }

  /** Sends what waits, at most so long; what is left then stays in `waiting`. */
  async end(mostMs: number): Promise<void> {
    this.#isEnding = true;
    // A pause of our own is cut short; one that the receiver asked for is kept.
    this.#wake?.();
    if (this.#isSending) {
      let timer: NodeJS.Timeout | undefined;
      const tooLate = new Promise<void>((resolve) => {
        timer = setTimeout(resolve, mostMs);
      });
      const idle = new Promise<void>((resolve) => {
        this.#onIdle = resolve;
      });
      await Promise.race([tooLate, idle]);
      clearTimeout(timer);
    }
    this.#abort.abort();
  }

  async #sendAll(): Promise<void> {
    this.#isSending = true;
    for (let parcel = this.#waiting[0]; parcel !== undefined; parcel = this.#waiting[0]) {
      const answer = await this.#options.post(parcel.body, this.#abort.signal);
      if (this.#abort.signal.aborted) return;
      if (answer.kind === 'again') await this.#pause(answer);
      else this.#settle(parcel, answer);
    }
    this.#isSending = false;
    this.#onIdle();
  }

  #settle(parcel: Parcel, answer: Exclude<Answer, { kind: 'again' }>): void {
    // It may have been dropped meanwhile: then it has been counted as that.
    if (this.#waiting[0] === parcel) {
      this.#waiting.shift();
      this.#bytes -= parcel.body.length;
      if (answer.kind === 'taken') this.sent = plus(this.sent, parcel);
      else this.refused = plus(this.refused, parcel);
    }
    if (this.#failures > 0 && answer.kind === 'taken') this.#options.onNews('OTLP: the receiver is back');
    this.#failures = 0;
    const remark = answer.kind === 'taken' ? this.#options.remarkOf(answer.body) : undefined;
    if (answer.kind === 'refused') this.#tell(`▲ OTLP: ${answer.because}: not taken`, answer.because);
    else if (remark !== undefined) this.#tell(`▲ OTLP: the receiver says: ${remark}`, remark);
    else this.#trouble = undefined;
  }

  async #pause({ because, afterMs }: Extract<Answer, { kind: 'again' }>): Promise<void> {
    this.#tell(`▲ OTLP: ${because}; what is not sent is kept and tried again`, because);
    const { firstPauseMs, longestPauseMs } = this.#options;
    const grownMs = Math.min(longestPauseMs, firstPauseMs * 2 ** Math.min(30, this.#failures++));
    // Spread, so that many senders do not come back at one time.
    const ms = afterMs ?? grownMs * (0.5 + Math.random() / 2);
    // While ending, our own pauses stay short: there is little time.
    await this.#sleep(
      afterMs === undefined && this.#isEnding ? Math.min(ms, firstPauseMs) : ms,
      afterMs === undefined,
    );
  }

  #sleep(ms: number, mayWake: boolean): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        this.#wake = undefined;
        resolve();
      };
      const timer = setTimeout(done, ms);
      if (mayWake) this.#wake = done;
    });
  }

  #tell(line: string, trouble: string): void {
    if (this.#trouble === trouble) return;
    this.#trouble = trouble;
    this.#options.onNews(line);
  }

  #dropOldest(): void {
    while (this.#bytes > this.#options.mostBytes && this.#waiting.length > 1) {
      const oldest = this.#waiting.shift() as Parcel;
      this.#bytes -= oldest.body.length;
      if (this.dropped.parcels === 0) {
        this.#options.onNews('▲ OTLP: too much waits to be sent: the oldest is dropped and counted');
      }
      this.dropped = plus(this.dropped, oldest);
    }
  }
}

function plus(tally: Tally, { samples }: { readonly samples: number }): Tally {
  return { parcels: tally.parcels + 1, samples: tally.samples + samples };
}
