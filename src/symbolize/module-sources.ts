/**
 * Which tables can name a module, and in which order they are asked. Opens the image, says what is wrong with it,
 * and reads no table before it is needed.
 */
import type { Module } from '../profile/frames.ts';
import { livePath } from './address-name.ts';
import { bufferBytes, fileBytes } from './byte-source.ts';
import { type DebugFilePlaces, findDebugFile } from './debug-files.ts';
import { type ReadAt, readDynamicSymbols, readThroughSegments } from './elf-dynamic.ts';
import {
  buildIdOf,
  type ElfFile,
  elf,
  looksLikeElf,
  parseElf,
  readSection,
  sectionNamed,
} from './elf-file.ts';
import { readSymbols, type SymbolSource } from './elf-symbols.ts';
import { type GoProgram, readGoProgram } from './go-program.ts';
import { type MemoryImage, readModuleMemory } from './module-memory.ts';
import type { SymbolWarning } from './protocol.ts';
import { unpackXz } from './xz.ts';

export interface ModuleContext {
  readonly pid: number;
  readonly places: DebugFilePlaces;
  warn(warning: SymbolWarning): void;
}

export type LazySource = () => SymbolSource | undefined;

export interface ModuleSources {
  /** False for files that are no programs. A module that cannot be read counts as one. */
  readonly isElf: boolean;
  /** In the order to ask. */
  readonly sources: readonly LazySource[];
  /** What a Go program knows of its own functions; it may hold C, too. */
  readonly goProgram?: () => GoProgram | undefined;
}

/** Never throws: what cannot be opened is warned about and leaves fewer sources. */
export function openSources(module: Module, context: ModuleContext): ModuleSources {
  if (module.fd >= 0) return fromFile(module, context);
  const image = readModuleMemory(module, context.pid);
  return image === undefined ? unreadable(module, context) : fromMemory(module, image, context);
}

function unreadable(module: Module, context: ModuleContext): ModuleSources {
  const detail = `opened by: ${module.openedBy}`;
  context.warn({ code: 'module-unreadable', subject: module.path, detail });
  return { isElf: true, sources: [debugFileSource(undefined, module, context)] };
}

function fromFile(module: Module, context: ModuleContext): ModuleSources {
  const source = fileBytes(module.fd);
  if (source.size === 0) return unreadable(module, context);
  if (!looksLikeElf(source)) return { isElf: false, sources: [] };
  const file = parseElf(source);
  if (file === undefined || isDamaged(file)) {
    context.warn({ code: 'elf-corrupt', subject: module.path, detail: 'its headers cannot be read' });
  }
  if (file === undefined) return { isElf: true, sources: [] };
  const hasSections = file.sections.length > 0;
  let go: { readonly program: GoProgram | undefined } | undefined;
  const goProgram = (): GoProgram | undefined => {
    go ??= { program: readGoProgram(file) };
    return go.program;
  };
  return {
    isElf: true,
    goProgram,
    sources: [
      () => readSymbols(file, 'symtab', { staysOpen: true }),
      debugFileSource(file, module, context),
      () => readMiniDebugInfo(file),
      () =>
        hasSections
          ? readSymbols(file, 'dynsym', { staysOpen: true })
          : readDynamicSymbols(file, readThroughSegments(file), 0),
      goProgram,
    ],
  };
}

/** The vdso is small and whole; of other images only what the loader maps exists. */
function fromMemory(module: Module, image: MemoryImage, context: ModuleContext): ModuleSources {
  const file = parseElf(bufferBytes(image.bytes));
  if (file === undefined) return unreadable(module, context);
  if (module.openedBy === 'vdso') {
    return { isElf: true, sources: [() => readSymbols(file, 'symtab'), () => readSymbols(file, 'dynsym')] };
  }
  // Section headers are not mapped: what stands at their offset in memory is something else.
  const mapped = { ...file, sections: [] };
  const lowest = Math.min(
    ...file.segments.filter(({ type }) => type === elf.segmentLoad).map((s) => s.address),
  );
  const firstPage = Math.floor(lowest / 4096) * 4096;
  const readAt: ReadAt = (address, length) => mapped.source.read(address - firstPage, length);
  return {
    isElf: true,
    sources: [
      debugFileSource(mapped, module, context),
      () => readDynamicSymbols(mapped, readAt, image.start - firstPage),
    ],
  };
}

/** Headers that lead nowhere: neither sections nor segments could be read. */
function isDamaged(file: ElfFile): boolean {
  return file.sections.length === 0 && file.segments.length === 0;
}

function debugFileSource(file: ElfFile | undefined, module: Module, context: ModuleContext): LazySource {
  return () => {
    const buildId = module.buildId || (file === undefined ? '' : buildIdOf(file));
    const warn = (warning: SymbolWarning): void => context.warn(warning);
    const debug = findDebugFile(context.places, file, livePath(module.path), buildId, warn);
    if (debug === undefined) return undefined;
    const symbols = readSymbols(debug.file, 'symtab');
    debug.close();
    return symbols;
  };
}

/** Larger than any seen: Fedora's largest programs carry a few megabytes. */
const maxMiniDebugInfoBytes = 16 << 20;

/** `.gnu_debugdata`: a small ELF file, packed by xz, with the functions that `.dynsym` leaves out. */
function readMiniDebugInfo(file: ElfFile): SymbolSource | undefined {
  const section = sectionNamed(file, '.gnu_debugdata');
  if (section === undefined) return undefined;
  const bytes = unpackXz(readSection(file, section), maxMiniDebugInfoBytes);
  const inner = bytes === undefined ? undefined : parseElf(bufferBytes(bytes));
  return inner === undefined ? undefined : readSymbols(inner, 'symtab', { isSparse: true });
}
