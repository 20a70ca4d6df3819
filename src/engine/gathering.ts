/**
 * What a session has gathered: drains the native session into the profiles, counts each row by its span, hands new
 * frames to the symbolizer. Owns the native session and the symbolizer's worker.
 */
import { markedLabels } from '../profile/frames.ts';
import type { Profile } from '../profile/profile.ts';
import type { KernelSymbolsState } from '../symbolize/protocol.ts';
import type { Baseline } from './accounting.ts';
import type { Keeper } from './keeper.ts';
import { Naming } from './naming.ts';
import type { Native, NativeSession, NativeState } from './native.ts';
import { SpanBook, type SpanPlan } from './spans.ts';
import type { Target, Unit } from './status.ts';
import { UnitProfiles } from './unit-profiles.ts';
import { WatchedProcess } from './watched-process.ts';

export interface GatheringOptions {
  readonly target: Target;
  readonly native: Native;
  readonly workerUrl: URL;
  readonly kernelSymbols: KernelSymbolsState;
}

export class Gathering {
  readonly native: NativeSession;
  readonly book = new SpanBook();
  readonly naming: Naming;
  readonly process: WatchedProcess;
  baseline: Baseline;
  readonly #profiles = new UnitProfiles();

  constructor({ target, native, workerUrl, kernelSymbols }: GatheringOptions) {
    this.native = new native.Session(target.pid);
    this.baseline = { native: this.native.state(), stat: undefined };
    this.process = new WatchedProcess(target);
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

  keep(keeper: Keeper | undefined): void {
    this.#profiles.keep(keeper);
  }

  /** The books of native code begin just before the engine is armed: only the clock of the screen begins at the cut. */
  beginAt({ elapsedNs }: NativeState): void {
    this.baseline = { native: { ...this.baseline.native, elapsedNs }, stat: this.process.readStat() };
  }

  drain(): void {
    const batch = this.native.drain();
    this.book.count(batch);
    this.naming.ask(
      batch.modules,
      this.#profiles.add(batch, (span) => this.book.unitOf(span)),
    );
    this.process.readStat();
    this.process.followExecs(this.native.state().execs);
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
    this.baseline = { native: now, stat: this.process.readStat() };
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
}
