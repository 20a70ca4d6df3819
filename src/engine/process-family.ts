/**
 * The target and the processes that it starts, as one: the same engine in all of them, one clock that is the sum of
 * theirs. Children are found by looking at /proc; those that lived too briefly to be seen are known from the kernel's
 * sum of ended children, which is part of the clock.
 */
import {
  addStates,
  type Captured,
  type EndedProcess,
  type FamilyFacts,
  type ProcessBatch,
} from './captured.ts';
import { FollowedProcess, type ProcessPlan } from './followed-process.ts';
import { engineKinds, type Native, type NativeState, type StartResult } from './native.ts';
import { IdSpace } from './process-ids.ts';
import { listsChildren, readChildren } from './process-tree.ts';
import { type ProcessStat, readProcessStat } from './target.ts';

export interface FamilyOptions {
  readonly native: Native;
  /** Its stat is read here: of a target that is gone there is nothing to follow. */
  readonly stat: ProcessStat;
  readonly pid: number;
  /** Code of ours may run in the processes. */
  readonly mayInject: boolean;
  /** No other engine in a child than in the target. */
  readonly strict: boolean;
}

/** Each has a thread, events and buffers of ours. */
const mostProcesses = 256;
const shortestLookMs = 10;
const longestLookMs = 200;
/** Looking is to take at most this share of our time. */
const lookShare = 0.05;
/** Best first: what may take the place of a refused one in a child stands after it. */
const cpuKinds: readonly (typeof engineKinds)[number][] = ['perf', 'ctimer', 'snapshots', 'perf-user-only'];

