/**
 * The main thread's end of the symbolizer: sends frames, hands out finished names. Demangles C++ here, with the
 * compiler's own demangler that the caller injects, and cleans every text once, so that nothing a hostile file
 * named can reach the screen. When the worker dies, frames still get an answer: their address.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { cleanText } from '../profile/clean-text.ts';
import type { Frame, FrameName, Module, Origin } from '../profile/frames.ts';
import { addressName, moduleName } from './address-name.ts';
import { displayNames } from './display-name.ts';
import type {
  FrameLine,
  FromWorker,
  KernelSymbolsState,
  SymbolizerOptions,
  SymbolWarning,
  ToWorker,
} from './protocol.ts';

export interface SymbolizerClientOptions extends SymbolizerOptions {
  /** symbolize/worker.ts, or the bundle made of it. */
  readonly workerUrl: URL;
  /** Itanium demangling of a batch: same order and length; what it cannot read comes back unchanged. */
  readonly demangle: (names: readonly string[]) => readonly string[];
}

/**
 * Node ends a worker's isolate while jobs of its optimizing compiler may still run, which then abort the whole process
 * (`NodePlatform::ForIsolate`, node_platform.cc, seen with 20.20 once in some thousand runs). Most are done after so long;
 * whether all are cannot be asked.
 */
const compilerMs = 50;

export class SymbolizerClient {
  readonly #worker: Worker;
  readonly #demangle: (names: readonly string[]) => readonly string[];
  readonly #modules = new Map<number, Module>();
  /** Sent and not yet answered, oldest first: answers come in order. */
  readonly #outstanding: (readonly Frame[])[] = [];
  readonly #linesWaiters = new Map<number, (lines: readonly FrameLine[]) => void>();
  #nextLinesId = 0;
  #idleWaiters: (() => void)[] = [];
  #hasFailed = false;
  #isStopped = false;
  #onNames: (names: FrameName[]) => void = () => {};
  #onKernelSymbols: (state: KernelSymbolsState) => void = () => {};
  #onWarning: (warning: SymbolWarning) => void = () => {};

  constructor({ workerUrl, demangle, ...options }: SymbolizerClientOptions) {
    this.#demangle = demangle;
    this.#worker = new Worker(workerUrl, { workerData: options satisfies SymbolizerOptions });
    this.#worker.on('message', (message: FromWorker) => this.#receive(message));
    this.#worker.on('error', (error) => this.#fail(error.message));
    this.#worker.on('exit', (code) => this.#fail(`the symbolizer thread ended (${code})`));
  }

  /** Another process beside the target; frame and module ids are those of all together. */
  addProcess(process: number, pid: number): void {
    this.#send({ type: 'process', process, pid });
  }

  addModules(modules: readonly Module[], process = 0): void {
    for (const module of modules) this.#modules.set(module.id, module);
    this.#send({ type: 'modules', process, modules });
  }

