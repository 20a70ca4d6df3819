/**
 * One of several processes that are profiled together: its native session, the engine that runs in it, and its books.
 * The first one is the target; the others are found while they run.
 */
import { cleanText } from '../profile/clean-text.ts';
import type { FrameName } from '../profile/frames.ts';
import { errnoName } from './errno.ts';
import {
  engineKinds,
  type NativeBatch,
  type NativeRefusal,
  type NativeSession,
  type NativeState,
} from './native.ts';
import { type IdSpace, ProcessIds } from './process-ids.ts';
import { mayShareMemory, ownClockNs, waitedNs } from './process-tree.ts';
import { type ProcessStat, readProcessStat } from './target.ts';
import { WaitedTime } from './waited-time.ts';

/** What is to run in every process. */
export interface ProcessPlan {
  /** Native kinds of engine in the order to try. */
  readonly kinds: readonly number[];
  readonly periodNs: number;
  /** Of the profile. */
  readonly span: number;
}

export interface Found {
  readonly id: number;
  readonly pid: number;
  readonly stat: ProcessStat;
  /** It ran before the profile began: what it used until now is not ours. */
  readonly isOld: boolean;
  /** From its session's clock to that of the profile. */
  readonly offsetNs: number;
}

/** Engines that enter neither a process nor its memory. */
const outsideKinds: readonly unknown[] = ['perf', 'perf-user-only'] satisfies (typeof engineKinds)[number][];

/** An engine that dies by itself more often than this in one process is given up there. */
const mostFailures = 5;

export class FollowedProcess {
  readonly id: number;
  readonly pid: number;
  readonly session: NativeSession;
  readonly waited: WaitedTime;
  stat: ProcessStat;
  /** Kind of the engine that runs in it. */
  kind: number | undefined;
  /** Why none runs. */
  refusal: NativeRefusal | undefined;
  /** What runs, or ran last, is not what was wanted most. */
  hasOtherEngine = false;
  /** Of its children that have ended: what they used is known when these are over. */
  readonly endings: Promise<void>[] = [];
  /** It was waited for: nothing of it is left in /proc. */
  isGone = false;
  /** Its session has stopped for good. */
  hasEnded = false;
  readonly #ids: ProcessIds;
  readonly #offsetNs: number;
  /** CPU time before the profile began. */
  readonly #baseNs: number;
  /** CPU time before the first engine ran in it. */
  #headNs = 0;
  /** CPU time since the last one ended; the next one's clock takes it in. */
  #gapNs = 0;
  #plan: ProcessPlan | undefined;
  #spans: number[] = [];
  #shownName: string | undefined;
  readonly #isOld: boolean;
  #looks = 0;
  #failures = 0;
  /** Its session counts its clock, whether or not the engine delivers. */
  #isCounted = false;
  #work: Promise<void> | undefined;
  #ending: Promise<void> | undefined;

  constructor(session: NativeSession, ids: IdSpace, { id, pid, stat, isOld, offsetNs }: Found) {
    this.session = session;
    this.#ids = new ProcessIds(ids);
    this.id = id;
    this.pid = pid;
    this.stat = stat;
    this.#offsetNs = offsetNs;
    this.#isOld = isOld;
    this.#baseNs = isOld ? ownClockNs(pid, stat) : 0;
    this.waited = new WaitedTime(isOld ? waitedNs(stat) : 0);
  }

  /** CPU time since it began, that of its waited-for children included, as we know it. */
  get wholeNs(): number {
    return this.#baseNs + this.#headNs + this.#gapNs + this.session.state().cpuNs + this.waited.knownNs;
  }

  /** Sums of the session, with the time that it did not see. */
  sums(state: NativeState = this.session.state()): NativeState {
    const unseenNs = this.#headNs + this.#gapNs + this.waited.unseenNs;
    return {
      ...state,
      cpuNs: state.cpuNs + unseenNs,
      shortLivedNs: state.shortLivedNs + unseenNs,
      unseenNs,
    };
  }

  /**
   * Reads /proc.
   * @param isCapturing time without an engine in it is time that is missed
   * @returns false when it has ended and was waited for
   */
  look(isCapturing: boolean): boolean {
    const stat = readProcessStat(this.pid);
    if (stat?.startTicks !== this.stat.startTicks) return false;
    this.stat = stat;
    this.#looks++;
    this.waited.look(waitedNs(stat));
    if (isCapturing) this.#countUnseen();
    return true;
  }

