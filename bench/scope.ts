/** Ends what a figure started, last first, whatever happened: targets are killed by pid, folders removed. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

type Ending = () => void | Promise<void>;

export class Scope {
  readonly #endings: Ending[] = [];

  after(ending: Ending): void {
    this.#endings.push(ending);
  }

  /** A folder that is removed at the end. */
  folder(): string {
    const path = mkdtempSync(join(tmpdir(), 'prof-tui-bench-'));
    this.after(() => rmSync(path, { recursive: true, force: true }));
    return path;
  }

  async close(): Promise<void> {
    for (let ending = this.#endings.pop(); ending !== undefined; ending = this.#endings.pop()) await ending();
  }
}
