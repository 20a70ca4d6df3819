/**
 * Every warning there is, as data, and the words for each: a short title, the cause, and the one cure.
 * All text that tells users what is degraded comes from here.
 */
import { clock } from '../profile/format.ts';
import { errnoName } from './errno.ts';
import type { NativeRefusal } from './native.ts';
import type { EngineAsk, EngineName } from './status.ts';

/** What is degraded, with the facts that its sentence needs. */
export type Degradation =
  | { readonly code: 'kernel-symbols-hidden'; readonly because: string; readonly cure: string | undefined }
  | {
      readonly code: 'fell-back';
      readonly asked: EngineAsk;
      readonly running: EngineName;
      readonly because: string;
      readonly cure: string | undefined;
    }
  | {
      readonly code: 'switch-refused';
      /** An engine, or a rate in words. */
      readonly asked: string;
      readonly running: EngineName;
      readonly because: string;
      readonly cure: string | undefined;
    }
  | {
      readonly code: 'engine-died';
      readonly died: EngineName;
      readonly running: EngineName;
      readonly because: string;
    }
  | { readonly code: 'suspended'; readonly seconds: number }
  | { readonly code: 'kernel-not-sampled' }
  | { readonly code: 'snapshots-interrupt'; readonly because: string | undefined }
  | { readonly code: 'running-stopped' }
  | { readonly code: 'running-unseen' }
  | { readonly code: 'mappings-unreadable'; readonly because: string }
  | {
      readonly code: 'threads-not-followed';
      readonly refused: number;
      readonly followed: number;
      readonly limit: number | undefined;
    }
  | { readonly code: 'rings-reduced'; readonly kib: number; readonly wantedKib: number }
  | { readonly code: 'records-lost'; readonly lost: number; readonly hz: number }
  | { readonly code: 'throttled'; readonly times: number; readonly hz: number }
  | { readonly code: 'rate-limited'; readonly askedHz: number; readonly hz: number }
  | {
      readonly code: 'stacks-cut';
      readonly share: number;
      readonly stackBytes: number;
      readonly isWall: boolean;
    }
  | { readonly code: 'stacks-not-kept'; readonly samples: number }
  | { readonly code: 'forks-unseen' }
  | { readonly code: 'processes-not-followed'; readonly processes: number; readonly limit: number }
  | { readonly code: 'processes-refused'; readonly processes: number; readonly because: string }
  | { readonly code: 'processes-other-engine'; readonly processes: number; readonly engine: EngineName }
  | { readonly code: 'processes-unseen'; readonly unseenNs: number }
  | {
      readonly code: 'runtime-unnamed';
      readonly runtime: string;
      /** Only functions of WebAssembly: all others have names. */
      readonly isWasm: boolean;
      readonly because: string;
      readonly cure: string | undefined;
    }
  | {
      readonly code: 'python-unseen';
      readonly runtime: string;
      readonly engine: EngineName;
      readonly offer: EngineAsk | undefined;
    }
  | { readonly code: 'symbols'; readonly subject: string; readonly detail: string }
  /** Of a file that was opened. */
  | { readonly code: 'recording-cut'; readonly atNs: number; readonly unreadBytes: number }
  | { readonly code: 'recording-grows' }
  | { readonly code: 'differs'; readonly because: string }
  | { readonly code: 'imported'; readonly from: string }
  | { readonly code: 'noted-then'; readonly of: string }
  | { readonly code: 'import-damaged'; readonly from: string; readonly because: string };

/** A warning in words. `title` fits the banner. */
export interface Warning {
  readonly code: Degradation['code'];
  /** One short line: what is degraded. */
  readonly title: string;
  readonly cause: string;
  /** One command or step that cures it, ready to paste; undefined when there is none. */
  readonly cure: string | undefined;
  /** An engine that does better, one key away. */
  readonly offer?: EngineAsk | undefined;
}

/** The words for a degradation. Pure. */
export function describe(degradation: Degradation): Warning {
  return { code: degradation.code, ...words(degradation) };
}

/** What becomes of functions without names. */
function unnamedFunctions({
  runtime,
  isWasm,
}: {
  readonly runtime: string;
  readonly isWasm: boolean;
}): string {
  if (isWasm) return `WebAssembly functions of ${runtime} are all called (WebAssembly)`;
  if (runtime.startsWith('CPython')) return `functions of ${runtime} stay frames of its interpreter`;
  return `functions of ${runtime} are under [jit: no symbols]`;
}

