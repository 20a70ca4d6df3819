/** Lines that were typed into one prompt before, newest last; what is being typed is kept while older ones are shown. */

const mostLines = 50;

export class LineHistory {
  #lines: string[] = [];
  /** Index of the line shown; the number of lines while it is the one being typed. */
  #at = 0;
  #draft = '';

  /** A prompt opens: the next `earlier` gives the newest line. */
  begin(): void {
    this.#at = this.#lines.length;
    this.#draft = '';
  }

  /** Keeps an accepted line once, as the newest one. */
  keep(line: string): void {
    if (line !== '') this.#lines = [...this.#lines.filter((other) => other !== line), line].slice(-mostLines);
    this.begin();
  }

  /** @param typed the line on the screen; @returns the one before it, the oldest one at the end */
  earlier(typed: string): string {
    if (this.#at === this.#lines.length) this.#draft = typed;
    this.#at = Math.max(0, this.#at - 1);
    return this.#lines[this.#at] ?? typed;
  }

  /** @returns the line after it, at last what was being typed */
  later(typed: string): string {
    if (this.#at === this.#lines.length) return typed;
    this.#at++;
    return this.#lines[this.#at] ?? this.#draft;
  }
}
