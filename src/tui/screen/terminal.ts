/**
 * Ownership of the terminal: alternate screen, raw mode, mouse, and the way back, which must work from anywhere.
 * Knows nothing of what is drawn.
 */
import { openSync, writeSync } from 'node:fs';
import { ReadStream } from 'node:tty';
import type { ScreenSize } from './frame.ts';

// Alternate screen, no cursor, no autowrap (a line measured too short cannot scroll the screen), bracketed paste,
// mouse buttons, wheel, and movement while a button is held, with SGR coordinates.
const enterCodes = '\x1b[?1049h\x1b[?25l\x1b[?7l\x1b[?2004h\x1b[?1000h\x1b[?1002h\x1b[?1006h';
// CAN ends a sequence that was cut half-way, then the reverse of the above.
const leaveCodes =
  '\x18\x1b[?2026l\x1b[0m\x1b[?1006l\x1b[?1002l\x1b[?1000l\x1b[?2004l\x1b[?7h\x1b[?25h\x1b[?1049l';

export interface TerminalKeys {
  onBytes(bytes: Uint8Array): void;
  /** The terminal ended its side: nobody can type any more. */
  onEnd(): void;
}

/** Gives the terminal back when native code dies and JavaScript runs no more. */
export interface CrashGuard {
  /** Called while the terminal still has the user's own settings. */
  arm(leaveSequence: string): void;
  release(): void;
}

export class Terminal {
  readonly #guard: CrashGuard;
  readonly #output = process.stdout;
  readonly #input: ReadStream;
  #isEntered = false;

  /** Keys come from stdin, or from the controlling terminal when stdin is something else. */
  constructor(keys: TerminalKeys, guard: CrashGuard) {
    this.#guard = guard;
    this.#input = process.stdin.isTTY ? process.stdin : new ReadStream(openSync('/dev/tty', 'r'));
    this.#input.on('data', (bytes: Uint8Array) => keys.onBytes(bytes));
    this.#input.on('end', () => keys.onEnd());
    // A tty whose other side closed gives EIO; that is its end.
    this.#input.on('error', () => keys.onEnd());
  }

  get fd(): number {
    return this.#output.fd;
  }

  /** The size now; a terminal that does not know its size counts as 80x24. */
  size(): ScreenSize {
    const [columns, rows] = this.#output.getWindowSize();
    return columns > 0 && rows > 0 ? { columns, rows } : { columns: 80, rows: 24 };
  }

  onResize(listener: () => void): () => void {
    this.#output.on('resize', listener);
    return () => this.#output.off('resize', listener);
  }

  enter(): void {
    if (this.#isEntered) return;
    this.#isEntered = true;
    this.#guard.arm(leaveCodes);
    this.#input.setRawMode(true);
    // An earlier screen of this process let go of it.
    this.#input.ref();
    this.#input.resume();
    writeFully(this.fd, enterCodes);
  }

  /** After a stop the shell may have changed the modes behind our back: set them again, whatever we believe. */
  enterAgain(): void {
    this.#isEntered = false;
    this.#input.setRawMode(false);
    this.enter();
  }

  /**
   * Gives the terminal back. May be called at any time and more than once, also from the exit event.
   * @param canWrite false when the terminal has stopped reading: then only its modes are restored, a write would block
   */
  leave(canWrite = true): void {
    if (!this.#isEntered) return;
    this.#isEntered = false;
    if (canWrite) writeFully(this.fd, leaveCodes);
    try {
      this.#input.setRawMode(false);
    } catch {
      // The terminal is gone; there are no modes left to restore.
    }
    this.#guard.release();
    this.#input.pause();
  }

  /** Ends reading for good, so that the input does not keep the process alive. */
  release(): void {
    this.#input.removeAllListeners('data');
    this.#input.pause();
    this.#input.unref();
  }
}

/** Synchronous, for enter and leave only. A terminal that takes nothing within half a second is left as it is. */
export function writeFully(fd: number, text: string): void {
  let rest = Buffer.from(text);
  for (let attempts = 0; rest.length > 0 && attempts < 100; ) {
    try {
      rest = rest.subarray(writeSync(fd, rest));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') return;
      attempts++;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5);
    }
  }
}