  /** Starts what is to run, unless it runs. Resolves when no start is under way. */
  follow(plan: ProcessPlan): Promise<void> {
    if (this.#work || this.#ending) return this.#work ?? Promise.resolve();
    if (this.session.state().failure && this.kind !== undefined) this.#fail();
    if (plan === this.#plan) return Promise.resolve();
    const isOpen = (kind: number): boolean => outsideKinds.includes(engineKinds[kind]) || this.#ownsMemory();
    const firstShut = plan.kinds.findIndex((kind) => !isOpen(kind));
    const kinds = firstShut < 0 ? plan.kinds : plan.kinds.slice(0, firstShut);
    if (kinds.length === 0) return Promise.resolve();
    this.#work = this.#start(plan, kinds).finally(() => {
      this.#work = undefined;
    });
    return this.#work;
  }

  /** An engine that the caller started runs in it. */
  began(plan: ProcessPlan): void {
    this.#plan = plan;
    this.#runs(plan.kinds[0] as number, plan.span);
  }

  /** Its engine ends; another may follow. */
  stop(): Promise<void> {
    return this.#ending ?? this.#stop();
  }

  /** It has ended: nothing is started in it any more. */
  end(): Promise<void> {
    this.#ending ??= this.#stop();
    return this.#ending;
  }

  async #stop(): Promise<void> {
    await this.#work;
    await this.#stopEngine();
    this.#plan = undefined;
  }

  /** What it captured, in the ids and spans of the profile. */
  drain(): NativeBatch {
    return this.#ids.renumber(this.session.drain(), {
      pid: this.pid,
      offsetNs: this.#offsetNs,
      spanOf: (start) => this.#spans[start] ?? this.#plan?.span ?? 0,
    });
  }

  /** The name of the frame that all its stacks stand on, when it is new or changed. After `drain`. */
  takeName(): FrameName | undefined {
    const name = `${cleanText(this.stat.name)} [${this.pid}]`;
    const frame = this.#ids.rootFrame;
    if (frame === undefined || name === this.#shownName) return undefined;
    this.#shownName = name;
    return { frame, name, module: '', hasSymbol: true };
  }

  /**
   * Nothing of ours may be put into memory that is the parent's. Right after a vfork the parent may not have come to
   * wait yet: a second look is surer.
   */
  #ownsMemory(): boolean {
    return this.#spans.length > 0 || this.#isOld || (this.#looks > 1 && !mayShareMemory(this.stat.parent));
  }

  async #start(plan: ProcessPlan, kinds: readonly number[]): Promise<void> {
    this.#plan = plan;
    this.#countUnseen();
    let refusal: NativeRefusal | undefined;
    for (const kind of kinds) {
      ({ refusal } = await this.session.start(kind, plan.periodNs));
      if (!refusal) {
        this.#runs(kind, plan.span);
        this.hasOtherEngine = kind !== plan.kinds[0];
        return;
      }
      if (errnoName(refusal.errno) === 'ESRCH') break;
    }
    // What ran before must not run on: it may count in another unit.
    await this.#stopEngine();
    // In the midst of an exec it looks gone: to be tried again if it is not.
    const looksGone = refusal && errnoName(refusal.errno) === 'ESRCH';
    if (looksGone || kinds.length < plan.kinds.length) this.#plan = undefined;
    else this.refusal = refusal;
  }

  #runs(kind: number, span: number): void {
    this.#spans.push(span);
    this.#gapNs = 0;
    this.kind = kind;
    this.refusal = undefined;
    this.#isCounted = true;
  }

  async #stopEngine(): Promise<void> {
    await this.session.stop();
    this.kind = undefined;
    this.#isCounted = false;
  }

  /** After an exec it is another program, to begin anew in. */
  #fail(): void {
    const { failure } = this.session.state();
    if (failure?.syscall !== 'exec') this.#failures++;
    if (this.#failures > mostFailures) this.refusal = failure;
    else this.#plan = undefined;
    this.kind = undefined;
  }

  #countUnseen(): void {
    if (this.#isCounted) return;
    const ns = ownClockNs(this.pid, this.stat) - this.#baseNs - this.session.state().cpuNs;
    if (this.#spans.length === 0) this.#headNs = Math.max(this.#headNs, ns);
    else this.#gapNs = Math.max(this.#gapNs, ns - this.#headNs);
  }
}
