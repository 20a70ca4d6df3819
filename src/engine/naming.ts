/**
 * Names for a profile: hands new frames to the symbolizer's worker and its answers back to the profile, and knows
 * how long names have been waited for. Owns the worker.
 */
import type { Frame, FrameName, Module } from '../profile/frames.ts';
import { SymbolizerClient } from '../symbolize/client.ts';
import type { FrameLine, KernelSymbolsState, SymbolWarning } from '../symbolize/protocol.ts';

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

/** Whose frames they are. */
export interface NamedProcess {
  /** 0 for the target. */
  readonly process: number;
  readonly pid: number;
}

/** What takes the names. */
export interface Named {
  setNames(names: readonly FrameName[]): void;
  settle(force?: boolean): void;
  placeWaiting(force: boolean): void;
}

export class Naming {
  kernelSymbols: KernelSymbolsState;
  readonly #profile: Named;
  readonly #client: SymbolizerClient;
  readonly #warnings = new Map<string, SymbolWarning>();
  /** Processes besides the target that the worker knows. */
  readonly #others = new Set<number>();
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

  /**
   * @param process of which they are new; 0 for the target
   * @param sinceMs no sample of the frames is older (CLOCK_MONOTONIC)
   */
  ask(
    { process, pid }: NamedProcess,
    modules: readonly Module[],
    frames: readonly Frame[],
    sinceMs: number,
  ): void {
    if (process !== 0 && !this.#others.has(process)) {
      this.#others.add(process);
      this.#client.addProcess(process, pid);
    }
    if (modules.length > 0) this.#client.addModules(modules, process);
    if (frames.length === 0) return;
    if (this.#waitingFrames === 0) this.#waitingSinceMs = performance.now();
    this.#waitingFrames += frames.length;
    const isKernel = ({ kind }: Frame): boolean => kind === 'kernel';
    // The kernel's symbols are a large file to read, and most stacks are whole without them: they come last.
    this.#client.request(
      frames.filter((frame) => !isKernel(frame)),
      sinceMs,
      process,
    );
    // The kernel is the same to all of them, and the target is asked of it again when its symbols can be read.
    this.#client.request(frames.filter(isKernel), sinceMs);
  }

  /** Lines of frames in generated code, as jitdumps tell them, of those whose line is known; never rejects. */
  linesOf(frames: readonly number[]): Promise<readonly FrameLine[]> {
    return this.#client.linesOf(frames);
  }

  /** Resolves when the files of a process are read no more: it has ended, and all its frames are answered. */
  async end(process: number): Promise<void> {
    if (this.#others.delete(process)) await this.#client.endProcess(process);
  }

  /**
   * Places the stacks whose first names have come; those that waited too long are shown without. For names that have
   * changed the tree is built anew by whoever shows it (`Profile.rebuild`), and at the end.
   */
  placeWaiting(): void {
    const isLate = this.#waitingFrames > 0 && performance.now() - this.#waitingSinceMs > patienceMs;
    this.#profile.placeWaiting(isLate);
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
