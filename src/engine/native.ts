/** The only file that loads the addon: its surface as types, and one plain sentence when it cannot be loaded. */
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Module, RuntimeFunction, RuntimeName } from '../profile/frames.ts';

/** Index order is the native `EngineKind` (native/session.h). */
export const engineKinds = ['perf', 'perf-user-only', 'snapshots', 'ctimer', 'wall'] as const;

/** Index order is the native `RunningStacks` (native/capture/engine.h): what an engine of all threads has of running ones. */
export const runningStacks = ['same', 'events', 'stops', 'none'] as const;
export type RunningStacks = (typeof runningStacks)[number];

/** A "no" of the kernel, as native code met it. */
export interface NativeRefusal {
  readonly syscall: string;
  readonly subject: string;
  readonly errno: number;
}

/** Where a launched command's output goes. Index order is the native `CommandOutput` (native/launch/launcher.h). */
export const commandOutputs = ['inherit', 'stderr', 'pipe'] as const;

/** A command that stands before its first instruction, or what refused to start it. */
export type LaunchResult =
  | { readonly refusal: NativeRefusal }
  | {
      readonly refusal?: undefined;
      readonly pid: number;
      /** Read end of what it prints, for `pipe`; else -1. */
      readonly outputFd: number;
      /** For `release`; -1 when exec is over. */
      readonly execResultFd: number;
    };

export interface StartResult {
  readonly refusal?: NativeRefusal;
  /** errno with which /proc/PID/maps was refused, or 0. */
  readonly mapsError: number;
  /** The sums at the cut: up to here rows are the old engine's, from here the new one's; `elapsedNs` is its time. */
  readonly cut: NativeState;
}

/** Index order is the native `Runtime` (native/runtime/runtime_function.h). */
export const nativeRuntimes = ['node', 'java', 'python'] as const satisfies readonly RuntimeName[];

/** `runtime` is an index into `nativeRuntimes`. */
type NativeFunction = Omit<RuntimeFunction, 'runtime'> & { readonly runtime: number };

/** Columns of one drain; see native/table/batch.h. */
export interface NativeBatch {
  readonly rows: {
    readonly frameKind: Uint8Array;
    readonly frameModule: Uint32Array;
    readonly frameAddress: BigUint64Array;
    readonly frameFunctionStart: BigUint64Array;
    readonly stackParent: Uint32Array;
    readonly stackFrame: Uint32Array;
  };
  readonly modules: readonly Module[];
  readonly threads: readonly { readonly index: number; readonly tid: number; readonly name: string }[];
  readonly functions: readonly NativeFunction[];
  readonly timeNs: Float64Array;
  readonly weightNs: Float64Array;
  readonly thread: Uint32Array;
  readonly stack: Uint32Array;
  /** Which start of an engine a row belongs to, 0 for the first; never falls from row to row. */
  readonly span: Uint32Array;
  readonly samples: Uint32Array;
}

/** Index order is the native `RuntimeProblem` (native/runtime/runtime_names.h). */
export const runtimeProblems = [
  'none',
  'no-constants',
  'constant-missing',
  'constant-unusable',
  'compressed-pointers',
  'memory-refused',
  'checks-failed',
  'optimized-code',
  'unknown-version',
  'no-symbols',
  'free-threaded',
  'wrong-offsets',
  'no-loop',
  'often-unmatched',
  'wasm-code',
] as const;
export type RuntimeProblem = (typeof runtimeProblems)[number];

/** A language runtime in the target, and why its functions have no names, if they have none. */
export interface NativeRuntime {
  /** `V8 11.3.244`. */
  readonly name: string;
  /** What it is a part of: `Node.js 20.20.2`; empty when it is not known. */
  readonly product: string;
  /** Index into `runtimeProblems`. */
  readonly problem: number;
  /** Which one is missing or unusable. */
  readonly constant: string;
  readonly errno: number;
}