export class ProcessFamily implements Captured {
  readonly #options: FamilyOptions;
  readonly #ids = new IdSpace();
  readonly #beganMs = performance.now();
  readonly #target: FollowedProcess;
  readonly #isBlind = !listsChildren();
  /** Parents before their children, the target first. */
  #processes: FollowedProcess[];
  #ended: EndedProcess[] = [];
  #endedSums: NativeState | undefined;
  /** What is told of processes stays true of the profile when they have ended. */
  #endedBadly: Pick<FamilyFacts, 'refused' | 'refusal' | 'others'> = {
    refused: 0,
    refusal: undefined,
    others: 0,
  };
  #endedTicks = { user: 0, system: 0 };
  readonly #endings = new Set<Promise<void>>();
  #plan: ProcessPlan | undefined;
  #starts = 0;
  #nextId = 0;
  /** At the worst moment. */
  #tooMany = 0;
  #hasLooked = false;
  #lastLookMs = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: FamilyOptions) {
    this.#options = options;
    this.#target = this.#newProcess(options.pid, options.stat, true);
    this.#processes = [this.#target];
  }

  get pids(): readonly number[] {
    return this.#processes.map(({ pid }) => pid);
  }

  get otherTicks(): { readonly user: number; readonly system: number } {
    return this.#others.reduce(
      ({ user, system }, { stat }) => ({ user: user + stat.userTicks, system: system + stat.systemTicks }),
      this.#endedTicks,
    );
  }

  get family(): FamilyFacts {
    const others = this.#others;
    const refused = others.filter(({ refusal }) => refusal !== undefined);
    const hasOther = others.filter(({ hasOtherEngine }) => hasOtherEngine);
    return {
      followed: others.filter(({ kind }) => kind !== undefined).length,
      tooMany: this.#tooMany,
      limit: mostProcesses,
      refused: this.#endedBadly.refused + refused.length,
      refusal: refused[0]?.refusal ?? this.#endedBadly.refusal,
      others: this.#endedBadly.others + hasOther.length,
      isBlind: this.#isBlind,
    };
  }

  /** In the target first: where that is refused, nothing changes anywhere. */
  async start(kind: number, periodNs: number): Promise<StartResult> {
    const result = await this.#target.session.start(kind, periodNs);
    if (result.refusal) return result;
    this.#plan = { kinds: this.#kindsFrom(kind), periodNs, span: this.#starts++ };
    this.#target.began(this.#plan);
    clearTimeout(this.#timer);
    this.#look();
    // A start that was under way was that of another plan.
    for (let i = 0; i < 2; i++)
      await Promise.all(this.#others.map((each) => each.follow(this.#plan as ProcessPlan)));
    this.#lookLater(shortestLookMs);
    return { ...result, cut: this.#sum(this.#target.sums(result.cut)) };
  }

  async stop(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#plan = undefined;
    await this.#target.stop();
    await Promise.all(this.#others.map((each) => each.stop()));
    // The last children may just have been waited for; what is read in one look counts in the next.
    for (let i = 0; i < 2; i++) {
      this.#look();
      await Promise.all(this.#endings);
    }
  }

  drain(): readonly ProcessBatch[] {
    const batches = this.#processes.map((each): ProcessBatch => {
      const batch = each.drain();
      const name = each.takeName();
      return { process: each.id, pid: each.pid, batch, names: name ? [name] : [] };
    });
    for (const each of this.#others.filter(({ hasEnded }) => hasEnded)) this.#bury(each);
    return batches;
  }

  state(): NativeState {
    return this.#sum(this.#target.sums());
  }

  takeEnded(): readonly EndedProcess[] {
    const ended = this.#ended;
    this.#ended = [];
    return ended;
  }

  get #others(): readonly FollowedProcess[] {
    return this.#processes.slice(1);
  }

  #sum(target: NativeState): NativeState {
    const others = this.#others.map((each) => each.sums());
    return [...others, ...(this.#endedSums ? [this.#endedSums] : [])].reduce(addStates, target);
  }

  #kindsFrom(kind: number): number[] {
    const name = engineKinds[kind] as (typeof engineKinds)[number];
    const { strict, mayInject } = this.#options;
    if (strict || !cpuKinds.includes(name)) return [kind];
    const below = cpuKinds.slice(cpuKinds.indexOf(name) + 1);
    const allowed = below.filter((each) => each !== 'ctimer' || mayInject);
    return [kind, ...allowed.map((each) => engineKinds.indexOf(each))];
  }

  #newProcess(pid: number, stat: ProcessStat, isOld: boolean): FollowedProcess {
    const session = new this.#options.native.Session(pid);
    const offsetNs = (performance.now() - this.#beganMs) * 1e6;
    return new FollowedProcess(session, this.#ids, { id: this.#nextId++, pid, stat, isOld, offsetNs });
  }

  #lookLater(ms: number): void {
    this.#timer = setTimeout(() => {
      const cpuBefore = process.cpuUsage();
      const before = performance.now();
      this.#look();
      const tookMs = performance.now() - before;
      const { user, system } = process.cpuUsage(cpuBefore);
      // On a busy machine a look waits, and other threads of ours work meanwhile: neither is its cost.
      const costMs = Math.min(tookMs, this.#lastLookMs, (user + system) / 1000);
      this.#lastLookMs = tookMs;
      this.#lookLater(Math.min(Math.max(shortestLookMs, costMs / lookShare), longestLookMs));
    }, ms);
  }

  #look(): void {
    let tooMany = 0;
    // Grows while it is walked: children of children are met in the same look.
    for (const each of this.#processes) {
      if (each.isGone) continue;
      const isThere = each.look(this.#plan !== undefined);
      if (each !== this.#target && (!isThere || each.session.state().hasExited)) this.#end(each, isThere);
      if (isThere && this.#plan) tooMany += this.#adopt(readChildren(each.pid));
      if (each !== this.#target && this.#plan) void each.follow(this.#plan);
    }
    this.#tooMany = Math.max(this.#tooMany, tooMany);
    for (const each of this.#processes) each.waited.compare();
    this.#hasLooked = true;
  }

  /** @returns how many are too many */
  #adopt(pids: readonly number[]): number {
    let tooMany = 0;
    for (const pid of pids) {
      const stat = readProcessStat(pid);
      const isKnown = this.#processes.some((each) => each.pid === pid);
      if (isKnown || !stat || stat.state === 'Z' || stat.state === 'X') continue;
      if (this.#processes.length > mostProcesses) tooMany++;
      else this.#processes.push(this.#newProcess(pid, stat, !this.#hasLooked));
    }
    return tooMany;
  }

  #end(each: FollowedProcess, isThere: boolean): void {
    const ending = each.end();
    if (isThere) return;
    each.isGone = true;
    const parent = this.#processes.find(({ pid }) => pid === each.stat.parent);
    parent?.waited.beginEnd();
    const settled = ending.then(async () => {
      // Its children may have been found gone in the same look.
      await Promise.all(each.endings);
      parent?.waited.settle(each.wholeNs);
      each.hasEnded = true;
      this.#endings.delete(settled);
    });
    this.#endings.add(settled);
    parent?.endings.push(settled);
  }

  /** Its last rows are drained: only its sums stay. */
  #bury(each: FollowedProcess): void {
    const sums = { ...each.sums(), threadsFollowed: 0, threadsRefused: 0 };
    const { user, system } = this.#endedTicks;
    this.#endedTicks = { user: user + each.stat.userTicks, system: system + each.stat.systemTicks };
    this.#endedSums = this.#endedSums ? addStates(this.#endedSums, sums) : sums;
    const { refused, refusal, others } = this.#endedBadly;
    this.#endedBadly = {
      refused: refused + Number(each.refusal !== undefined),
      refusal: refusal ?? each.refusal,
      others: others + Number(each.hasOtherEngine),
    };
    this.#processes = this.#processes.filter((other) => other !== each);
    this.#ended.push({ id: each.id, close: () => each.session.close() });
  }
}
