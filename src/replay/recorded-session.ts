/** What the screen shows of a file, as a session: nothing captures, nothing is asked. It tells of what is read of it. */
import { type Listing, type ListingRequest, listFunction } from '../engine/listing.ts';
import type { LiveSession, SessionStatus, Unit } from '../engine/status.ts';
import type { Profile } from '../profile/profile.ts';

export class RecordedSession implements LiveSession {
  #profile: Profile;
  #status: SessionStatus;
  readonly #listeners = new Set<() => void>();
  /** Shows what was captured of another unit; @returns undefined when there is but one. */
  showNextUnit: () => Unit | undefined = () => undefined;
  /** What held in a part of the recorded time; of a file that does not tell it is the same throughout. */
  statusIn: (fromNs: number, toNs: number) => SessionStatus = () => this.#status;
  /** Ends what still works on the file. */
  onStop: () => Promise<void> = async () => {};

  constructor(profile: Profile, status: SessionStatus) {
    this.#profile = profile;
    this.#status = status;
    profile.setNow(status.elapsedNs);
  }

  get profile(): Profile {
    return this.#profile;
  }

  get status(): SessionStatus {
    return this.#status;
  }

  /** More has been read, or names have come. */
  show(profile: Profile, status: SessionStatus): void {
    this.#profile = profile;
    this.#status = status;
    profile.setNow(status.elapsedNs);
    for (const listener of this.#listeners) listener();
  }

  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  reset(): void {}

  async switchTo(): Promise<void> {}

  async changeRate(): Promise<void> {}

  async suspend(): Promise<void> {}

  async resume(): Promise<void> {}

  probeAgain(): void {}

  threadState(): undefined {
    return undefined;
  }

  list(request: ListingRequest, signal: AbortSignal): Promise<Listing> {
    return listFunction(request, this.#profile, undefined, signal);
  }

  stop(): Promise<void> {
    return this.onStop();
  }
}
