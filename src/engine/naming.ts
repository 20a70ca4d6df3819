/**
 * Names for a profile: hands new frames to the symbolizer's worker and its answers back to the profile, and knows
 * how long names have been waited for. Owns the worker.
 */
import type { Frame, FrameName, Module } from '../profile/frames.ts';
import { SymbolizerClient } from '../symbolize/client.ts';
import type { KernelSymbolsState, SymbolWarning } from '../symbolize/protocol.ts';

// How long a stack may wait for its first names before it is shown under addresses.
const patienceMs = 1500;
// How long the end of a session waits for names that are still being read.
const lastPatienceMs = 1500;

export interface NamingOptions {
  readonly pid: number;
  readonly workerUrl: URL;
  readonly demangle: (names: readonly string[]) => string[];
  readonly kernelSymbols: KernelSymbolsState;
}

/** What takes the names. */
export interface Named {
  setNames(names: readonly FrameName[]): void;
  settle(force?: boolean): void;
}

export class Naming {
  kernelSymbols: KernelSymbolsState;
  readonly #profile: Named;
  readonly #client: SymbolizerClient;
  readonly #warnings = new Map<string, SymbolWarning>();
  #waitingFrames = 0;
  #waitingSinceMs = 0;

  constructor(profile: Named, { kernelSymbols, ...options }: NamingOptions) {
    this.#profile = profile;
    this.kernelSymbols = kernelSymbols;
    this.#client = new SymbolizerClient(options);
    this.#client.onNames((names) => {
      this.#waitingFrames = Math.max(0, this.#waitingFrames - names.length);
      this.#profile.setNames(names);
    });
    this.#client.onKernelSymbols((state) => {
      this.kernelSymbols = state;
    });
    this.#client.onWarning((warning) => this.#warnings.set(`${warning.code} ${warning.subject}`, warning));
  }

  get warnings(): readonly SymbolWarning[] {
    return [...this.#warnings.values()];
  }

  ask(modules: readonly Module[], frames: readonly Frame[]): void {
    this.#client.addModules(modules);
    if (frames.length === 0) return;
    if (this.#waitingFrames === 0) this.#waitingSinceMs = performance.now();
    this.#waitingFrames += frames.length;
    this.#client.request(frames);
  }

  /** Brings the tree up to date with the names that have come; stacks that waited too long are shown without. */
  settle(): void {
    const isLate = this.#waitingFrames > 0 && performance.now() - this.#waitingSinceMs > patienceMs;
    this.#profile.settle(isLate);
  }

  /** Waits a moment for the last names, places every stack and ends the worker. */
  async finish(): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const limit = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, lastPatienceMs);
    });
    await Promise.race([this.#client.idle(), limit]);
    clearTimeout(timer);
    await this.#client.stop();
    this.#profile.settle();
    this.#profile.settle(true);
  }
}
