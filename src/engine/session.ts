/**
 * A live session on one target, from its start to its end: starts and changes the engine, drains on a tick, publishes
 * one status object. What it gathers is in `gathering.ts`, how engines change in `switching.ts`.
 */
import { ROOT } from '../profile/call-tree.ts';
import type { Profile } from '../profile/profile.ts';
import { climb, type Outcome } from './climbing.ts';
import { Gathering } from './gathering.ts';
import type { Keeper } from './keeper.ts';
import { type Listing, type ListingRequest, listFunction } from './listing.ts';
import type { Capabilities } from './machine.ts';
import type { Native } from './native.ts';
import { isRunning, probeCapabilities, probeTarget } from './probe.ts';
import { laterThreads } from './process-ids.ts';
import { makeStatus } from './publishing.ts';
import { type Selection, selectEngine } from './select.ts';
import { SelfUsage } from './self-usage.ts';
import { unitOfEngine } from './spans.ts';
import type { EngineAsk, LiveSession, SessionState, SessionStatus, Target } from './status.ts';
import { type Running, Switching } from './switching.ts';
import { readThreadState, type ThreadState } from './thread-state.ts';

export interface SessionOptions {
  readonly target: Target;
  readonly asked: EngineAsk;
  readonly strict: boolean;
  /** Code of ours may run in the target. */
  readonly mayInject: boolean;
  /** The processes that the target starts are profiled too. */
  readonly followForks?: boolean | undefined;
  readonly frequencyHz: number;
  readonly native: Native;
  /** The built symbolizer worker. */
  readonly workerUrl: URL;
  /** Why capture ended, where more is known of the target's end than that it came. */
  readonly describeEnd?: (() => string | undefined) | undefined;
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
/** Until the first stack has its names: there is nothing else to show. An idle target is not looked at so often for long. */
const firstTickMs = 20;
const firstTicks = 80;
/** How often a target that looks gone but runs is tried. */
const mostTries = 5;

export class CaptureSession implements LiveSession {
  readonly #options: SessionOptions;
  readonly #gathering: Gathering;
  readonly #switching: Switching;
  readonly #listeners = new Set<() => void>();
  readonly #selfUsage = new SelfUsage();
  #capabilities: Capabilities;
  #running: Running;
  #frequencyHz: number;
  #mapsError = 0;
  #state: SessionState = 'starting';
  #endReason: string | undefined;
  #suspension: { readonly sinceMs: number; readonly disarmed: Promise<void> } | undefined;
  #timer: NodeJS.Timeout | undefined;
  #stopping: Promise<void> | undefined;
  readonly #keepers = new Set<Keeper>();
  #status: SessionStatus;

  /**
   * Attaches and starts capture.
   * @throws NotPermitted, TargetGone
   */
  static async start(options: SessionOptions): Promise<CaptureSession> {
    for (let tries = 1; ; tries++) {
      try {
        return await CaptureSession.#startOnce(options);
      } catch (error) {
        // In the midst of an exec it looks gone, too.
        const mayRetry = error instanceof TargetGone && isRunning(options.target.pid) && tries < mostTries;
        if (!mayRetry) throw error;
      }
    }
  }

  static async #startOnce(options: SessionOptions): Promise<CaptureSession> {
    const { native, target, mayInject } = options;
    const capabilities = await probeTarget(native, target.pid, mayInject);
    const selection = selectEngine(options.asked, capabilities, options.strict);
    if (selection.kind === 'refused') throw refusalOf(options, selection, capabilities);
    const { asked, frequencyHz } = options;
    const session = new CaptureSession(options, { asked, plan: selection.plan, frequencyHz }, capabilities);
    await session.#begin();
    return session;
  }

  private constructor(options: SessionOptions, running: Running, capabilities: Capabilities) {
    this.#options = options;
    this.#running = running;
    this.#capabilities = capabilities;
    this.#frequencyHz = running.frequencyHz;
    const gathering = new Gathering({ ...options, kernelSymbols: capabilities.kernelSymbols });
    this.#gathering = gathering;
    this.#switching = new Switching({
      native: gathering.native,
      strict: options.strict,
      running: () => this.#running,
      probe: () => this.#probe(),
      onPlan: (plan) => gathering.book.expect(plan),
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
    return this.#gathering.profileOf(unitOfEngine(this.#running.plan.engine));
  }

