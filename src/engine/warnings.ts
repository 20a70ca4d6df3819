/**
 * Every warning there is, as data, and the words for each: a short title, the cause, and the one cure.
 * All text that tells users what is degraded comes from here.
 */
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
  | { readonly code: 'kernel-not-sampled' }
  | { readonly code: 'snapshots-interrupt' }
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
  | { readonly code: 'stacks-cut'; readonly share: number; readonly stackBytes: number }
  | { readonly code: 'stacks-not-kept'; readonly samples: number }
  | { readonly code: 'symbols'; readonly subject: string; readonly detail: string };

/** A warning in words. `title` fits the banner. */
export interface Warning {
  readonly code: Degradation['code'];
  /** One short line: what is degraded. */
  readonly title: string;
  readonly cause: string;
  /** One command or step that cures it, ready to paste; undefined when there is none. */
  readonly cure: string | undefined;
}

/** The words for a degradation. Pure. */
export function describe(degradation: Degradation): Warning {
  return { code: degradation.code, ...words(degradation) };
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
    case 'kernel-not-sampled':
      return {
        title: 'user mode only: kernel time is counted, not sampled',
        cause: 'this engine leaves the kernel out; what it misses stands under [kernel: not sampled]',
        cure: undefined,
      };
    case 'snapshots-interrupt':
      return {
        title: 'external snapshots: may interrupt system calls of the target',
        cause: 'each sample stops one running thread for some 50 µs, which can cut a read or write short',
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
        cause: `stacks are deeper than the ${Math.round(of.stackBytes / 1024)} KiB that are copied, or have no unwind tables`,
        cure: undefined,
      };
    case 'stacks-not-kept':
      return {
        title: `${of.samples.toLocaleString('en-US')} samples kept by their leaf alone, under [truncated]`,
        cause:
          'the target has had more different stacks than memory is set aside for; new ones lose their callers',
        cure: 'start prof-tui anew',
      };
    case 'symbols':
      return { title: `names missing for ${of.subject}: ${of.detail}`, cause: of.detail, cure: undefined };
  }
}

function lowerRate(hz: number): number {
  return Math.max(19, Math.floor(hz / 2));
}
