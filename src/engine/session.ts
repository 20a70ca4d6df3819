/**
 * A live session on one target: starts and changes the engine, drains it on a tick, hands new frames to the
 * symbolizer, keeps the books, and publishes one status object. Owns the native session and the symbolizer's worker.
 */
import type { Profile } from '../profile/profile.ts';
import type { Baseline } from './accounting.ts';
import { climb, type Outcome } from './climbing.ts';
import type { Capabilities } from './machine.ts';
import { Naming } from './naming.ts';
import type { Native, NativeSession } from './native.ts';
import { probeCapabilities } from './probe.ts';
import { makeStatus, showUnsampled } from './publishing.ts';
import { type Selection, selectEngine } from './select.ts';
import { SelfUsage } from './self-usage.ts';
import { SpanBook, unitOfEngine } from './spans.ts';
import type { EngineAsk, LiveSession, SessionState, SessionStatus, Target } from './status.ts';
import { type Running, Switching } from './switching.ts';
import { readProcessStat } from './target.ts';
import { UnitProfiles } from './unit-profiles.ts';
import { WatchedProcess } from './watched-process.ts';

export interface SessionOptions {
  readonly target: Target;
  readonly asked: EngineAsk;
  readonly strict: boolean;
  readonly frequencyHz: number;
  readonly native: Native;
  /** The built symbolizer worker. */
  readonly workerUrl: URL;
}

/** The engine that was asked for, and all below it, are refused: the gates say why and what would open them. */
export class NotPermitted extends Error {
  readonly capabilities: Capabilities;
  readonly cure: string | undefined;
  constructor(because: string, cure: string | undefined, capabilities: Capabilities) {
    super(because);
    this.cure = cure;
    this.capabilities = capabilities;
  }
}

/** The target ended between the look at it and the first event. */
export class TargetGone extends Error {}

const tickMs = 200;

export class CaptureSession implements LiveSession {
  readonly #options: SessionOptions;
  readonly #native: NativeSession;
  readonly #profiles = new UnitProfiles();
  readonly #naming: Naming;
  readonly #book = new SpanBook();
  readonly #switching: Switching;
  readonly #process: WatchedProcess;
  readonly #listeners = new Set<() => void>();
  readonly #selfUsage = new SelfUsage();
  #capabilities: Capabilities;
  #running: Running;
  #frequencyHz: number;
  #baseline: Baseline;
  #mapsError = 0;
  #state: SessionState = 'starting';
  #endReason: string | undefined;
  #timer: NodeJS.Timeout | undefined;
  #stopping: Promise<void> | undefined;
  #status: SessionStatus;

  /**
   * Attaches and starts capture.
   * @throws NotPermitted, TargetGone
   */
  static async start(options: SessionOptions): Promise<CaptureSession> {
    const capabilities = probeCapabilities(options.native, options.target.pid);
    const selection = selectEngine(options.asked, capabilities, options.strict);
    if (selection.kind === 'refused') throw refusalOf(options, selection, capabilities);
    const { asked, frequencyHz } = options;
    const session = new CaptureSession(options, { asked, plan: selection.plan, frequencyHz }, capabilities);
    await session.#begin();
    return session;
  }

