/**
 * Changes of the running engine, one at a time: another engine, another rate, or the way down the ladder after the
 * running engine died. Wishes that come while a change is under way wait; of several only the last one counts.
 */
import type { Startable } from './captured.ts';
import { climb, type Outcome, open, withoutEngine } from './climbing.ts';
import type { Capabilities } from './machine.ts';
import type { NativeRefusal } from './native.ts';
import type { Plan } from './select.ts';
import type { EngineAsk, SessionStatus } from './status.ts';
import { type Degradation, deathOf } from './warnings.ts';

/** What runs, as switching sees it. */
export interface Running {
  readonly asked: EngineAsk;
  readonly plan: Plan;
  /** As asked for: the kernel's limit may be lower. */
  readonly frequencyHz: number;
}

export interface Wish {
  /** Undefined: the engine stays. */
  readonly asked?: EngineAsk;
  readonly frequencyHz?: number;
}

export interface SwitchingHost {
  readonly native: Startable;
  readonly strict: boolean;
  running(): Running;
  probe(): Capabilities;
  /** A change to this plan is being tried. */
  onPlan(plan: Plan): void;
  /** `switching` or `notice` changed. */
  onChange(): void;
  /** What trying taught. */
  onTried(capabilities: Capabilities): void;
  onRuns(running: Running, outcome: Extract<Outcome, { kind: 'runs' }>): void;
  /** Nothing captures any more and nothing opens. */
  onNothingRuns(because: string): void;
}

/** An engine that has taken its own place and dies sooner than this is not tried a third time by itself. */
const shortLifeNs = 5e9;

export class Switching {
  /** The change under way. */
  current: SessionStatus['switching'];
  /** What became of the last one, until the next that succeeds. */
  notice: Degradation | undefined;
  readonly #host: SwitchingHost;
  #wish: Wish | undefined;
  #work: Promise<void> | undefined;

  constructor(host: SwitchingHost) {
    this.#host = host;
  }

  /** Resolves when this wish, or one that came after it, has been tried. */
  ask(wish: Wish): Promise<void> {
    this.#wish = { ...this.#wish, ...wish };
    this.#work ??= this.#run();
    return this.#work;
  }

  /** The running engine delivers nothing any more: finds another, by the ladder of what was asked. */
  recover(failure: NativeRefusal, livedNs: number): Promise<void> {
    this.#work ??= this.#replaceDead(failure, livedNs).finally(() => {
      this.#work = undefined;
    });
    return this.#work;
  }

  /** After a time in which nothing captured: the same engine again, or what its ask gives now. */
  restart(seconds: number): Promise<void> {
    this.#work ??= this.#startAgain(seconds).finally(() => {
      this.#work = undefined;
    });
    return this.#work;
  }

  /** Drops what waits and resolves when no change is under way. */
  async settle(): Promise<void> {
    this.#wish = undefined;
    await this.#work;
  }

  async #run(): Promise<void> {
    for (;;) {
      const wish = this.#wish;
      this.#wish = undefined;
      if (!wish) break;
      await this.#change(wish);
    }
    this.#work = undefined;
  }

  async #change(wish: Wish): Promise<void> {
    const host = this.#host;
    const running = host.running();
    const frequencyHz = wish.frequencyHz ?? running.frequencyHz;
    const asked = wish.asked ?? running.asked;
    const isSame = asked === running.asked && frequencyHz === running.frequencyHz;
    // What was asked for may be allowed by now although something else runs.
    if (isSame && (wish.asked === undefined || asked === running.plan.engine)) return;
    this.#show({ from: running.plan.engine, to: wish.asked ?? running.plan.engine, hz: frequencyHz });
    const capabilities = host.probe();
    const onPlan = (plan: Plan): void => host.onPlan(plan);
    const outcome =
      wish.asked === undefined
        ? await open(host.native, running.plan, frequencyHz, capabilities, onPlan)
        : await climb(host.native, { asked, strict: true, frequencyHz, capabilities }, onPlan);
    if (outcome.kind !== 'gone') host.onTried(outcome.capabilities);
    if (outcome.kind === 'runs') {
      this.notice = undefined;
      host.onRuns({ asked, plan: outcome.plan, frequencyHz }, outcome);
    } else if (outcome.kind === 'refused') {
      const { because, cure } = outcome;
      const what = wish.asked ?? `${frequencyHz} Hz`;
      this.notice = { code: 'switch-refused', asked: what, running: running.plan.engine, because, cure };
    }
    this.#show(undefined);
  }

  async #replaceDead(failure: NativeRefusal, livedNs: number): Promise<void> {
    const host = this.#host;
    const { asked, plan, frequencyHz } = host.running();
    const because = deathOf(failure);
    this.#show({ from: plan.engine, to: asked, hz: frequencyHz });
    const probed = host.probe();
    const tookItsOwnPlace = this.notice?.code === 'engine-died' && this.notice.died === plan.engine;
    const capabilities =
      tookItsOwnPlace && livedNs < shortLifeNs
        ? withoutEngine(probed, plan, { because, cure: undefined })
        : probed;
    const outcome = await climb(
      host.native,
      { asked, strict: host.strict, frequencyHz, capabilities },
      (next) => host.onPlan(next),
    );
    if (outcome.kind === 'runs') {
      this.notice = { code: 'engine-died', died: plan.engine, running: outcome.plan.engine, because };
      host.onRuns({ asked, plan: outcome.plan, frequencyHz }, outcome);
    }
    this.#show(undefined);
    // A zombie looks alive until its parent asks for it.
    if (outcome.kind === 'gone') host.onNothingRuns('target exited');
    if (outcome.kind === 'refused') {
      host.onNothingRuns(`${plan.engine} ended (${because}), and nothing else opens: ${outcome.because}`);
    }
  }

  async #startAgain(seconds: number): Promise<void> {
    const host = this.#host;
    const { asked, plan, frequencyHz } = host.running();
    const capabilities = host.probe();
    const onPlan = (next: Plan): void => host.onPlan(next);
    let outcome = await open(host.native, plan, frequencyHz, capabilities, onPlan);
    if (outcome.kind === 'refused') {
      const wish = { asked, strict: host.strict, frequencyHz, capabilities: outcome.capabilities };
      outcome = await climb(host.native, wish, onPlan);
    }
    if (outcome.kind === 'runs') {
      this.notice = { code: 'suspended', seconds };
      host.onRuns({ asked, plan: outcome.plan, frequencyHz }, outcome);
    } else {
      host.onNothingRuns(outcome.kind === 'gone' ? 'target exited' : outcome.because);
    }
  }

  #show(current: Switching['current']): void {
    this.current = current;
    this.#host.onChange();
  }
}
