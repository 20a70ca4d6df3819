/**
 * Names that were not known when a recording ended, read now from the very files and the very kernel that were recorded;
 * of any other file or kernel nothing is taken, and that is said. Owns a symbolizer's worker while it works.
 */
import { closeSync } from 'node:fs';
import { describe, type Warning } from '../engine/warnings.ts';
import type { Frame, Module } from '../profile/frames.ts';
import type { ProfileTables } from '../profile/tables.ts';
import { SymbolizerClient } from '../symbolize/client.ts';
import { isSameKernel, type KernelIdentity, readKernelIdentity } from '../symbolize/kernel-identity.ts';
import type { KernelSymbolsState } from '../symbolize/protocol.ts';
import { openRecorded } from '../symbolize/recorded-module.ts';

export interface LateNamesOptions {
  readonly workerUrl: URL;
  readonly demangle: (names: readonly string[]) => readonly string[];
  /** Of the recording. */
  readonly kernel: KernelIdentity;
}

export interface LateNames {
  /** Frames that have a symbol now. */
  readonly named: number;
  /** What could not be named, and why. */
  readonly warnings: readonly Warning[];
  /** Of this kernel, when kernel frames were asked of it. */
  readonly kernelSymbols: KernelSymbolsState | undefined;
}

const framesPerRequest = 4096;
/** No file is mapped by more modules than a screen can tell of. */
const mostWarnings = 20;
const kernelSubject = 'the kernel';

/** @param signal ends it early, with what has come */
export async function findLateNames(
  tables: ProfileTables,
  { kernel, ...client }: LateNamesOptions,
  signal: AbortSignal,
): Promise<LateNames> {
  const unnamed = unnamedFrames(tables);
  const isKernelSame = isSameKernel(kernel, readKernelIdentity());
  const opened = openModules(modulesOf(tables.modules, unnamed), isKernelSame);
  const warnings = [...opened.warnings];
  const wanted = unnamed.filter(({ kind, module }) =>
    kind === 'kernel' ? isKernelSame : opened.modules.has(module),
  );
  if (unnamed.some(({ kind }) => kind === 'kernel') && !isKernelSame) {
    warnings.push(missing(kernelSubject, 'recorded under another boot or another kernel'));
  }
  try {
    const found =
      wanted.length > 0 ? await ask(tables, [...opened.modules.values()], wanted, client, signal) : nothing;
    return { ...found, warnings: warnings.slice(0, mostWarnings) };
  } finally {
    for (const { fd } of opened.modules.values()) if (fd >= 0) closeSync(fd);
  }
}

const nothing = { named: 0, kernelSymbols: undefined };

/** Frames of files and of the kernel; code that was generated is gone with its process. */
function unnamedFrames({ frames }: ProfileTables): Frame[] {
  const found: Frame[] = [];
  for (let id = 0; id < frames.length; id++) {
    const kind = frames.kindOf(id);
    if ((kind === 'native' || kind === 'kernel') && frames.nameOf(id)?.hasSymbol !== true) {
      found.push(frames.frame(id));
    }
  }
  return found;
}

function modulesOf(modules: readonly Module[], frames: readonly Frame[]): Module[] {
  const used = new Set(frames.filter(({ kind }) => kind === 'native').map(({ module }) => module));
  return modules.filter(({ id }) => used.has(id));
}

interface OpenedModules {
  /** By id: those that may be asked. */
  readonly modules: ReadonlyMap<number, Module>;
  readonly warnings: readonly Warning[];
}

function openModules(modules: readonly Module[], isKernelSame: boolean): OpenedModules {
  const opened = new Map<number, Module>();
  const warnings: Warning[] = [];
  for (const module of modules) {
    // The vdso is the kernel's: that of our own process is the same one.
    if (module.openedBy === 'vdso') {
      if (isKernelSame) opened.set(module.id, module);
      continue;
    }
    if (!module.path.startsWith('/')) continue;
    const file = openRecorded(module);
    if ('fd' in file) opened.set(module.id, { ...module, fd: file.fd, openedBy: 'root' });
    else {
      warnings.push(missing(module.path, file.because));
      // A debug file of this build id may lie where such files belong.
      if (module.buildId !== '') opened.set(module.id, { ...module, fd: -1, openedBy: 'none' });
    }
  }
  return { modules: opened, warnings };
}

function missing(subject: string, detail: string): Warning {
  return describe({ code: 'symbols', subject, detail });
}

async function ask(
  tables: ProfileTables,
  modules: readonly Module[],
  frames: readonly Frame[],
  options: Omit<LateNamesOptions, 'kernel'>,
  signal: AbortSignal,
): Promise<Omit<LateNames, 'warnings'>> {
  let named = 0;
  let kernelSymbols: KernelSymbolsState | undefined;
  const asksKernel = frames.some(({ kind }) => kind === 'kernel');
  const client = new SymbolizerClient({ ...options, pid: 0, ...(asksKernel ? {} : { kallsymsPath: '' }) });
  client.onNames((names) => {
    const found = names.filter(({ frame, hasSymbol }) => hasSymbol || !tables.frames.nameOf(frame)?.name);
    named += found.filter(({ hasSymbol }) => hasSymbol).length;
    tables.setNames(found);
  });
  client.onKernelSymbols((state) => {
    kernelSymbols = state;
  });
  client.addModules(modules);
  for (let from = 0; from < frames.length; from += framesPerRequest) {
    client.request(frames.slice(from, from + framesPerRequest), 0);
  }
  const aborted = new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
  if (!signal.aborted) await Promise.race([client.idle(), aborted]);
  await client.stop();
  return { named, kernelSymbols: asksKernel ? kernelSymbols : undefined };
}
