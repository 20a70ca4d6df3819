/**
 * A live session on one target: starts the planned engine, drains it on a tick, hands new frames to the symbolizer,
 * keeps the books, and publishes one status object. Owns the native session and the symbolizer's worker.
 */
import { readdirSync } from 'node:fs';
import { markedLabels } from '../profile/frames.ts';
import { Profile } from '../profile/profile.ts';
import { account, type Baseline, since } from './accounting.ts';
import { currentDegradations } from './degradations.ts';
import { errnoName } from './errno.ts';
import { listGates, shutOfOpen } from './gates.ts';
import type { Capabilities } from './machine.ts';
import { Naming } from './naming.ts';
import { engineKinds, type Native, type NativeRefusal, type NativeSession } from './native.ts';
import { toBatch } from './native-batch.ts';
import { probeCapabilities } from './probe.ts';
import { type Plan, selectEngine } from './select.ts';
import { SelfUsage } from './self-usage.ts';
import type {
  EngineAsk,
  EngineSpan,
  KernelPart,
  LiveSession,
  SessionState,
  SessionStatus,
  Target,
} from './status.ts';
import { describeTarget, readProcessStat, TargetRefused } from './target.ts';
import { readThreadState, type ThreadState } from './thread-state.ts';
import { describe } from './warnings.ts';

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
  readonly profile = new Profile();
  readonly #options: SessionOptions;
  readonly #plan: Plan;
  readonly #native: NativeSession;
  readonly #naming: Naming;
  readonly #frequencyHz: number;
  readonly #listeners = new Set<() => void>();
  readonly #selfUsage = new SelfUsage();
  #target: Target;
  #execs = 0;
  #capabilities: Capabilities;
  #baseline: Baseline;
  #mapsError = 0;
  #state: SessionState = 'starting';
  #endReason: string | undefined;
  #timer: NodeJS.Timeout | undefined;
  #stopping: Promise<void> | undefined;
  #lastStat = readProcessStat(0);
  #threadCount = 0;
  #threadsCountedMs = 0;
  #status: SessionStatus;

  /**
   * Attaches and starts capture.
   * @throws NotPermitted, TargetGone
   */
  static async start(options: SessionOptions): Promise<CaptureSession> {
    let capabilities = probeCapabilities(options.native, options.target.pid);
    for (;;) {
      const selection = selectEngine(options.asked, capabilities, options.strict);
      if (selection.kind === 'refused') {
        if (readProcessStat(options.target.pid) === undefined) throw new TargetGone();
        throw new NotPermitted(selection.because, selection.cure, capabilities);
      }
      const session = new CaptureSession(options, selection.plan, capabilities);
      const refusal = await session.#open();
      if (!refusal) return session;
      // What trying did not foresee (descriptors, locked memory): the ladder goes on without this engine.
      const openRefusals = { ...capabilities.openRefusals, [selection.plan.engine]: shutOfOpen(refusal) };
      capabilities = { ...capabilities, openRefusals };
    }
  }

  private constructor(options: SessionOptions, plan: Plan, capabilities: Capabilities) {
    this.#options = options;
    this.#target = options.target;
    this.#plan = plan;
    this.#capabilities = capabilities;
    this.#frequencyHz = Math.min(
      options.frequencyHz,
      capabilities.facts.maxSampleRate ?? options.frequencyHz,
    );
    this.#native = new options.native.Session(options.target.pid);
    this.#baseline = { native: this.#native.state(), stat: undefined };
    const { native, target, workerUrl } = options;
    this.#naming = new Naming(this.profile, {
      pid: target.pid,
      workerUrl,
      demangle: (names) => native.demangle(names),
      kernelSymbols: capabilities.kernelSymbols,
    });
    this.#status = this.#makeStatus();
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
    this.#baseline = { native: this.#native.state(), stat: readProcessStat(this.#options.target.pid) };
    this.profile.reset();
    this.#publish();
  }

  probeAgain(): void {
    this.#capabilities = probeCapabilities(this.#options.native, this.#options.target.pid);
    this.#naming.kernelSymbols = this.#capabilities.kernelSymbols;
    this.#publish();
  }

  threadState(tid: number): ThreadState | undefined {
    return readThreadState(this.#target.pid, tid);
  }

  stop(): Promise<void> {
    this.#stopping ??= this.#end('stopped', 'stopped');
    return this.#stopping;
  }

  async #open(): Promise<NativeRefusal | undefined> {
    const result = await this.#native.start(
      engineKinds.indexOf(kindOf(this.#plan)),
      Math.round(1e9 / this.#frequencyHz),
    );
    if (result.refusal) {
      await this.#naming.finish();
      if (errnoName(result.refusal.errno) === 'ESRCH') throw new TargetGone();
      return result.refusal;
    }
    this.#mapsError = result.mapsError;
    // The native books begin just before the engine is armed: only the clock of the screen begins now.
    const { elapsedNs } = this.#native.state();
    this.#baseline = {
      native: { ...this.#baseline.native, elapsedNs },
      stat: readProcessStat(this.#options.target.pid),
    };
    // Before we were attached an exec went unseen.
    this.#describeAgain();
    this.#state = 'live';
    this.#timer = setInterval(() => this.#tick(), tickMs);
    this.#tick();
    return undefined;
  }

  #tick(): void {
    this.#drain();
    if (this.#native.state().hasExited && this.#state === 'live') {
      this.#stopping ??= this.#end('ended', 'target exited');
      return;
    }
    this.#naming.settle();
    this.#publish();
  }

  #drain(): void {
    const batch = this.#native.drain();
    this.#naming.ask(batch.modules, this.profile.add(toBatch(batch)));
    this.#lastStat = readProcessStat(this.#options.target.pid) ?? this.#lastStat;
    this.#followExec();
  }

  /** After an exec the same pid is another program, with another name and command line. */
  #followExec(): void {
    const { execs } = this.#native.state();
    if (execs === this.#execs) return;
    this.#execs = execs;
    this.#describeAgain();
  }

  #describeAgain(): void {
    try {
      this.#target = describeTarget(this.#options.target.pid);
    } catch (error) {
      // It ended at once: the name it had is the best there is.
      if (!(error instanceof TargetRefused)) throw error;
    }
  }

  async #end(state: 'ended' | 'stopped', reason: string): Promise<void> {
    clearInterval(this.#timer);
    await this.#native.stop();
    this.#drain();
    await this.#naming.finish();
    this.#state = state;
    this.#endReason = reason;
    this.#publish();
  }

  #publish(): void {
    this.#status = this.#makeStatus();
    const { accounting } = this.#status;
    const label = this.#plan.engine === 'cpu-clock' ? markedLabels.kernelNotSampled : markedLabels.notSampled;
    this.profile.setUnsampled(label, accounting.unsampledNs);
    this.profile.setNow(this.#native.state().elapsedNs);
    for (const listener of this.#listeners) listener();
  }

  #makeStatus(): SessionStatus {
    const { asked } = this.#options;
    const counters = since(this.#native.state(), this.#baseline.native);
    const accounting = account(counters, this.profile.weightNs, this.#lastStat, this.#baseline.stat);
    const span = this.#span(counters.elapsedNs, accounting.weightNs);
    const capabilities = { ...this.#capabilities, kernelSymbols: this.#naming.kernelSymbols };
    const degradations = currentDegradations({
      plan: this.#plan,
      capabilities,
      counters,
      accounting,
      askedHz: this.#options.frequencyHz,
      frequencyHz: this.#frequencyHz,
      mapsError: this.#mapsError,
      symbolWarnings: this.#naming.warnings,
    });
    return {
      state: this.#state,
      endReason: this.#endReason,
      target: this.#target,
      threadCount: this.#countThreads(),
      asked,
      planned: this.#plan.engine,
      running: this.#state === 'starting' ? undefined : this.#plan.engine,
      mechanism: this.#plan.mechanism,
      kernelPart: span.kernelPart,
      kernelSymbols: this.#naming.kernelSymbols,
      frequencyHz: this.#frequencyHz,
      elapsedNs: counters.elapsedNs,
      samples: this.profile.samples,
      lost: counters.lost,
      throttled: counters.throttled,
      truncated: counters.truncated,
      accounting,
      selfCpuShare: this.#selfUsage.read(),
      spans: [span],
      warnings: degradations.map(describe),
      gates: listGates(capabilities),
    };
  }

  #span(elapsedNs: number, weightNs: number): EngineSpan {
    const counters = since(this.#native.state(), this.#baseline.native);
    return {
      asked: this.#options.asked,
      planned: this.#plan.engine,
      engine: this.#plan.engine,
      mechanism: this.#plan.mechanism,
      kernelPart: this.#kernelPart(),
      kernelSymbols: this.#naming.kernelSymbols,
      reason: this.#plan.reason,
      startNs: 0,
      endNs: elapsedNs,
      periodNs: Math.round(1e9 / this.#frequencyHz),
      samples: this.profile.samples,
      weightNs,
      lost: counters.lost,
      throttled: counters.throttled,
      truncated: counters.truncated,
      skipped: 0,
    };
  }

  #kernelPart(): KernelPart {
    if (this.#plan.engine === 'cpu-clock') return 'excluded';
    if (this.#plan.engine === 'ctimer') return 'not-seen';
    return this.#naming.kernelSymbols === 'shown' ? 'resolved' : 'unresolved';
  }

  #countThreads(): number {
    const now = performance.now();
    if (now - this.#threadsCountedMs < 1000) return this.#threadCount;
    this.#threadsCountedMs = now;
    try {
      this.#threadCount = readdirSync(`/proc/${this.#options.target.pid}/task`).length;
    } catch {
      this.#threadCount = 0;
    }
    return this.#threadCount;
  }
}

function kindOf({ engine, mechanism }: Plan): (typeof engineKinds)[number] {
  if (mechanism === 'external snapshots') return 'snapshots';
  return engine === 'cpu-clock' ? 'perf-user-only' : 'perf';
}
