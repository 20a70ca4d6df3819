/** The profiler's own CPU, as a share of one core over the last two seconds or so: shown, never hidden. */
const windowMs = 2000;

export class SelfUsage {
  #atMs = performance.now();
  #cpuUs = 0;
  #share = 0;

  constructor() {
    this.#cpuUs = SelfUsage.#usedUs();
  }

  /** The share at the end of the last whole window. */
  read(): number {
    const nowMs = performance.now();
    if (nowMs - this.#atMs >= windowMs) {
      const usedUs = SelfUsage.#usedUs();
      this.#share = (usedUs - this.#cpuUs) / 1000 / (nowMs - this.#atMs);
      this.#atMs = nowMs;
      this.#cpuUs = usedUs;
    }
    return this.#share;
  }

  static #usedUs(): number {
    const { user, system } = process.cpuUsage();
    return user + system;
  }
}
