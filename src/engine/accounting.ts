/**
 * The books: weights against the target's own CPU clock, since the start or the last reset. Pure.
 * What no sample carries is shown as a node of its own, so that the tree's total is the CPU clock.
 */
import type { NativeState } from './native.ts';
import type { Balance } from './spans.ts';
import type { Accounting } from './status.ts';
import type { ProcessStat } from './target.ts';

/** The counters at the moment from which we account. */
export interface Baseline {
  readonly native: NativeState;
  readonly stat: ProcessStat | undefined;
}

/** Counters of the native session since the baseline. */
export function since(now: NativeState, base: NativeState): NativeState {
  return {
    ...now,
    elapsedNs: now.elapsedNs - base.elapsedNs,
    cpuNs: now.cpuNs - base.cpuNs,
    samples: now.samples - base.samples,
    truncated: now.truncated - base.truncated,
    notKept: now.notKept - base.notKept,
    shortLivedNs: now.shortLivedNs - base.shortLivedNs,
    unseenNs: (now.unseenNs ?? 0) - (base.unseenNs ?? 0),
    lost: now.lost - base.lost,
    lostNs: now.lostNs - base.lostNs,
    throttled: now.throttled - base.throttled,
  };
}

/**
 * @param native counters since the baseline
 * @param stat the kernel's own split of user and system time; its ratio is applied to the exact clock, because the
 *   kernel counts the two by ticks (account_system_time) and prints them rounded to 10 ms
 */
export function account(
  native: NativeState,
  balance: Balance,
  stat: ProcessStat | undefined,
  base: ProcessStat | undefined,
): Accounting {
  const userTicks = (stat?.userTicks ?? 0) - (base?.userTicks ?? 0);
  const systemTicks = (stat?.systemTicks ?? 0) - (base?.systemTicks ?? 0);
  const ticks = userTicks + systemTicks;
  const { cpuTimeNs, weightNs, kernelNotSampledNs, notSampledNs } = balance;
  const userTimeNs = ticks > 0 ? Math.round((cpuTimeNs * userTicks) / ticks) : 0;
  return {
    cpuTimeNs,
    userTimeNs,
    systemTimeNs: ticks > 0 ? cpuTimeNs - userTimeNs : 0,
    weightNs,
    accounted: cpuTimeNs > 0 ? weightNs / cpuTimeNs : undefined,
    unsampledNs: kernelNotSampledNs + notSampledNs,
    kernelNotSampledNs,
    lostNs: native.lostNs,
    shortLivedNs: native.shortLivedNs,
  };
}
