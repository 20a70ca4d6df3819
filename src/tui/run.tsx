/**
 * Runs the live view on the terminal from the first frame to the last: takes the terminal, joins input, view and
 * painter, and gives the terminal back whatever happens.
 */
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { LiveSession } from '../engine/status.ts';
import { App } from './app.tsx';
import { summaryLine } from './banner.ts';
import { copyBytes } from './clipboard.ts';
import { type HeldOutput, holdStderr } from './held-output.ts';
import { routeInput } from './input-router.ts';
import type { ViewedCommand } from './launched-command.ts';
import { LiveView, type ViewHost } from './live-view.ts';
import { hasUtf8Locale } from './locale.ts';
import { createRegions, type TreeRegions } from './regions.ts';
import { type Ending, EndingWatch, raise } from './screen/ending.ts';
import { type InkHost, renderInto } from './screen/ink-host.tsx';
import { type InputEvent, InputParser } from './screen/input.ts';
import { Painter } from './screen/painter.ts';
import { Suspension } from './screen/suspension.ts';
import { type CrashGuard, Terminal, type TerminalKeys, writeFully } from './screen/terminal.ts';
import { TerminalWriter } from './screen/writer.ts';
import { createTheme } from './theme.ts';
import type { ViewFiles } from './view-files.ts';

export interface LiveViewOptions {
  readonly ascii: boolean;
  readonly color: boolean;
  readonly version: string;
  readonly crashGuard: CrashGuard;
  /** The command that was started to be seen; undefined for a process that ran already. */
  readonly command?: ViewedCommand | undefined;
  readonly files?: ViewFiles | undefined;
}

/** The view broke; the message names the log that holds the stack. The terminal has been given back. */
export class LiveViewFailed extends Error {}

/** A burst of size changes while a window is dragged is one change. */
const resizeMs = 16;
const outputMs = 100;
/** How long a last frame may take; a terminal that does not read it is left without a farewell. */
const settleMs = 300;
/** `LiveSession.stop` promises two seconds. */
const stopMs = 2500;

/**
 * Shows `session` until the user quits. The session is stopped, the terminal is as it was, and one line about the
 * capture stands on it.
 * @returns after an end by the user
 * @throws LiveViewFailed when the view itself failed; a signal ends the process as it would have
 */
export async function runLiveView(
  session: LiveSession,
  options: LiveViewOptions,
): Promise<{ restored: true }> {
  const screen = new LiveScreen(session, options);
  const ending = await screen.ended;
  const isRestored = await screen.close(ending);
  const kept = options.files?.finish() ?? '';
  const farewell = (await options.command?.finish()) ?? '';
  if (ending.kind === 'signal') raise(ending.signal);
  if (ending.kind === 'gone') raise('SIGHUP');
  if (ending.kind === 'error') throw failure(ending.error);
  const about = kept === '' ? '' : `prof-tui: ${kept}\n`;
  if (isRestored) writeFully(process.stdout.fd, `${farewell}${summaryLine(session.status)}\n${about}`);
  return { restored: true };
}

/** One run on the terminal; made when it begins, closed once. */
class LiveScreen {
  readonly #session: LiveSession;
  readonly #watch: EndingWatch;
  readonly #held: HeldOutput;
  readonly #terminal: Terminal;
  readonly #writer: TerminalWriter;
  readonly #painter: Painter;
  readonly #suspension: Suspension;
  readonly #view: LiveView;
  readonly #regions: TreeRegions;
  readonly #ink: InkHost;
  readonly #parser = new InputParser();
  readonly #unsubscribe: (() => void)[] = [];
  #inputTimer: NodeJS.Timeout | undefined;
  #resizeTimer: NodeJS.Timeout | undefined;
  #outputTimer: NodeJS.Timeout | undefined;

