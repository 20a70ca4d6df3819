/**
 * The words of the profile: what a frame is, where it lies, and the labels of time that cannot be named.
 * Pure declarations; ids are dense indexes given by the native tables, in order of first sight.
 */

/** Index order is the native `FrameKind` enum (native/table/stack_table.h); `process`, the root of all stacks of one
 * of several processes, is made here alone. */
export const frameKinds = [
  'native',
  'exec-anon',
  'kernel',
  'kernel-unseen',
  'truncated',
  'blocked',
  'runtime',
  'process',
] as const;
export type FrameKind = (typeof frameKinds)[number];

/** Labels of product truth: written letter for letter on screen and in every file. */
export const markedLabels = {
  kernelNoSymbols: '[kernel: no symbols]',
  kernelNotSampled: '[kernel: not sampled]',
  notSampled: '[not sampled]',
  jitNoSymbols: '[jit: no symbols]',
  truncated: '[truncated]',
} as const;
/**
 * What a thread was found doing; index order is the native `Activity` (native/capture/raw_sample.h). `running` has a
 * frame of its own only where no stack of a running thread can be had.
 */
export const activities = ['running', 'sleeping', 'disk', 'stopped'] as const;
export type Activity = (typeof activities)[number];

/** What a thread that does not run is doing, in wall time: `[sleeping: futex]`, `[disk: read]`, `[stopped]`. */
export type BlockedLabel = `[${Activity}]` | `[${Activity}: ${string}]`;
export type MarkedLabel = (typeof markedLabels)[keyof typeof markedLabels] | BlockedLabel;

/**
 * What a row is made of: decides its colour, its `_[k]` suffix and its mark. `runtime`: a function of a language runtime
 * as its user wrote it; `jit`: other code that was made at run time.
 */
export type FunctionKind = 'native' | 'runtime' | 'jit' | 'kernel' | 'marked' | 'root';

/** Language runtimes whose functions are known as such. */
export const runtimeNames = ['node', 'java', 'python', 'go'] as const;
export type RuntimeName = (typeof runtimeNames)[number];

/** A file (or the vdso) mapped into the target. `fd` is owned by native code and -1 when none is open. */
export interface Module {
  readonly id: number;
  readonly path: string;
  readonly buildId: string;
  readonly fd: number;
  /** How the file was reached: names survive a deleted binary or another mount namespace only by some of these. */
  readonly openedBy: 'map_files' | 'root' | 'exe' | 'memory' | 'vdso' | 'none';
  /** Which file it was, of a recording: what tells it from another one at the same path where there is no build id. */
  readonly file?: FileIdentity | undefined;
}

/** As stat(2) tells it. */
export interface FileIdentity {
  readonly dev: number;
  readonly inode: number;
  readonly mtimeMs: number;
  readonly size: number;
}

/** A function of a language runtime, as its user wrote it. */
export interface RuntimeFunction {
  readonly runtime: RuntimeName;
  /** Empty: it has none. */
  readonly name: string;
  /** Path, URL or `node:…`; empty when none is known (eval, built in). */
  readonly script: string;
  /** From 1; 0 when it cannot be told. */
  readonly line: number;
}

/**
 * One address. For `native` it is the module's ELF virtual address, for `runtime` a function and a line (runtime-place.ts),
 * else absolute; return addresses are already -1.
 */
export interface Frame {
  readonly id: number;
  readonly kind: FrameKind;
  /** Module id, or -1 for kernel, anonymous and marked frames. */
  readonly module: number;
  readonly address: bigint;
  /** Start of the FDE that covers the address (0n when there is none): identity of a function without a symbol. */
  readonly functionStart: bigint;
}

/** Where a function of a language runtime was written. */
export interface Origin {
  readonly runtime?: RuntimeName | undefined;
  /** Path, or `node:internal/timers`. */
  readonly script?: string | undefined;
  /** Where it begins, from 1; only with a script. */
  readonly line?: number | undefined;
}

/** A function that the compiler put into another one. */
export interface InlinedFunction extends Origin {
  readonly name: string;
}

/** What a frame is called, once known. */
export interface FrameName extends Origin {
  readonly frame: number;
  /** Demangled, cleaned of control characters. */
  readonly name: string;
  /** File name of the module, kernel module name, or '' when there is none. */
  readonly module: string;
  /** False while only an address or a function start is known: such a frame can still be named later. */
  readonly hasSymbol: boolean;
  /** What of other functions stands at its address, outermost first; absent for nothing. They are of its module. */
  readonly inlined?: readonly InlinedFunction[] | undefined;
}