/** The language of what a runtime calls itself: `V8 11.3.244`, `JVM 17.0.15`. */
function languageOf(runtime: string): string {
  if (runtime.startsWith('CPython')) return 'Python';
  return runtime.startsWith('JVM') ? 'Java' : 'JavaScript';
}

function words(of: Degradation): Omit<Warning, 'code'> {
  switch (of.code) {
    case 'kernel-symbols-hidden':
      return {
        title: `kernel symbols hidden (${of.because}): kernel time kept as one node, user frames intact`,
        cause: `kernel functions cannot be named: ${of.because}`,
        cure: of.cure,
      };
    case 'fell-back':
      return {
        title: `asked ${of.asked}, running ${of.running}, because ${of.because}`,
        cause: `what sees more is refused: ${of.because}`,
        cure: of.cure,
      };
    case 'switch-refused':
      return {
        title: `${of.asked} is refused, ${of.running} goes on: ${of.because}`,
        cause: `asked ${of.asked} while ${of.running} ran: ${of.because}`,
        cure: of.cure,
      };
    case 'engine-died':
      return {
        title: `${of.died} ended, running ${of.running}: ${of.because}`,
        cause: `the engine ${of.died} delivered nothing any more: ${of.because}`,
        cure: undefined,
      };
    case 'suspended':
      return {
        title: `suspended for ${of.seconds} s: CPU time of then is under [not sampled]`,
        cause: 'prof-tui was stopped (^Z) and captured nothing meanwhile',
        cure: undefined,
      };
    case 'kernel-not-sampled':
      return {
        title: 'user mode only: kernel time is counted, not sampled',
        cause: 'this engine leaves the kernel out; what it misses stands under [kernel: not sampled]',
        cure: undefined,
      };
    case 'snapshots-interrupt':
      return {
        title: 'external snapshots: may interrupt system calls of the target',
        cause: `each sample stops one running thread for some 50 µs, which can cut a read or write short${
          of.because === undefined ? '' : `; not by timers in the target: ${of.because}`
        }`,
        cure: undefined,
      };
    case 'running-stopped':
      return {
        title: 'running threads are stopped for some 50 µs each: may interrupt their system calls',
        cause:
          'perf_events are refused, so a running thread is read by a short stop; sleeping ones are never touched',
        cure: undefined,
      };
    case 'running-unseen':
      return {
        title: 'running threads have no stacks: their time is under [running]',
        cause: 'perf_events are refused, and the threads of this process must not be stopped by us',
        cure: undefined,
      };
    case 'mappings-unreadable':
      return {
        title: `mappings unreadable (${of.because}): no names for user code`,
        cause: `/proc/PID/maps is refused: ${of.because}; stacks are the kernel's frame-pointer walk`,
        cure: 'add CAP_SYS_PTRACE, or run prof-tui as the target’s user',
      };
    case 'threads-not-followed':
      return {
        title: `${of.refused} of ${of.refused + of.followed} threads not followed (open files limit)`,
        cause: `open files are limited to ${of.limit ?? 'too few'}; the idlest threads are left out`,
        cure: `ulimit -n ${2 ** Math.ceil(Math.log2((of.refused + of.followed) * 8 + 256))}`,
      };
    case 'rings-reduced':
      return {
        title: `small sample buffers (${of.kib} of ${of.wantedKib} KiB): bursts may be lost`,
        cause: 'locked memory is limited (perf_event_mlock_kb, RLIMIT_MEMLOCK)',
        cure: `sudo sysctl kernel.perf_event_mlock_kb=${of.wantedKib + 4}`,
      };
    case 'records-lost':
      return {
        title: `${of.lost.toLocaleString('en-US')} samples lost: their time is under [not sampled]`,
        cause: 'the sample buffers were full when the kernel wrote',
        cure: `prof-tui -F ${lowerRate(of.hz)}`,
      };
    case 'throttled':
      return {
        title: `the kernel holds samples back (${of.times.toLocaleString('en-US')} times): weights are widened`,
        cause: 'more samples are asked for than kernel.perf_event_max_sample_rate or the CPU allows',
        cure: `prof-tui -F ${lowerRate(of.hz)}`,
      };
    case 'rate-limited':
      return {
        title: `${of.askedHz} Hz asked, ${of.hz} Hz runs`,
        cause: `kernel.perf_event_max_sample_rate is ${of.hz}`,
        cure: `sudo sysctl kernel.perf_event_max_sample_rate=${of.askedHz}`,
      };
    case 'stacks-cut':
      return {
        title: `${(of.share * 100).toFixed(1)}% of the stacks end early, under [truncated]`,
        cause: of.isWall
          ? 'of a sleeping thread only pc and sp can be read: its stack ends where a frame needs another register'
          : `stacks are deeper than the ${Math.round(of.stackBytes / 1024)} KiB that are copied, or have no unwind tables`,
        cure: undefined,
      };
    case 'stacks-not-kept':
      return {
        title: `${of.samples.toLocaleString('en-US')} samples kept by their leaf alone, under [truncated]`,
        cause:
          'the target has had more different stacks than memory is set aside for; new ones lose their callers',
        cure: 'start prof-tui anew',
      };
    case 'runtime-unnamed':
      return {
        title: `${of.isWasm ? 'WebAssembly' : languageOf(of.runtime)} functions without names (${of.runtime}): ${of.because}`,
        cause: `${unnamedFunctions(of)}: ${of.because}`,
        cure: of.cure,
      };
    case 'python-unseen':
      return { ...pythonUnseen(of), offer: of.offer };
    case 'recording-cut':
      return {
        title: `recording ends at ${clock(of.atNs)}, ${endOf(of.unreadBytes)}: shown up to there`,
        cause: 'its writer was killed or waits, its disk was full, or the file was cut or damaged',
        cure: undefined,
      };
    case 'differs':
      return { title: of.because, cause: 'two files are compared that were not seen alike', cure: undefined };
    case 'recording-grows':
      return {
        title: 'still being recorded: what comes is shown a second later',
        cause: 'its writer has not ended it, and the file grows',
        cure: undefined,
      };
    case 'imported':
      return {
        title: `imported from ${of.from}: the file does not say which engine saw this, nor what it left out`,
        cause: 'only stacks and their weights are known; nothing can be accounted for',
        cure: undefined,
      };
    case 'noted-then':
      return {
        title: `noted when it was captured: ${of.of}`,
        cause: 'the file keeps the code of the warning alone',
        cure: undefined,
      };
    case 'import-damaged':
      return {
        title: `the ${of.from} file is damaged (${of.because}): what could be read is shown`,
        cause: of.because,
        cure: undefined,
      };
    case 'forks-unseen':
      return {
        title: 'the processes that it starts cannot be seen: only the target is profiled',
        cause: 'this kernel does not list children (CONFIG_PROC_CHILDREN)',
        cure: undefined,
      };
    case 'processes-not-followed':
      return {
        title: `${of.processes} processes not followed: at most ${of.limit} at once`,
        cause:
          'each followed process has events, buffers and a thread of ours; their time comes when they end',
        cure: undefined,
      };
    case 'processes-refused':
      return {
        title: `${of.processes} processes without samples: ${of.because}`,
        cause: `no engine could be started in them: ${of.because}; their time is under [not sampled]`,
        cure: undefined,
      };
    case 'processes-other-engine':
      return {
        title: `${of.processes} processes not with ${of.engine}: it is refused there`,
        cause: `an engine that needs less runs in them; they are profiled with the target, which ${of.engine} sees`,
        cure: undefined,
      };
    case 'processes-unseen':
      return {
        title: `${(of.unseenNs / 1e9).toFixed(2)} s of new and short processes unseen: under [not sampled]`,
        cause:
          'children are looked for every 10 ms; what they use before, or what ends sooner, has no samples',
        cure: undefined,
      };
    case 'symbols':
      return { title: `names missing for ${of.subject}: ${of.detail}`, cause: of.detail, cure: undefined };
  }
}

function pythonUnseen({ runtime, engine, offer }: Extract<Degradation, { code: 'python-unseen' }>) {
  const seen = engine === 'wall' ? 'running Python code' : 'Python';
  const better = offer === undefined ? '' : `; P: ${offer}, which has its functions`;
  return {
    title: `${engine} shows ${seen} as native frames only${better}`,
    cause: `${runtime} writes over its own stack at the next call: its functions must be read at the sample, which perf_events are not`,
    cure: offer === undefined ? undefined : `prof-tui -e ${offer}`,
  };
}

function endOf(unreadBytes: number): string {
  return unreadBytes > 0 ? `${unreadBytes} bytes unread` : 'without its end';
}

/** Why a running engine died, in words; see native/capture/engine.h. */
export function deathOf({ syscall, errno }: NativeRefusal): string {
  if (syscall === 'ring') return 'a sample buffer is damaged';
  if (syscall === 'exec') return 'the target became another program';
  if (syscall === 'perf_event')
    return 'the kernel ended its events (the target became another user’s program)';
  return `${syscall} says ${errnoName(errno)}`;
}

function lowerRate(hz: number): number {
  return Math.max(19, Math.floor(hz / 2));
}
