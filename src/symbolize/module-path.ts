/** A path at which a module of the target can be opened by another process, and where its debug file lies. */
import { closeSync, openSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { Module } from '../profile/frames.ts';
import { fileBytes } from './byte-source.ts';
import { buildIdOf, parseElf } from './elf-file.ts';
import { openRecorded } from './recorded-module.ts';

/**
 * The first path where the very file lies that the target has mapped; undefined: it is nowhere any more.
 * @param pid undefined for a target of the past
 */
export function modulePathOf(module: Module, pid: number | undefined): string | undefined {
  if (!module.path.startsWith('/')) return undefined;
  const file = module.path.replace(/ \(deleted\)$/, '');
  if (pid === undefined) {
    const recorded = openRecorded(module);
    if ('fd' in recorded) closeSync(recorded.fd);
    return 'fd' in recorded ? file : undefined;
  }
  const wanted = [`/proc/${pid}/root${file}`, file, `/proc/${pid}/exe`];
  return wanted.find((path) => isSameFile(path, module));
}

/** By the build id; a file that has none must have the path of the module. */
function isSameFile(path: string, { buildId, path: ownPath }: Module): boolean {
  let fd: number;
  try {
    fd = openSync(path, 'r');
  } catch {
    return false;
  }
  try {
    const file = parseElf(fileBytes(fd));
    if (file === undefined) return false;
    return buildId === ''
      ? !path.endsWith('/exe') && !ownPath.endsWith('(deleted)')
      : buildIdOf(file) === buildId;
  } finally {
    closeSync(fd);
  }
}

/** Where a separate debug file of this build id belongs; undefined without a build id. */
export function debugPathOf(buildId: string): string | undefined {
  if (!/^[0-9a-f]{4,128}$/.test(buildId)) return undefined;
  return `/usr/lib/debug/.build-id/${buildId.slice(0, 2)}/${buildId.slice(2)}.debug`;
}

/** The debug file of a module, in the target's root or in ours, or where debuginfod-find has put it. */
export function debugFileOf(module: Module, pid: number | undefined): string | undefined {
  const path = debugPathOf(module.buildId);
  if (path === undefined) return undefined;
  const inTarget = pid === undefined ? [] : [`/proc/${pid}/root${path}`];
  const fetched = join(debuginfodCache(process.env), module.buildId, 'debuginfo');
  return [...inTarget, path, fetched].find((each) => isSameFile(each, module));
}

/** The folder of debuginfod's client: debuginfod_find_debuginfo(3), "DEBUGINFOD_CACHE_PATH". Nothing is fetched here. */
function debuginfodCache(env: Readonly<Record<string, string | undefined>>): string {
  const base = env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache');
  return env['DEBUGINFOD_CACHE_PATH'] ?? join(base, 'debuginfod_client');
}
