/**
 * A recording while it is opened: read in slices, between which the screen answers keys and shows what has been read; then
 * names that were missing are looked for, and a file that grows is followed.
 */
import { setImmediate as turn } from 'node:timers/promises';
import type { SessionState, Unit } from '../engine/status.ts';
import type { RecordingReader } from '../record/recording-reader.ts';
import { findLateNames, type LateNames, type LateNamesOptions } from './late-names.ts';
import { statusIn } from './moment.ts';
import { type Beginning, readBeginning, readStatus } from './read-status.ts';
import { RecordedSession } from './recorded-session.ts';
import { type Reading, type Replay, replayed } from './replay.ts';

export interface OpeningOptions {
  /** Bytes of the file now. */
  readonly fileBytes: () => number;
  readonly names: Omit<LateNamesOptions, 'kernel'>;
  /** Steady clock, in ms. */
  readonly now?: () => number;
}

/** How long a slice may hold the event loop. */
const sliceMs = 10;
/** Building the tree anew may take this share of the time of reading. */
const settleShare = 0.25;
const firstSettleMs = 150;
const growMs = 1000;

export class Opening implements Replay {
  readonly session: RecordedSession;
  readonly #reader: RecordingReader;
  readonly #options: OpeningOptions;
  readonly #now: () => number;
  readonly #abort = new AbortController();
  #reading: Reading = { readShare: 0 };
  #nextSlice: NodeJS.Immediate | undefined;
  #growTimer: NodeJS.Timeout | undefined;
  #settledMs = 0;
  #settleCostMs = 0;
  #naming: Promise<void> | undefined;

  constructor(reader: RecordingReader, options: OpeningOptions) {
    this.#reader = reader;
    this.#options = options;
    this.#now = options.now ?? (() => performance.now());
    const { profile, status } = replayed(reader.recording(), this.#reading);
    this.session = new RecordedSession(profile, status);
    this.session.showNextUnit = () => this.#showNextUnit();
    this.session.statusIn = (fromNs, toNs) =>
      statusIn(this.session.status, this.#reader.recording().moments, fromNs, toNs);
    this.session.onStop = () => this.#stop();
  }

  get begin(): Beginning {
    return readBeginning(this.#reader.recording().head);
  }

  get finalState(): SessionState {
    return readStatus(this.#reader.recording().status).state;
  }

  /** Reads all that is there, and waits for names: for those who want a whole file. */
  async finish(): Promise<void> {
    this.#readUntil(() => false);
    this.#show(undefined);
    this.#reader.placeAtOnce();
    await this.#nameLate();
  }

  /** Reads in the background, and follows the file, until the session is stopped. */
  start(): void {
    this.#settledMs = this.#now();
    this.#slice();
  }

  #slice(): void {
    if (this.#readUntil(this.#endOfSlice())) {
      void this.#showSliced(undefined, () => this.#follow());
      return;
    }
    const isDue = this.#now() - this.#settledMs >= Math.max(firstSettleMs, this.#settleCostMs / settleShare);
    const readShare = this.#reader.position / Math.max(1, this.#options.fileBytes());
    const next = () => {
      this.#nextSlice = setImmediate(() => this.#slice());
    };
    if (isDue) void this.#showSliced(readShare, next);
    else next();
  }

  /** @returns whether all whole blocks have been read */
  #readUntil(isOver: () => boolean): boolean {
    while (this.#reader.next()) if (isOver()) return false;
    return true;
  }

  #endOfSlice(): () => boolean {
    const until = this.#now() + sliceMs;
    return () => this.#now() >= until;
  }

  /** All that was there has been read and is shown. */
  #follow(): void {
    this.#reader.placeAtOnce();
    this.#growTimer = setTimeout(() => void this.#followGrowth(), growMs);
    // Who still writes names things itself.
    if (this.#reader.recording().isComplete) void this.#nameLate();
  }

  /** Builds the trees in slices, between which nothing is read but keys are answered; shows them, then goes on. */
  async #showSliced(readShare: number | undefined, then: () => void = () => {}): Promise<void> {
    const beganMs = this.#now();
    const { profile: shown } = this.session;
    const others = [...this.#reader.recording().profiles.values()].filter((profile) => profile !== shown);
    // The one on the screen is the last: its nodes are others from then on, and the view is told at once.
    for (const profile of [...others, shown]) {
      while (!profile.rebuild(this.#endOfSlice(), true)) {
        await turn();
        if (this.#abort.signal.aborted) return;
      }
    }
    this.#show(readShare, beganMs);
    then();
  }

  #show(readShare: number | undefined, beganMs = this.#now()): void {
    const recording = this.#reader.recording();
    for (const profile of recording.profiles.values()) profile.settle(true);
    this.#reading = { ...this.#reading, readShare };
    const { profile, status } = replayed(recording, this.#reading);
    this.#settledMs = this.#now();
    this.#settleCostMs = this.#settledMs - beganMs;
    this.session.show(profile, status);
  }

  async #followGrowth(): Promise<void> {
    const { isComplete } = this.#reader.recording();
    if (isComplete) return;
    const before = this.#reader.position;
    const wasGrowing = this.#reading.isGrowing === true;
    while (this.#reader.next()) {
      // What has come meanwhile.
    }
    const isGrowing = this.#reader.position > before;
    this.#reading = { ...this.#reading, isGrowing };
    if (isGrowing || wasGrowing) await this.#showSliced(undefined);
    if (this.#abort.signal.aborted) return;
    if (!isGrowing || this.#reader.recording().isComplete) void this.#nameLate();
    this.#growTimer = setTimeout(() => void this.#followGrowth(), growMs);
  }

  /** Once: what could not be named then cannot be a moment later. */
  #nameLate(): Promise<void> {
    this.#naming ??= this.#findNames();
    return this.#naming;
  }

  async #findNames(): Promise<void> {
    const { tables } = this.session.profile;
    const kernel = this.begin.environment.kernelIdentity;
    const found: LateNames = await findLateNames(
      tables,
      { ...this.#options.names, kernel },
      this.#abort.signal,
    );
    if (this.#abort.signal.aborted) return;
    this.#reading = { ...this.#reading, lateNames: found };
    await this.#showSliced(undefined);
  }

  #showNextUnit(): Unit | undefined {
    const units = [...this.#reader.recording().profiles].filter(([, { samples }]) => samples > 0);
    if (units.length < 2) return undefined;
    const at = units.findIndex(([unit]) => unit === this.session.status.unit);
    const [unit] = units[(at + 1) % units.length] as (typeof units)[number];
    this.#reading = { ...this.#reading, unit };
    this.#show(this.#reading.readShare);
    return unit;
  }

  async #stop(): Promise<void> {
    clearImmediate(this.#nextSlice);
    clearTimeout(this.#growTimer);
    this.#abort.abort();
    await this.#naming;
  }
}