  /**
   * Asks for names; the answers, one per frame, come through `onNames`, in the order of the requests.
   * @param sinceMs no sample of them is older (CLOCK_MONOTONIC)
   */
  request(frames: readonly Frame[], sinceMs: number, process = 0): void {
    if (frames.length === 0) return;
    if (this.#hasFailed) {
      queueMicrotask(() => this.#answerWithAddresses(frames));
      return;
    }
    this.#outstanding.push(frames);
    this.#send({ type: 'frames', process, frames, sinceMs });
  }

  /** Lines of the source of frames in generated code, of those whose line is known; never rejects. */
  linesOf(frames: readonly number[]): Promise<readonly FrameLine[]> {
    if (this.#hasFailed || this.#isStopped) return Promise.resolve([]);
    const id = this.#nextLinesId++;
    return new Promise((resolve) => {
      this.#linesWaiters.set(id, resolve);
      this.#send({ type: 'lines', frames, id });
    });
  }

  /** Resolves when all that was asked of a process is answered and nothing is read from its files any more. */
  endProcess(process: number): Promise<void> {
    if (this.#hasFailed || this.#isStopped) return Promise.resolve();
    this.#outstanding.push([]);
    this.#send({ type: 'end', process });
    return this.idle();
  }

  /** Also called when a frame's name changed later. */
  onNames(callback: (names: FrameName[]) => void): void {
    this.#onNames = callback;
  }

  /** Called once at the start and whenever the state changes. */
  onKernelSymbols(callback: (state: KernelSymbolsState) => void): void {
    this.#onKernelSymbols = callback;
  }

  onWarning(callback: (warning: SymbolWarning) => void): void {
    this.#onWarning = callback;
  }

  /** Resolves when every request so far has been answered; never rejects. */
  idle(): Promise<void> {
    if (this.#outstanding.length === 0) return Promise.resolve();
    return new Promise((resolve) => this.#idleWaiters.push(resolve));
  }

  /** Ends the worker; requests still open stay unanswered. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#outstanding.length = 0;
    this.#endLines();
    this.#wakeIdle();
    await delay(compilerMs);
    await this.#worker.terminate();
  }

  #send(message: ToWorker): void {
    if (!this.#hasFailed && !this.#isStopped) this.#worker.postMessage(message);
  }

  #receive(message: FromWorker): void {
    if (this.#isStopped) return;
    switch (message.type) {
      case 'kernel-symbols':
        this.#onKernelSymbols(message.state);
        return;
      case 'warning':
        this.#onWarning({
          ...message.warning,
          subject: cleanText(message.warning.subject),
          detail: cleanText(message.warning.detail),
        });
        return;
      case 'lines':
        this.#linesWaiters.get(message.id)?.(
          message.lines.map((line) => ({ ...line, file: cleanText(line.file) })),
        );
        this.#linesWaiters.delete(message.id);
        return;
      case 'names':
        this.#deliver(message.names);
        if (message.requests === 1) this.#outstanding.shift();
        if (this.#outstanding.length === 0) this.#wakeIdle();
    }
  }

  #deliver(names: readonly FrameName[]): void {
    const texts = displayNames(
      names.map((name) => name.name),
      this.#demangle,
    );
    this.#onNames(names.map((name, i) => cleanName({ ...name, name: texts[i] ?? '' })));
  }

  /** The profile must not wait for a thread that is gone. */
  #fail(detail: string): void {
    if (this.#hasFailed || this.#isStopped) return;
    this.#hasFailed = true;
    this.#onWarning({ code: 'symbolizer-failed', subject: 'symbolizer', detail: cleanText(detail) });
    for (const frames of this.#outstanding.splice(0)) this.#answerWithAddresses(frames);
    this.#endLines();
    this.#wakeIdle();
  }

  #answerWithAddresses(frames: readonly Frame[]): void {
    this.#deliver(
      frames.map((frame) => {
        const module = this.#modules.get(frame.module);
        if (frame.kind === 'native' && module !== undefined)
          return addressName(frame, moduleName(module.path));
        return { frame: frame.id, name: '', module: '', hasSymbol: false };
      }),
    );
  }

  #endLines(): void {
    for (const resolve of this.#linesWaiters.values()) resolve([]);
    this.#linesWaiters.clear();
  }

  #wakeIdle(): void {
    for (const resolve of this.#idleWaiters.splice(0)) resolve();
  }
}

function cleanName({ inlined, ...name }: FrameName): FrameName {
  const own = { ...name, module: cleanText(name.module), ...cleanScript(name) };
  if (inlined === undefined) return own;
  return {
    ...own,
    inlined: inlined.map((each) => ({ ...each, name: cleanText(each.name), ...cleanScript(each) })),
  };
}

function cleanScript({ script }: Origin): Pick<Origin, 'script'> {
  return script === undefined ? {} : { script: cleanText(script) };
}