  private constructor(options: SessionOptions, running: Running, capabilities: Capabilities) {
    const { native, target, workerUrl } = options;
    this.#options = options;
    this.#running = running;
    this.#capabilities = capabilities;
    this.#frequencyHz = running.frequencyHz;
    this.#process = new WatchedProcess(target);
    this.#native = new native.Session(target.pid);
    this.#baseline = { native: this.#native.state(), stat: undefined };
    this.#naming = new Naming(this.#profiles, {
      pid: target.pid,
      workerUrl,
      demangle: (names) => native.demangle(names),
      kernelSymbols: capabilities.kernelSymbols,
    });
    this.#switching = new Switching({
      native: this.#native,
      strict: options.strict,
      running: () => this.#running,
      probe: () => this.#probe(),
      onPlan: (plan) => this.#book.expect(plan),
      onChange: () => this.#publish(),
      onRuns: (next, outcome) => this.#takeOver(next, outcome),
      onTried: (tried) => {
        this.#capabilities = tried;
      },
      onNothingRuns: (because) => {
        this.#stopOnce('ended', because);
      },
    });
    this.#status = this.#makeStatus();
  }

  get profile(): Profile {
    return this.#profiles.of(unitOfEngine(this.#running.plan.engine));
  }

  get status(): SessionStatus {
    return this.#status;
  }

  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  reset(): void {
    this.#drain();
    const now = this.#native.state();
    this.#baseline = { native: now, stat: readProcessStat(this.#options.target.pid) };
    this.#book.reset(now);
    this.#profiles.reset();
    this.#publish();
  }

  async switchTo(asked: EngineAsk): Promise<void> {
    if (this.#state === 'live') await this.#switching.ask({ asked });
  }

  async changeRate(frequencyHz: number): Promise<void> {
    if (this.#state === 'live') await this.#switching.ask({ frequencyHz });
  }

  probeAgain(): void {
    this.#probe();
    this.#publish();
  }

  stop(): Promise<void> {
    return this.#stopOnce('stopped', 'stopped');
  }

  async #begin(): Promise<void> {
    const { asked, strict, frequencyHz } = this.#options;
    const wish = { asked, strict, frequencyHz, capabilities: this.#capabilities };
    const outcome = await climb(this.#native, wish, (plan) => this.#book.expect(plan));
    if (outcome.kind !== 'runs') {
      await this.#naming.finish();
      if (outcome.kind === 'gone') throw new TargetGone();
      throw refusalOf(this.#options, outcome, outcome.capabilities);
    }
    this.#capabilities = outcome.capabilities;
    // The native books begin just before the engine is armed: only the clock of the screen begins now.
    const { elapsedNs } = outcome.cut;
    this.#baseline = { native: { ...this.#baseline.native, elapsedNs }, stat: this.#process.readStat() };
    this.#state = 'live';
    this.#takeOver({ asked, plan: outcome.plan, frequencyHz }, outcome);
    // Before we were attached an exec went unseen.
    this.#process.describeAgain();
    this.#timer = setInterval(() => this.#tick(), tickMs);
    this.#tick();
  }

  /** An engine has taken over: its span begins at the cut. */
  #takeOver(next: Running, outcome: Extract<Outcome, { kind: 'runs' }>): void {
    const periodNs = Math.round(1e9 / outcome.frequencyHz);
    this.#book.begin({ ...next, periodNs }, outcome.cut, this.#naming.kernelSymbols);
    this.#running = next;
    this.#frequencyHz = outcome.frequencyHz;
    this.#mapsError = outcome.mapsError;
    this.#drain();
  }

  #probe(): Capabilities {
    this.#capabilities = probeCapabilities(this.#options.native, this.#options.target.pid);
    this.#naming.kernelSymbols = this.#capabilities.kernelSymbols;
    return this.#capabilities;
  }

  #tick(): void {
    this.#drain();
    const { hasExited, failure } = this.#native.state();
    if (hasExited && this.#state === 'live') {
      this.#stopOnce('ended', 'target exited');
      return;
    }
    if (failure && this.#state === 'live') {
      const last = this.#status.spans.at(-1);
      this.#switching.recover(failure, last ? last.endNs - last.startNs : 0);
    }
    this.#naming.settle();
    this.#publish();
  }

  #drain(): void {
    const batch = this.#native.drain();
    this.#book.count(batch);
    this.#naming.ask(
      batch.modules,
      this.#profiles.add(batch, (span) => this.#book.unitOf(span)),
    );
    this.#process.readStat();
    this.#process.followExecs(this.#native.state().execs);
  }

  #stopOnce(state: 'ended' | 'stopped', reason: string): Promise<void> {
    this.#stopping ??= this.#end(state, reason);
    return this.#stopping;
  }

  async #end(state: 'ended' | 'stopped', reason: string): Promise<void> {
    clearInterval(this.#timer);
    await this.#switching.settle();
    await this.#native.stop();
    this.#drain();
    this.#book.close(this.#native.state(), this.#naming.kernelSymbols);
    await this.#naming.finish();
    this.#state = state;
    this.#endReason = reason;
    this.#publish();
  }

  #publish(): void {
    this.#status = this.#makeStatus();
    const native = this.#native.state();
    showUnsampled(this.#profiles.of('cpu'), this.#book.balance(native, this.#baseline.native));
    this.#profiles.setNow(native.elapsedNs);
    for (const listener of this.#listeners) listener();
  }

  #makeStatus(): SessionStatus {
    return makeStatus({
      state: this.#state,
      endReason: this.#endReason,
      target: this.#process.target,
      threadCount: this.#process.threadCount,
      running: this.#running,
      frequencyHz: this.#frequencyHz,
      native: this.#native.state(),
      baseline: this.#baseline,
      stat: this.#process.lastStat,
      book: this.#book,
      switching: this.#switching,
      profile: this.profile,
      capabilities: { ...this.#capabilities, kernelSymbols: this.#naming.kernelSymbols },
      mapsError: this.#mapsError,
      symbolWarnings: this.#naming.warnings,
      selfCpuShare: this.#selfUsage.read(),
    });
  }
}

function refusalOf(
  { target }: SessionOptions,
  { because, cure }: Omit<Extract<Selection, { kind: 'refused' }>, 'kind'>,
  capabilities: Capabilities,
): Error {
  if (readProcessStat(target.pid) === undefined) return new TargetGone();
  return new NotPermitted(because, cure, capabilities);
}
