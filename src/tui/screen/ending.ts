/**
 * Every way the live view can end, as one promise: by the user, by a signal, by an error, by a terminal that went
 * away. Installs the handlers; what is done about an end is the caller's.
 */

export type EndingSignal = 'SIGTERM' | 'SIGINT' | 'SIGHUP' | 'SIGQUIT';
export type Ending =
  | { readonly kind: 'quit' }
  | { readonly kind: 'signal'; readonly signal: EndingSignal }
  | { readonly kind: 'gone' }
  | { readonly kind: 'error'; readonly error: unknown };

const signals: readonly EndingSignal[] = ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGQUIT'];

export class EndingWatch {
  readonly ended: Promise<Ending>;
  #resolve: (ending: Ending) => void = () => {};
  #isEnded = false;
  readonly #listeners: (readonly [event: string, listener: (argument: unknown) => void])[];
  readonly #atOnce: (ending: Ending) => void;

  /** `atOnce` runs in the turn of the first end, before anything else can throw or print. */
  constructor(atOnce: (ending: Ending) => void) {
    this.#atOnce = atOnce;
    this.ended = new Promise((resolve) => {
      this.#resolve = resolve;
    });
    const onError = (error: unknown) => this.end({ kind: 'error', error });
    this.#listeners = [
      ...signals.map((signal) => [signal, () => this.end({ kind: 'signal', signal })] as const),
      ['uncaughtException', onError],
      ['unhandledRejection', onError],
    ];
    for (const [event, listener] of this.#listeners) process.on(event, listener);
  }

  /** The first end counts. */
  end(ending: Ending): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#atOnce(ending);
    this.#resolve(ending);
  }

  /** Back to the defaults of the process. */
  release(): void {
    for (const [event, listener] of this.#listeners) process.off(event, listener);
  }
}

/** Ends this process as the signal would have, had nobody listened. */
export function raise(signal: EndingSignal): void {
  process.removeAllListeners(signal);
  process.kill(process.pid, signal);
}
