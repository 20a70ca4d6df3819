/**
 * Job control: gives the terminal to the shell before the process stops and takes it again when it continues.
 * Capture is disarmed before, for a stopped process cannot drain, and armed again after.
 */
import type { Painter } from './painter.ts';
import type { Terminal } from './terminal.ts';
import type { TerminalWriter } from './writer.ts';

const settleMs = 200;
const resumeMs = 50;

export interface SuspensionHooks {
  /** Before the process stops; waited for, but not for long. */
  beforeStop(): Promise<void>;
  onResume(): void;
}

export class Suspension {
  readonly #terminal: Terminal;
  readonly #painter: Painter;
  readonly #writer: TerminalWriter;
  readonly #hooks: SuspensionHooks;
  #isClosed = false;

  constructor(terminal: Terminal, painter: Painter, writer: TerminalWriter, hooks: SuspensionHooks) {
    this.#terminal = terminal;
    this.#painter = painter;
    this.#writer = writer;
    this.#hooks = hooks;
    process.on('SIGTSTP', this.#onStop);
    process.on('SIGCONT', this.#resume);
  }

  /** As the key ^Z would do in a terminal that is not raw: the whole foreground job stops. */
  suspend(): void {
    void this.#stop(0);
  }

  close(): void {
    this.#isClosed = true;
    process.off('SIGTSTP', this.#onStop);
    process.off('SIGCONT', this.#resume);
  }

  readonly #onStop = (): void => void this.#stop(process.pid);

  async #stop(whom: number): Promise<void> {
    this.#painter.hold(true);
    const limit = new Promise<void>((resolve) => setTimeout(resolve, settleMs).unref());
    await Promise.race([this.#hooks.beforeStop(), limit]);
    const isWritable = await this.#writer.settle(settleMs);
    if (this.#isClosed) return;
    this.#terminal.leave(isWritable);
    process.off('SIGTSTP', this.#onStop);
    process.kill(whom, 'SIGTSTP');
    // Runs when the process continues; or at once, when the kernel does not stop a job that no shell would continue.
    setTimeout(this.#resume, resumeMs);
  }

  /** Also after a stop from outside that left no time to give the terminal back. */
  readonly #resume = (): void => {
    if (this.#isClosed) return;
    process.off('SIGTSTP', this.#onStop);
    process.on('SIGTSTP', this.#onStop);
    this.#terminal.enterAgain();
    this.#hooks.onResume();
    this.#painter.hold(false);
  };
}
