/** The target as it changes: its name after an exec, its threads, its ticks. Keeps the last that could be read. */
import { readdirSync } from 'node:fs';
import type { Target } from './status.ts';
import { describeTarget, type ProcessStat, readProcessStat, TargetRefused } from './target.ts';

export class WatchedProcess {
  target: Target;
  lastStat: ProcessStat | undefined;
  #execs = 0;
  #threadCount = 0;
  #threadsCountedMs = 0;

  constructor(target: Target) {
    this.target = target;
  }

  readStat(): ProcessStat | undefined {
    const stat = readProcessStat(this.target.pid);
    this.lastStat = stat ?? this.lastStat;
    return stat;
  }

  /** After an exec the same pid is another program, with another name and command line. */
  followExecs(execs: number): void {
    if (execs === this.#execs) return;
    this.#execs = execs;
    this.describeAgain();
  }

  describeAgain(): void {
    try {
      this.target = describeTarget(this.target.pid);
    } catch (error) {
      // It ended at once: the name it had is the best there is.
      if (!(error instanceof TargetRefused)) throw error;
    }
  }

  /** Counted once a second. */
  get threadCount(): number {
    const now = performance.now();
    if (now - this.#threadsCountedMs < 1000) return this.#threadCount;
    this.#threadsCountedMs = now;
    try {
      this.#threadCount = readdirSync(`/proc/${this.target.pid}/task`).length;
    } catch {
      this.#threadCount = 0;
    }
    return this.#threadCount;
  }
}