  get status(): SessionStatus {
    return this.#status;
  }

  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /**
   * Tells `keeper` all that was gathered since the last reset, and from now on all that comes.
   * @returns ends that
   */
  keep(keeper: Keeper): () => void {
    const stop = this.#gathering.keep(keeper);
    this.#keepers.add(keeper);
    keeper.status(this.#status);
    return () => {
      stop();
      this.#keepers.delete(keeper);
    };
  }

  reset(): void {
    this.#gathering.reset();
    this.#publish();
  }

  async switchTo(asked: EngineAsk): Promise<void> {
    if (this.#state === 'live') await this.#switching.ask({ asked });
  }

  async changeRate(frequencyHz: number): Promise<void> {
    if (this.#state === 'live') await this.#switching.ask({ frequencyHz });
  }

  async suspend(): Promise<void> {
    if (this.#state !== 'live') return;
    this.#suspension ??= { sinceMs: Date.now(), disarmed: this.#disarm() };
    await this.#suspension.disarmed;
  }

  async resume(): Promise<void> {
    const suspension = this.#suspension;
    if (!suspension) return;
    this.#suspension = undefined;
    // It may have been stopped and continued half-way.
    await suspension.disarmed;
    if (this.#state !== 'live') return;
    await this.#switching.restart(Math.round((Date.now() - suspension.sinceMs) / 1000));
    this.#publish();
  }

  probeAgain(): void {
    this.#probe();
    this.#publish();
  }

  threadState(tid: number): ThreadState | undefined {
    if (tid === laterThreads.tid) return undefined;
    const states = this.#gathering.native.pids.map((pid) => readThreadState(pid, tid));
    return states.find((state) => state !== 'ended') ?? states[0];
  }

  list(request: ListingRequest, signal: AbortSignal): Promise<Listing> {
    const { naming } = this.#gathering;
    return listFunction(request, this.profile, this.#options.target.pid, signal, (frames) =>
      naming.linesOf(frames),
    );
  }

  stop(): Promise<void> {
    return this.#stopOnce('stopped', 'stopped');
  }

  async #begin(): Promise<void> {
    const gathering = this.#gathering;
    const { asked, strict, frequencyHz } = this.#options;
    const wish = { asked, strict, frequencyHz, capabilities: this.#capabilities };
    const outcome = await climb(gathering.native, wish, (plan) => gathering.book.expect(plan));
    if (outcome.kind !== 'runs') {
      await gathering.naming.finish();
      if (outcome.kind === 'gone') throw new TargetGone();
      throw refusalOf(this.#options, outcome, outcome.capabilities);
    }
    this.#capabilities = outcome.capabilities;
    gathering.beginAt(outcome.cut);
    this.#state = 'live';
    this.#takeOver({ asked, plan: outcome.plan, frequencyHz }, outcome);
    // Before we were attached an exec went unseen.
    gathering.process.describeAgain();
    this.#tickUntilNamed();
  }

  #tickUntilNamed(): void {
    let ticks = 0;
    const tick = () => {
      this.#tick();
      if (this.#stopping) return;
      if (this.profile.tree.samplesOf(ROOT) === 0 && ++ticks < firstTicks) return;
      clearInterval(this.#timer);
      this.#timer = setInterval(() => this.#tick(), tickMs);
    };
    this.#timer = setInterval(tick, firstTickMs);
    tick();
  }

  #takeOver(next: Running, outcome: Extract<Outcome, { kind: 'runs' }>): void {
    this.#running = next;
    this.#frequencyHz = outcome.frequencyHz;
    this.#mapsError = outcome.mapsError;
    this.#gathering.takeOver({ ...next, periodNs: Math.round(1e9 / outcome.frequencyHz) }, outcome.cut);
  }

  #probe(): Capabilities {
    const { native, target, mayInject } = this.#options;
    this.#capabilities = probeCapabilities(native, target.pid, mayInject);
    this.#gathering.naming.kernelSymbols = this.#capabilities.kernelSymbols;
    return this.#capabilities;
  }

  #tick(): void {
    this.#gathering.drain();
    const { hasExited, failure } = this.#gathering.native.state();
    if (hasExited && this.#state === 'live') {
      this.#stopOnce('ended', 'target exited');
      return;
    }
    if (failure && this.#state === 'live') {
      const last = this.#status.spans.at(-1);
      this.#switching.recover(failure, last ? last.endNs - last.startNs : 0);
    }
    this.#gathering.naming.placeWaiting();
    this.#publish();
  }

  #stopOnce(state: 'ended' | 'stopped', reason: string): Promise<void> {
    this.#stopping ??= this.#end(state, reason);
    return this.#stopping;
  }

  async #disarm(): Promise<void> {
    await this.#switching.settle();
    await this.#gathering.disarm();
  }

  async #end(state: 'ended' | 'stopped', reason: string): Promise<void> {
    clearInterval(this.#timer);
    await this.#disarm();
    await this.#gathering.naming.finish();
    this.#state = state;
    this.#endReason = (state === 'ended' ? this.#options.describeEnd?.() : undefined) ?? reason;
    this.#publish();
  }

  #publish(): void {
    this.#status = this.#makeStatus();
    this.#gathering.bringUpToDate();
    for (const keeper of this.#keepers) keeper.status(this.#status);
    for (const listener of this.#listeners) listener();
  }

  #makeStatus(): SessionStatus {
    return makeStatus({
      state: this.#state,
      endReason: this.#endReason,
      gathering: this.#gathering,
      running: this.#running,
      frequencyHz: this.#frequencyHz,
      switching: this.#switching,
      profile: this.profile,
      capabilities: this.#capabilities,
      mapsError: this.#mapsError,
      selfCpuShare: this.#selfUsage.read(),
    });
  }
}

function refusalOf(
  { target }: SessionOptions,
  { because, cure }: Omit<Extract<Selection, { kind: 'refused' }>, 'kind'>,
  capabilities: Capabilities,
): Error {
  if (!isRunning(target.pid)) return new TargetGone();
  return new NotPermitted(because, cure, capabilities);
}
