/**
 * What crosses between the main thread and the symbolizer worker: plain data, structured-clone safe.
 * It says nothing of how names are found.
 */
import type { Frame, FrameName, Module } from '../profile/frames.ts';

/** Read from kallsyms itself: `hidden` = every address is zero, `missing` = no lines, `refused:` = open's errno name. */
export type KernelSymbolsState = 'shown' | 'hidden' | 'missing' | `refused:${string}`;

export type SymbolWarningCode =
  | 'module-unreadable'
  | 'elf-corrupt'
  | 'perf-map-corrupt'
  | 'perf-map-refused'
  | 'jitdump-corrupt'
  | 'jitdump-refused'
  /** Code whose place other code took, while it was sampled. */
  | 'code-replaced'
  | 'code-forgotten'
  | 'debug-file-mismatch'
  | 'symbolizer-failed';

/** Something that costs names. One per subject and code; a later one replaces the earlier. */
export interface SymbolWarning {
  readonly code: SymbolWarningCode;
  /** Path of the module, perf map, jitdump or debug file it is about. */
  readonly subject: string;
  readonly detail: string;
}

/** The line of the source that a frame in generated code stands at. */
export interface FrameLine {
  readonly frame: number;
  readonly file: string;
  readonly line: number;
}

export interface SymbolizerOptions {
  /** The target, as this process's /proc counts it; 0, which no process is, for one of the past. */
  readonly pid: number;
  /** Default /proc/kallsyms. */
  readonly kallsymsPath?: string;
  /** Where separate debug files lie, in the target's root and then in ours. Default /usr/lib/debug. */
  readonly debugRoot?: string;
  /** How often perf maps and kallsyms are looked at again. Default 1000. */
  readonly refreshMs?: number;
}

/**
 * The target is process 0; others are told of by `process` before anything is asked of them. `sinceMs`: no sample of
 * the frames is older (CLOCK_MONOTONIC).
 */
export type ToWorker =
  | { readonly type: 'process'; readonly process: number; readonly pid: number }
  | { readonly type: 'modules'; readonly process: number; readonly modules: readonly Module[] }
  | {
      readonly type: 'frames';
      readonly process: number;
      readonly frames: readonly Frame[];
      readonly sinceMs: number;
    }
  /** Of any process: frame ids are those of all together. */
  | { readonly type: 'lines'; readonly frames: readonly number[]; readonly id: number }
  /** Nothing more is read from its files; answered as a request without frames. */
  | { readonly type: 'end'; readonly process: number };

export type FromWorker =
  /** `requests` = how many `frames` messages this answers: 1, or 0 for names that came late. */
  | { readonly type: 'names'; readonly requests: 0 | 1; readonly names: readonly FrameName[] }
  | { readonly type: 'lines'; readonly id: number; readonly lines: readonly FrameLine[] }
  | { readonly type: 'kernel-symbols'; readonly state: KernelSymbolsState }
  | { readonly type: 'warning'; readonly warning: SymbolWarning };
