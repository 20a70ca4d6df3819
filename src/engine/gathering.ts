/**
 * What a session has gathered: drains the native session into the profiles, counts each row by its span, hands new
 * frames to the symbolizer. Owns the native session and the symbolizer's worker.
 */
import type { SampleColumns } from '../profile/batch.ts';
import { markedLabels } from '../profile/frames.ts';
import type { Profile } from '../profile/profile.ts';
import { monotonicMs } from '../symbolize/followed-file.ts';
import type { KernelSymbolsState } from '../symbolize/protocol.ts';
import type { Baseline } from './accounting.ts';
import { type Captured, onlyTarget } from './captured.ts';
import type { Keeper } from './keeper.ts';
import { Naming } from './naming.ts';
import type { Native, NativeState } from './native.ts';
import { ProcessFamily } from './process-family.ts';
import { SpanBook, type SpanPlan } from './spans.ts';
import type { Target, Unit } from './status.ts';
import type { ProcessStat } from './target.ts';
import { UnitProfiles } from './unit-profiles.ts';
import { WatchedProcess } from './watched-process.ts';

/** Of a thread that sleeps where it was seen before, a row comes that much later at most. */
const seenBeforeRowMs = 1000;

export interface GatheringOptions {
  readonly target: Target;
  readonly native: Native;
  readonly workerUrl: URL;
  readonly kernelSymbols: KernelSymbolsState;
  /** The processes that the target starts are profiled too. */
  readonly followForks?: boolean | undefined;
  readonly mayInject: boolean;
  readonly strict: boolean;
}

export class Gathering {
  readonly native: Captured;
  readonly book = new SpanBook();
  readonly naming: Naming;
  readonly process: WatchedProcess;
  baseline: Baseline;
  readonly #profiles = new UnitProfiles();

  constructor(options: GatheringOptions) {
    const { target, native, workerUrl, kernelSymbols } = options;
    this.process = new WatchedProcess(target);
    this.native = capturedFrom(options, this.process.readStat());
    this.baseline = { native: this.native.state(), stat: undefined };
    this.naming = new Naming(this.#profiles, {
      pid: target.pid,
      workerUrl,
      demangle: (names) => native.demangle(names),
      kernelSymbols,
    });
  }

  profileOf(unit: Unit): Profile {
    return this.#profiles.of(unit);
  }

  keep(keeper: Keeper): () => void {
    return this.#profiles.keep(keeper);
  }

  /** The books of native code begin just before the engine is armed: only the clock of the screen begins at the cut. */
  beginAt({ elapsedNs }: NativeState): void {
    this.baseline = { native: { ...this.baseline.native, elapsedNs }, stat: this.#readStat() };
  }

  drain(): void {
    for (const each of this.native.drain()) {
      const { batch } = each;
      this.book.count(batch);
      const unnamed = this.#profiles.add(batch, (span) => this.book.unitOf(span), each.names);
      this.naming.ask(each, batch.modules, unnamed, this.#firstSampledMs(batch));
    }
    for (const ended of this.native.takeEnded()) void this.naming.end(ended.id).then(() => ended.close());
    this.#readStat();
    this.process.followExecs(this.native.state().execs);
  }

  /** No sample of this batch is older (CLOCK_MONOTONIC). */
  #firstSampledMs({ timeNs }: SampleColumns): number {
    const { elapsedNs } = this.native.state();
    const firstNs = timeNs.reduce((first, each) => Math.min(first, each), elapsedNs);
    return monotonicMs() - (elapsedNs - firstNs) / 1e6 - seenBeforeRowMs;
  }

  /** An engine has taken over at a cut: its span begins there. */
  takeOver(what: SpanPlan, cut: NativeState): void {
    this.book.begin(what, cut, this.naming.kernelSymbols);
    this.drain();
  }

  /** The engine ends; all that it captured is drained. */
  async disarm(): Promise<void> {
    await this.native.stop();
    this.drain();
    this.book.close(this.native.state(), this.naming.kernelSymbols);
  }

  /** Counters and profiles begin anew. */
  reset(): void {
    this.drain();
    const now = this.native.state();
    this.baseline = { native: now, stat: this.#readStat() };
    this.book.reset(now);
    this.#profiles.reset();
  }

  /** Brings the trees up to the present: what no sample carries, and the clock of what is recent. */
  bringUpToDate(): void {
    const now = this.native.state();
    const { kernelNotSampledNs, notSampledNs } = this.book.balance(now, this.baseline.native);
    const profile = this.profileOf('cpu');
    profile.setUnsampled(markedLabels.kernelNotSampled, kernelNotSampledNs);
    profile.setUnsampled(markedLabels.notSampled, notSampledNs);
    this.#profiles.setNow(now.elapsedNs);
  }

  /** The ticks of all processes; of the target alone they tell how its time splits. */
  #readStat(): ProcessStat | undefined {
    this.process.readStat();
    return this.stat;
  }

  /** The target's, as it was last seen, with the ticks of those that are followed. */
  get stat(): ProcessStat | undefined {
    const stat = this.process.lastStat;
    const { user, system } = this.native.otherTicks;
    return stat && { ...stat, userTicks: stat.userTicks + user, systemTicks: stat.systemTicks + system };
  }
}

/** A target that is gone has nothing to follow. */
function capturedFrom(
  { native, target, followForks, mayInject, strict }: GatheringOptions,
  stat?: ProcessStat,
): Captured {
  const { pid } = target;
  return followForks && stat
    ? new ProcessFamily({ native, pid, stat, mayInject, strict })
    : onlyTarget(new native.Session(pid), pid);
}
