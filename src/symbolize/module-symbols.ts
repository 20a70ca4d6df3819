/**
 * Names of the addresses of one module. Its sources are asked in a fixed order and opened only when needed; a frame
 * that none of them names is identified by the start of its function, else by its offset: a missing symbol costs
 * the name, never the frame.
 */
import type { Frame, FrameName, Module } from '../profile/frames.ts';
import { addressName, moduleName } from './address-name.ts';
import type { SymbolSource } from './elf-symbols.ts';
import { goFrameName } from './go-names.ts';
import type { GoProgram } from './go-program.ts';
import { type LazySource, type ModuleContext, openSources } from './module-sources.ts';
import { demangleRustV0 } from './rust-v0.ts';

export class ModuleSymbols {
  readonly name: string;
  /** False for files that are no programs (JIT memory behind a file): their code may be in a perf map. */
  readonly isElf: boolean;
  readonly path: string;
  readonly #sources: SymbolSource[] = [];
  readonly #goProgram: (() => GoProgram | undefined) | undefined;
  /** Not yet opened, in order. */
  readonly #pending: LazySource[];

  constructor(module: Module, context: ModuleContext) {
    this.name = moduleName(module.path);
    this.path = module.path;
    const { isElf, sources, goProgram } = openSources(module, context);
    this.isElf = isElf;
    this.#goProgram = goProgram;
    this.#pending = [...sources];
  }

  /** Opens the first source before anything is asked. */
  prepare(): void {
    if (this.#goProgram?.() === undefined && this.#sources.length === 0) this.#openNext();
  }

  /** @returns the raw name: Itanium mangling is kept for the main thread, Rust v0 is readable. */
  symbolOf(address: number, functionStart: number): string | undefined {
    for (let i = 0; ; i++) {
      if (i === this.#sources.length && !this.#openNext()) return undefined;
      const name = this.#sources[i]?.find(address, functionStart);
      if (name !== undefined) return name.startsWith('_R') ? demangleRustV0(name) : name;
    }
  }

  nameOf(frame: Frame): FrameName {
    const [own, ...inlined] = this.#goProgram?.()?.placesAt(Number(frame.address)) ?? [];
    if (own !== undefined) return goFrameName(frame.id, this.name, own, inlined);
    const symbol = this.symbolOf(Number(frame.address), Number(frame.functionStart));
    if (symbol === undefined) return addressName(frame, this.name);
    return { frame: frame.id, name: symbol, module: this.name, hasSymbol: true };
  }

  #openNext(): boolean {
    for (;;) {
      const open = this.#pending.shift();
      if (open === undefined) return false;
      const source = open();
      if (source === undefined) continue;
      this.#sources.push(source);
      return true;
    }
  }
}
