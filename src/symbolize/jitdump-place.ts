/**
 * Where the target's jitdump lies: whoever writes one maps its first page executable, so that a profiler sees it. The
 * mapping tells path and file, also of a process that wrote it before we came, or that has deleted it.
 */
import fs from 'node:fs';
import type { OpenAt } from './followed-file.ts';
import { parseMaps } from './module-memory.ts';
import type { TargetProcess } from './target-process.ts';

export interface JitdumpPlace {
  /** As the target knows it: for messages. */
  readonly path: string;
  /** To be tried in this order. */
  readonly openAt: readonly OpenAt[];
}

/** @returns undefined when it maps none, has exited, or refuses */
export function findJitdump(pid: number, target: TargetProcess): JitdumpPlace | undefined {
  let text: string;
  try {
    text = fs.readFileSync(`/proc/${pid}/maps`, 'utf8');
  } catch {
    return undefined;
  }
  // Forked children keep the mapping of their parent's file, which says nothing of the code that they make.
  const name = new RegExp(`(?:^|/)jit-${target.ownPid}\\.dump( \\(deleted\\))?$`);
  // The last one: a program that a process became later maps it anew.
  const row = parseMaps(text).findLast(({ path, isExecutable }) => isExecutable && name.test(path));
  if (row === undefined) return undefined;
  const range = `${row.start.toString(16)}-${row.end.toString(16)}`;
  const mapped = `/proc/${pid}/map_files/${range}`;
  const identity = identityAt(mapped);
  const path = row.path.replace(/ \(deleted\)$/, '');
  // Links of map_files need a capability; without it the path must do, and owner, header and pid are checked anyway.
  const byPath = { path: `${target.rootPath}${path}` };
  return { path, openAt: identity === undefined ? [byPath] : [{ path: mapped, identity }, byPath] };
}

function identityAt(link: string): string | undefined {
  try {
    const { dev, ino } = fs.statSync(link);
    return `${dev}:${ino}`;
  } catch {
    return undefined;
  }
}
