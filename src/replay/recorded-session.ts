/** A session that is over: what the screen shows of a file. Nothing captures, nothing changes, nothing is asked. */
import { type Listing, type ListingRequest, listFunction } from '../engine/listing.ts';
import type { LiveSession, SessionStatus } from '../engine/status.ts';
import type { Profile } from '../profile/profile.ts';

export class RecordedSession implements LiveSession {
  readonly profile: Profile;
  readonly status: SessionStatus;

  constructor(profile: Profile, status: SessionStatus) {
    this.profile = profile;
    this.status = status;
    profile.setNow(status.elapsedNs);
  }

  subscribe(): () => void {
    return () => {};
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
    return listFunction(request, this.profile, undefined, signal);
  }

  async stop(): Promise<void> {}
}
