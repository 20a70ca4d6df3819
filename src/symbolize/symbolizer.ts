/**
 * Names frames: chooses the source by the kind of frame, remembers which answers may still change, and asks again
 * when a perf map or jitdump grew or kernel symbols became readable. Synchronous; runs in the worker. Knows nothing of
 * messages, and does not demangle C++: the main thread has the compiler's own demangler.
 */
import type { Frame, FrameName, Module } from '../profile/frames.ts';
import { fileBytes } from './byte-source.ts';
import { GeneratedFrames } from './generated-frames.ts';
import { KernelSymbols } from './kernel-symbols.ts';
import { type MappedFile, mappingsOf } from './module-memory.ts';
import type { ModuleContext } from './module-sources.ts';
import { ModuleSymbols } from './module-symbols.ts';
import type { FrameLine, KernelSymbolsState, SymbolizerOptions, SymbolWarning } from './protocol.ts';
import { openTarget, type TargetProcess } from './target-process.ts';

const noName = { name: '', module: '', hasSymbol: false } as const;

export class Symbolizer {
  readonly #target: TargetProcess;
  readonly #kernel: KernelSymbols;
  readonly #generated: GeneratedFrames;
  readonly #context: ModuleContext;
  readonly #modules = new Map<number, Module>();
  /** Opened when the first frame of a module asks. */
  readonly #symbols = new Map<number, ModuleSymbols>();
  /** Executable mappings of files that are no programs; read again after each refresh. */
  readonly #mappings = new Map<string, readonly MappedFile[]>();
  readonly #warnings = new Map<string, SymbolWarning>();
  #unresolvedKernel: Frame[] = [];
  #hasNewUnresolved = false;

  constructor(options: SymbolizerOptions) {
    const warn = (warning: SymbolWarning): void => this.#warn(warning);
    this.#target = openTarget(options.pid);
    this.#kernel = new KernelSymbols(options.kallsymsPath ?? '/proc/kallsyms');
    this.#generated = new GeneratedFrames(options.pid, this.#target, warn);
    this.#context = {
      pid: options.pid,
      places: {
        rootPaths: [...new Set([this.#target.rootPath, ''])],
        debugRoot: options.debugRoot ?? '/usr/lib/debug',
      },
      warn,
    };
  }

  get kernelSymbols(): KernelSymbolsState {
    return this.#kernel.state;
  }

  /** What costs names now, one per subject and code. */
  get warnings(): readonly SymbolWarning[] {
    return [...this.#warnings.values()];
  }

  addModules(modules: readonly Module[]): void {
    for (const module of modules) this.#modules.set(module.id, module);
  }

  /** Reads ahead what the first frames will most likely ask for: the symbols of the largest module known. */
  prepare(): void {
    const files = [...this.#modules.values()].filter(({ fd }) => fd >= 0);
    const sized = files.map(({ id, fd }) => ({ id, size: fileBytes(fd).size }));
    const [largest] = sized.sort((a, b) => b.size - a.size);
    if (largest !== undefined) this.#symbolsOf(largest.id)?.prepare();
  }

  /**
   * @param sinceMs no sample of them is older (CLOCK_MONOTONIC)
   * @returns one answer per frame, in order. `_Z…` names are still mangled; names may hold control characters.
   */
  nameFrames(frames: readonly Frame[], sinceMs: number): FrameName[] {
    return frames.map((frame) => this.#nameOf(frame, sinceMs));
  }

  /** Lines of the source of frames that were named before; of those alone where they are known. */
  linesOf(frames: readonly number[]): FrameLine[] {
    return this.#generated.linesOf(frames);
  }

  /** Looks again at what can change. @returns only the frames whose name differs from the last answer. */
  refresh(): FrameName[] {
    this.#mappings.clear();
    return [...this.#refreshKernel(), ...this.#generated.refresh()];
  }

  close(): void {
    this.#generated.close();
    this.#target.close();
  }

  #warn(warning: SymbolWarning): void {
    this.#warnings.set(`${warning.code}\0${warning.subject}`, warning);
  }

  #nameOf(frame: Frame, sinceMs: number): FrameName {
    switch (frame.kind) {
      case 'native':
        return this.#nameNative(frame, sinceMs);
      case 'exec-anon':
        return this.#generated.nameOf(frame, Number(frame.address), sinceMs, { frame: frame.id, ...noName });
      case 'kernel':
        return this.#nameKernel(frame);
      case 'kernel-unseen':
      case 'truncated':
      case 'blocked':
      case 'runtime':
      case 'process':
        return { frame: frame.id, ...noName };
    }
  }

  #symbolsOf(id: number): ModuleSymbols | undefined {
    const known = this.#symbols.get(id);
    if (known !== undefined) return known;
    const module = this.#modules.get(id);
    if (module === undefined) return undefined;
    const symbols = new ModuleSymbols(module, this.#context);
    this.#symbols.set(id, symbols);
    return symbols;
  }

  #nameNative(frame: Frame, sinceMs: number): FrameName {
    const symbols = this.#symbolsOf(frame.module);
    if (symbols === undefined) {
      return { frame: frame.id, ...noName, name: `0x${frame.address.toString(16)}` };
    }
    if (symbols.isElf) return symbols.nameOf(frame);
    const address = this.#absoluteAddress(symbols.path, Number(frame.address));
    return this.#generated.nameOf(frame, address, sinceMs, symbols.nameOf(frame));
  }

  /** A file that is no program has no ELF addresses: the frame holds an absolute one, or an offset in the file. */
  #absoluteAddress(modulePath: string, address: number): number {
    const mappings =
      this.#mappings.get(modulePath) ??
      mappingsOf(this.#context.pid, modulePath).filter((row) => row.isExecutable);
    this.#mappings.set(modulePath, mappings);
    if (mappings.some(({ start, end }) => address >= start && address < end)) return address;
    const holder = mappings.find(
      ({ start, end, offset }) => address >= offset && address - offset < end - start,
    );
    return holder === undefined ? address : holder.start + (address - holder.offset);
  }

  #nameKernel(frame: Frame): FrameName {
    const symbol = this.#kernel.find(frame.address);
    if (symbol !== undefined) return { frame: frame.id, ...symbol, hasSymbol: true };
    this.#unresolvedKernel.push(frame);
    this.#hasNewUnresolved = true;
    return { frame: frame.id, ...noName };
  }

  #refreshKernel(): FrameName[] {
    const hasNew = this.#hasNewUnresolved;
    this.#hasNewUnresolved = false;
    if (!this.#kernel.refresh(hasNew)) return [];
    const stillUnresolved: Frame[] = [];
    const named: FrameName[] = [];
    for (const frame of this.#unresolvedKernel) {
      const symbol = this.#kernel.find(frame.address);
      if (symbol === undefined) stillUnresolved.push(frame);
      else named.push({ frame: frame.id, ...symbol, hasSymbol: true });
    }
    this.#unresolvedKernel = stillUnresolved;
    return named;
  }
}
