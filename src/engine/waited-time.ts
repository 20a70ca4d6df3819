/**
 * What the kernel tells of children that have ended: their whole CPU time is added to their parent's when it waits for
 * them (cutime and cstime, proc_pid_stat(5)). Less what was followed of them, it is time that nobody saw. Pure.
 */
export class WaitedTime {
  /** As last read, since the process began. */
  ns: number;
  /** CPU time of ended children that was not followed. Never falls. */
  unseenNs = 0;
  /** Children that have ended and are not yet settled. */
  #ending = 0;
  #followedNs = 0;
  #previousNs: number;
  readonly #baseNs: number;

  /** @param baseNs what was waited for before we came */
  constructor(baseNs: number) {
    this.#baseNs = baseNs;
    this.ns = baseNs;
    this.#previousNs = baseNs;
  }

  /** A followed child has been waited for; what it used in all is told by `settle`. */
  beginEnd(): void {
    this.#ending++;
  }

  /** @param wholeNs all CPU time of the child, that of its own children included, as we know it */
  settle(wholeNs: number): void {
    this.#ending--;
    this.#followedNs += wholeNs;
  }

  /** The least that children have used, when the kernel's sum can be read no more. */
  get knownNs(): number {
    return Math.max(this.ns, this.#baseNs + this.#followedNs + this.unseenNs);
  }

  look(ns: number): void {
    this.#previousNs = this.ns;
    this.ns = ns;
  }

  /**
   * To be called when all processes have been looked at after the last but one `look`: each child that the kernel's
   * sum held then is known to have ended.
   */
  compare(): void {
    // What it has used is in the kernel's sum and not yet in ours.
    if (this.#ending > 0) return;
    this.unseenNs = Math.max(this.unseenNs, this.#previousNs - this.#baseNs - this.#followedNs);
  }
}