/** Sums since the session's first start; see native/session.h. */
export interface NativeState {
  readonly hasExited: boolean;
  /** Why the running engine delivers nothing any more though the target lives. */
  readonly failure?: NativeRefusal;
  readonly elapsedNs: number;
  readonly cpuNs: number;
  readonly stackBytes: number;
  readonly samples: number;
  readonly truncated: number;
  /** Of the truncated: those whose stack the full table had no room for. */
  readonly notKept: number;
  /** Times the target became another program. */
  readonly execs: number;
  readonly shortLivedNs: number;
  /** Of several processes: CPU time that was used while no engine ran in them. Part of `cpuNs`. */
  readonly unseenNs?: number;
  readonly lost: number;
  readonly lostNs: number;
  readonly throttled: number;
  readonly ringKib: number;
  readonly ringKibWanted: number;
  readonly threadsFollowed: number;
  readonly threadsRefused: number;
  /** Index into `runningStacks`. */
  readonly runningStacks: number;
  /** Absent: the target has no runtime that we know. */
  readonly runtime?: NativeRuntime;
}

export interface NativeSession {
  /**
   * Opens and arms an engine on the target; one that runs already is replaced at one cut in time.
   * Resolves with the refusal, if there was one: everything is then as it was.
   * @param kind index into `engineKinds`
   */
  start(kind: number, periodNs: number): Promise<StartResult>;
  stop(): Promise<unknown>;
  drain(): NativeBatch;
  state(): NativeState;
  /** Frees its thread and files at once; after `stop`. Nothing may be asked of it any more. */
  close(): Promise<unknown>;
}

/** Each value is 0 or an errno; see native/capture/probe.h. */
export interface Probe {
  readonly fullSelf: number;
  readonly userSelf: number;
  readonly fullTarget: number;
  readonly userTarget: number;
  readonly ptrace: number;
  readonly readMemory: number;
}

/** 0, an errno, or -1 where trying says nothing; see native/capture/limits.h. */
export interface LimitProbe {
  readonly openFiles: number;
  readonly lockedMemory: number;
}

export interface Native {
  readonly Session: new (pid: number) => NativeSession;
  probe(pid: number): Probe;
  /** Not beside a running session: sample buffers count together. */
  probeLimits(pid: number): LimitProbe;
  demangle(names: readonly string[]): string[];
  guardTerminal(fd: number, leaveSequence: string): void;
  releaseTerminal(): void;
  /** @param environment NAME=value each; @param output index into `commandOutputs` */
  launch(path: string, argv: readonly string[], environment: readonly string[], output: number): LaunchResult;
  /** Lets a launched command run. Returns 0, or the errno of an exec that came only now. */
  release(pid: number, execResultFd: number): number;
  /** How a launched command ended (signal 0: by itself); undefined while it runs. Told once. */
  reap(pid: number): { readonly code: number; readonly signal: number } | undefined;
}

/** The package's root: the nearest folder above this file, bundled or not, that has `native/` or `prebuilds/`. */
export function packageRoot(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, 'package.json'))) folder = dirname(folder);
  return folder;
}

/** Thrown when there is no addon for this machine; the message says what to do. */
export class NativeMissing extends Error {}

export function loadNative(): Native {
  const require = createRequire(import.meta.url);
  const root = packageRoot();
  const candidates = [
    join(root, 'native/build/Release/prof_tui.node'),
    join(root, `prebuilds/linux-${process.arch}/prof-tui.node`),
  ];
  const found = candidates.find((path) => existsSync(path));
  if (found === undefined) {
    throw new NativeMissing(
      `no native sampler for linux-${process.arch}: build it with \`npm run build:native\` (needs g++, make, python3)`,
    );
  }
  try {
    return require(found) as Native;
  } catch (error) {
    throw new NativeMissing(`the native sampler does not load on this machine: ${(error as Error).message}`);
  }
}
