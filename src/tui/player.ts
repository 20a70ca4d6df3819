/** The play head of a recording: its clock goes on as seconds pass, at a speed that keys change. Knows no view. */

const frameMs = 250;
const fastest = 64;

export class Player {
  /** Recorded seconds a second. */
  speed = 1;
  #timer: NodeJS.Timeout | undefined;

  get isPlaying(): boolean {
    return this.#timer !== undefined;
  }

  /** @param show takes the second that the play head has come to; @returns whether there is more */
  play(from: number, show: (second: number) => boolean): void {
    this.stop();
    let at = from;
    this.#timer = setInterval(() => {
      at += (this.speed * frameMs) / 1000;
      if (!show(Math.floor(at))) this.stop();
    }, frameMs);
    this.#timer.unref();
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  /** Twice as fast, or half. */
  change(step: 1 | -1): void {
    this.speed = Math.min(fastest, Math.max(1, this.speed * 2 ** step));
  }
}
