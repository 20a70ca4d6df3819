/**
 * Names of the addresses of one module. Its sources are asked in a fixed order and opened only when needed; a frame
 * that none of them names is identified by the start of its function, else by its offset: a missing symbol costs
 * the name, never the frame.
 */
import type { Frame, FrameName, Module } from '../profile/frames.ts';
import { addressName, livePath, moduleName } from './address-name.ts';
import { type ByteSource, fileBytes } from './byte-source.ts';
import { type DebugFilePlaces, findDebugFile } from './debug-files.ts';
import { buildIdOf, type ElfFile, looksLikeElf, parseElf } from './elf-file.ts';
import { readSymbols, type SymbolSource } from './elf-symbols.ts';
import { readGoFunctions } from './gopclntab.ts';
import { openModuleMemory } from './module-memory.ts';
import type { SymbolWarning } from './protocol.ts';
import { demangleRustV0 } from './rust-v0.ts';

export interface ModuleContext {
  readonly pid: number;
  readonly places: DebugFilePlaces;
  warn(warning: SymbolWarning): void;
}

type LazySource = () => SymbolSource | undefined;

export class ModuleSymbols {
  readonly name: string;
  /** False for files that are no programs (JIT memory behind a file): their code may be in a perf map. */
  readonly isElf: boolean;
  readonly path: string;
  readonly #sources: SymbolSource[] = [];
  /** Not yet opened, in order. */
  readonly #pending: LazySource[];

  constructor(module: Module, context: ModuleContext) {
    this.name = moduleName(module.path);
    this.path = module.path;
    const source = openImage(module, context);
    const file = source === undefined ? undefined : parseElf(source);
    this.isElf = source === undefined || looksLikeElf(source);
    if (source === undefined) {
      context.warn({
        code: 'module-unreadable',
        subject: module.path,
        detail: `opened by: ${module.openedBy}`,
      });
    } else if (this.isElf && (file === undefined || isDamaged(file))) {
      context.warn({ code: 'elf-corrupt', subject: module.path, detail: 'its headers cannot be read' });
    }
    this.#pending = sourcesOf(file, module, context);
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

/** Headers that lead nowhere: neither sections nor segments could be read. */
function isDamaged(file: ElfFile): boolean {
  return file.sections.length === 0 && file.segments.length === 0;
}

function openImage(module: Module, context: ModuleContext): ByteSource | undefined {
  if (module.fd >= 0) {
    const source = fileBytes(module.fd);
    return source.size > 0 ? source : undefined;
  }
  return openModuleMemory(module, context.pid);
}

/** `.symtab`, debug file, `.dynsym`, Go's table; the file's own tables win over what lies elsewhere. */
function sourcesOf(file: ElfFile | undefined, module: Module, context: ModuleContext): LazySource[] {
  const fromDebugFile: LazySource = () => {
    const buildId = module.buildId || (file === undefined ? '' : buildIdOf(file));
    const debug = findDebugFile(context.places, file, livePath(module.path), buildId, (warning) =>
      context.warn(warning),
    );
    if (debug === undefined) return undefined;
    const symbols = readSymbols(debug.file, 'symtab');
    debug.close();
    return symbols;
  };
  if (file === undefined) return [fromDebugFile];
  return [
    () => readSymbols(file, 'symtab'),
    fromDebugFile,
    () => readSymbols(file, 'dynsym'),
    () => readGoFunctions(file),
  ];
}
