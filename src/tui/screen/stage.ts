/**
 * The terminal from the first frame to the last: takes it, joins input, painter and Ink, and gives it back whatever
 * happens. Knows nothing of what is drawn; whoever has something to show has one stage and closes it once.
 */
import type { ReactNode } from 'react';
import { type HeldOutput, holdStderr } from '../held-output.ts';
import { type Ending, EndingWatch } from './ending.ts';
import type { ScreenSize } from './frame.ts';
import { type InkHost, renderInto } from './ink-host.tsx';
import { type InputEvent, InputParser } from './input.ts';
import { Painter } from './painter.ts';
import { Suspension } from './suspension.ts';
import { type CrashGuard, Terminal } from './terminal.ts';
import { TerminalWriter } from './writer.ts';

/** What the one on the stage does about events; every call but `beforeStop` returns at once. */
export interface StageEvents {
  onInput(event: InputEvent): void;
  onResize(size: ScreenSize): void;
  /** Before the process stops (^Z); waited for, but not for long. */
  beforeStop(): Promise<void>;
  onStop(): void;
  onResume(): void;
}

/** A burst of size changes while a window is dragged is one change. */
const resizeMs = 16;
/** How long a last frame may take; a terminal that does not read it is left without a farewell. */
const settleMs = 300;

export class Stage {
  readonly painter: Painter;
  readonly #events: StageEvents;
  readonly #watch: EndingWatch;
  readonly #held: HeldOutput;
  readonly #terminal: Terminal;
  readonly #writer: TerminalWriter;
  readonly #suspension: Suspension;
  readonly #parser = new InputParser();
  #ink: InkHost | undefined;
  #stopResizing: () => void = () => {};
  #inputTimer: NodeJS.Timeout | undefined;
  #resizeTimer: NodeJS.Timeout | undefined;

  constructor(guard: CrashGuard, events: StageEvents) {
    this.#events = events;
    // Before Ink: its own signal handlers stand back when others listen.
    this.#watch = new EndingWatch((ending) => this.#giveBackAtOnce(ending));
    this.#held = holdStderr();
    const keys = {
      onBytes: (bytes: Uint8Array) => this.#input(this.#parser.feed(bytes)),
      onEnd: () => this.#watch.end({ kind: 'gone' }),
    };
    this.#terminal = new Terminal(keys, guard);
    this.#writer = new TerminalWriter(this.#terminal.fd, {
      onReady: () => this.painter.writerReady(),
      onGone: () => this.#watch.end({ kind: 'gone' }),
    });
    this.painter = new Painter(this.#writer, this.size);
    this.#suspension = new Suspension(this.#terminal, this.painter, this.#writer, {
      beforeStop: () => events.beforeStop(),
      onStop: () => events.onStop(),
      onResume: () => {
        this.#resize();
        events.onResume();
      },
    });
  }

  get size(): ScreenSize {
    return this.#terminal.size();
  }

  get ended(): Promise<Ending> {
    return this.#watch.ended;
  }

  /** The first frame follows this turn. */
  show(app: ReactNode): void {
    const ink = renderInto(this.painter, this.size, app);
    this.#ink = ink;
    // After Ink, which touches the signals that the crash guard watches.
    this.#terminal.enter();
    process.on('exit', this.#leaveNow);
    ink.exited.catch((error: unknown) => this.end({ kind: 'error', error }));
    this.#stopResizing = this.#terminal.onResize(() => {
      this.#resizeTimer ??= setTimeout(() => this.#resize(), resizeMs);
    });
  }

  end(ending: Ending): void {
    this.#watch.end(ending);
  }

  suspend(): void {
    this.#suspension.suspend();
  }

  /** No key and no size is taken any more; the last picture stays. */
  deafen(): void {
    this.#stopResizing();
    clearTimeout(this.#inputTimer);
    clearTimeout(this.#resizeTimer);
  }

  /** @returns whether the terminal took its last bytes */
  async giveBack(ending: Ending): Promise<boolean> {
    this.painter.hold(true);
    this.#suspension.close();
    const isWritable = ending.kind !== 'gone' && (await this.#writer.settle(settleMs));
    this.#writer.close();
    this.#terminal.leave(isWritable);
    this.#terminal.release();
    this.#ink?.unmount();
    return isWritable;
  }

  /** The last step: signals and stderr are the process's own again. */
  release(): void {
    process.off('exit', this.#leaveNow);
    this.#watch.release();
    this.#held.release();
  }

  /** In the turn of the end itself, so that whatever prints next can be read; a frame in flight is waited for later. */
  #giveBackAtOnce(ending: Ending): void {
    if (ending.kind === 'quit') return;
    this.painter.hold(true);
    if (!this.#writer.isBusy) this.#terminal.leave(ending.kind !== 'gone');
  }

  readonly #leaveNow = (): void => this.#terminal.leave();

  #input(events: readonly InputEvent[]): void {
    clearTimeout(this.#inputTimer);
    for (const event of events) this.#events.onInput(event);
    const { waitMs } = this.#parser;
    if (waitMs !== undefined) this.#inputTimer = setTimeout(() => this.#input(this.#parser.expire()), waitMs);
  }

  #resize(): void {
    clearTimeout(this.#resizeTimer);
    this.#resizeTimer = undefined;
    const { size } = this;
    this.#events.onResize(size);
    this.#ink?.resize(size);
    this.painter.resize(size);
  }
}