  constructor(session: LiveSession, options: LiveViewOptions) {
    this.#session = session;
    // Before Ink: its own signal handlers stand back when others listen.
    this.#watch = new EndingWatch((ending) => this.#giveBackAtOnce(ending));
    this.#held = holdStderr();
    const keys: TerminalKeys = {
      onBytes: (bytes) => this.#input(this.#parser.feed(bytes)),
      onEnd: () => this.#watch.end({ kind: 'gone' }),
    };
    this.#terminal = new Terminal(keys, options.crashGuard);
    const size = this.#terminal.size();
    this.#writer = new TerminalWriter(this.#terminal.fd, {
      onReady: () => this.#painter.writerReady(),
      onGone: () => this.#watch.end({ kind: 'gone' }),
    });
    this.#painter = new Painter(this.#writer, size);
    const { command } = options;
    this.#suspension = new Suspension(this.#terminal, this.#painter, this.#writer, {
      beforeStop: () => session.suspend(),
      onStop: () => command?.suspend(),
      onResume: () => {
        command?.resume();
        this.#resize();
        void session.resume();
      },
    });
    const ascii = options.ascii || !hasUtf8Locale(process.env);
    const theme = createTheme({ ascii, color: options.color });
    this.#view = new LiveView(session, theme, size, this.#host(), undefined, command, options.files);
    this.#regions = createRegions(this.#view);
    this.#painter.onFrame(() => this.#regions.prepare(this.#painter.heightOf(this.#regions.rows)));
    const app = <App store={this.#view.store} regions={this.#regions} theme={theme} />;
    this.#ink = renderInto(this.#painter, size, app);
    // After Ink, which touches the signals that the crash guard watches; the first frame follows this turn.
    this.#terminal.enter();
    process.on('exit', this.#leaveNow);
    this.#ink.exited.catch((error: unknown) => this.#watch.end({ kind: 'error', error }));
    if (command !== undefined) this.#unsubscribe.push(command.output.subscribe(() => this.#outputGrew()));
    this.#unsubscribe.push(
      session.subscribe(() => this.#view.tick()),
      this.#terminal.onResize(() => {
        this.#resizeTimer ??= setTimeout(() => this.#resize(), resizeMs);
      }),
    );
  }

  get ended(): Promise<Ending> {
    return this.#watch.ended;
  }

  /** Stops the session and gives everything back. @returns whether the terminal took its last bytes */
  async close(ending: Ending): Promise<boolean> {
    for (const unsubscribe of this.#unsubscribe) unsubscribe();
    clearTimeout(this.#inputTimer);
    clearTimeout(this.#resizeTimer);
    clearTimeout(this.#outputTimer);
    // The user who quits sees the last picture while capture stops; in all other cases the terminal comes first.
    if (ending.kind === 'quit') await this.#stopSession();
    const isWritable = await this.#giveBack(ending);
    if (ending.kind !== 'quit') await this.#stopSession();
    process.off('exit', this.#leaveNow);
    this.#watch.release();
    this.#held.release();
    return isWritable;
  }

  async #giveBack(ending: Ending): Promise<boolean> {
    this.#painter.hold(true);
    this.#suspension.close();
    const isWritable = ending.kind !== 'gone' && (await this.#writer.settle(settleMs));
    this.#writer.close();
    this.#terminal.leave(isWritable);
    this.#terminal.release();
    this.#ink.unmount();
    this.#view.close();
    return isWritable;
  }

  /** A session that fails to stop must not hide why the view ended. */
  async #stopSession(): Promise<void> {
    const stopped = (async () => this.#session.stop())().catch(() => {});
    await atMost(stopped, stopMs);
  }

  /** In the turn of the end itself, so that whatever prints next can be read; a frame in flight is waited for later. */
  #giveBackAtOnce(ending: Ending): void {
    if (ending.kind === 'quit') return;
    this.#painter.hold(true);
    if (!this.#writer.isBusy) this.#terminal.leave(ending.kind !== 'gone');
  }

  readonly #leaveNow = (): void => this.#terminal.leave();

  #host(): ViewHost {
    return {
      quit: () => this.#watch.end({ kind: 'quit' }),
      suspend: () => this.#suspension.suspend(),
      redraw: () => this.#painter.redraw(true),
      paint: () => this.#painter.soon(),
      copy: (text) => this.#painter.sendExtra(copyBytes(text, process.env['TMUX'] !== undefined)),
    };
  }

  #input(events: readonly InputEvent[]): void {
    clearTimeout(this.#inputTimer);
    for (const event of events)
      routeInput(this.#view, event, ({ action, x, y }) => this.#painter.mouse(action, x, y));
    const { waitMs } = this.#parser;
    if (waitMs !== undefined) this.#inputTimer = setTimeout(() => this.#input(this.#parser.expire()), waitMs);
  }

  /** A flood of output is a few frames a second, and none while nobody looks at it. */
  #outputGrew(): void {
    if (this.#view.state.structure.popup?.kind !== 'output') return;
    this.#outputTimer ??= setTimeout(() => {
      this.#outputTimer = undefined;
      this.#painter.soon();
    }, outputMs);
  }

  #resize(): void {
    clearTimeout(this.#resizeTimer);
    this.#resizeTimer = undefined;
    const size = this.#terminal.size();
    this.#view.dispatch({ type: 'resize', size });
    this.#ink.resize(size);
    this.#painter.resize(size);
  }
}

async function atMost(work: Promise<void>, limitMs: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, limitMs);
  });
  await Promise.race([work, limit]).finally(() => clearTimeout(timer));
}

/** The stack goes to a file of its own, so that the message fits on a line. */
function failure(error: unknown): LiveViewFailed {
  const cause = error instanceof Error ? error : new Error(String(error));
  const path = join(mkdtempSync(join(tmpdir(), 'prof-tui-')), 'error.log');
  writeFileSync(path, `${cause.stack ?? cause.message}\n`, { mode: 0o600 });
  return new LiveViewFailed(`the live view failed: ${cause.message} (details in ${path})`, { cause });
}
