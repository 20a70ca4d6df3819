/**
 * Names that need no symbol: the file name of a module, and what a native frame is called by its address alone.
 * Pure; the main thread uses it too, when the worker is gone.
 */
import path from 'node:path';
import type { Frame, FrameName } from '../profile/frames.ts';

/** The kernel marks the path of a file that was unlinked while mapped (proc_pid_maps(5)). */
export function livePath(modulePath: string): string {
  return modulePath.replace(/ \(deleted\)$/, '');
}

/** `/usr/lib/x (deleted)` → `x`; `[vdso]` stays. */
export function moduleName(modulePath: string): string {
  const live = livePath(modulePath);
  return live.startsWith('/') ? path.basename(live) : live;
}

/** What a native frame is called without a symbol. */
export function addressName(frame: Frame, module: string): FrameName {
  const name =
    frame.functionStart !== 0n
      ? `${module}!fn_${frame.functionStart.toString(16)}`
      : `${module}+0x${frame.address.toString(16)}`;
  return { frame: frame.id, name, module, hasSymbol: false };
}
