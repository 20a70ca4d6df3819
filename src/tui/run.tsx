/** Runs the live view: joins the session, the view and the stage, and stops the session when the view ends. */
import type { LiveSession } from '../engine/status.ts';
import { App } from './app.tsx';
import { summaryLine } from './banner.ts';
import { copyBytes } from './clipboard.ts';
import { beginDifference } from './difference-commands.ts';
import { endAs } from './failure.ts';
import { routeInput } from './input-router.ts';
import type { ViewedCommand } from './launched-command.ts';
import { LiveView, type ViewHost } from './live-view.ts';
import { hasUtf8Locale } from './locale.ts';
import { createRegions } from './regions.ts';
import type { Ending } from './screen/ending.ts';
import { Stage } from './screen/stage.ts';
import { type CrashGuard, writeFully } from './screen/terminal.ts';
import { createTheme } from './theme.ts';
import type { ThemeName } from './theme-colours.ts';
import type { ViewFiles } from './view-files.ts';

/** How every screen of the program is drawn. */
export interface ScreenOptions {
  readonly ascii: boolean;
  readonly theme: ThemeName;
  readonly crashGuard: CrashGuard;
}

export interface LiveViewOptions extends ScreenOptions {
  readonly version: string;
  /** The command that was started to be seen; undefined for a process that ran already. */
  readonly command?: ViewedCommand | undefined;
  readonly files?: ViewFiles | undefined;
}

const outputMs = 100;
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
  const kept = (await options.files?.finish()) ?? '';
  const farewell = (await options.command?.finish()) ?? '';
  endAs(ending);
  const about = kept === '' ? '' : `prof-tui: ${kept}\n`;
  if (isRestored) writeFully(process.stdout.fd, `${farewell}${summaryLine(session.status)}\n${about}`);
  return { restored: true };
}

/** One run on the terminal; made when it begins, closed once. */
class LiveScreen {
  readonly #session: LiveSession;
  readonly #stage: Stage;
  readonly #view: LiveView;
  readonly #unsubscribe: (() => void)[] = [];
  #outputTimer: NodeJS.Timeout | undefined;

  constructor(session: LiveSession, options: LiveViewOptions) {
    this.#session = session;
    const { command } = options;
    this.#stage = new Stage(options.crashGuard, {
      onInput: (event) =>
        routeInput(this.#view, event, ({ action, x, y }) => this.#stage.painter.mouse(action, x, y)),
      onResize: (size) => this.#view.dispatch({ type: 'resize', size }),
      beforeStop: () => session.suspend(),
      onStop: () => command?.suspend(),
      onResume: () => {
        command?.resume();
        void session.resume();
      },
    });
    const { painter, size } = this.#stage;
    const ascii = options.ascii || !hasUtf8Locale(process.env);
    const theme = createTheme({ ascii, color: options.theme });
    this.#view = new LiveView(session, theme, size, this.#host(), undefined, command, options.files);
    const regions = createRegions(this.#view);
    painter.onFrame(() => regions.prepare(painter.heightOf(regions.rows)));
    this.#stage.show(<App store={this.#view.store} regions={regions} theme={theme} />);
    if (command !== undefined) this.#unsubscribe.push(command.output.subscribe(() => this.#outputGrew()));
    this.#unsubscribe.push(session.subscribe(() => this.#view.tick()));
    beginDifference(this.#view);
  }

  get ended(): Promise<Ending> {
    return this.#stage.ended;
  }

  /** Stops the session and gives everything back. @returns whether the terminal took its last bytes */
  async close(ending: Ending): Promise<boolean> {
    for (const unsubscribe of this.#unsubscribe) unsubscribe();
    this.#stage.deafen();
    clearTimeout(this.#outputTimer);
    // The user who quits sees the last picture while capture stops; in all other cases the terminal comes first.
    if (ending.kind === 'quit') await this.#stopSession();
    const isWritable = await this.#stage.giveBack(ending);
    this.#view.close();
    if (ending.kind !== 'quit') await this.#stopSession();
    this.#stage.release();
    return isWritable;
  }

  /** A session that fails to stop must not hide why the view ended. */
  async #stopSession(): Promise<void> {
    const stopped = (async () => this.#session.stop())().catch(() => {});
    await atMost(stopped, stopMs);
  }

  #host(): ViewHost {
    const { painter } = this.#stage;
    return {
      quit: () => this.#stage.end({ kind: 'quit' }),
      suspend: () => this.#stage.suspend(),
      redraw: () => painter.redraw(true),
      paint: () => painter.soon(),
      copy: (text) => painter.sendExtra(copyBytes(text, process.env)),
    };
  }

  /** A flood of output is a few frames a second, and none while nobody looks at it. */
  #outputGrew(): void {
    if (this.#view.state.structure.popup?.kind !== 'output') return;
    this.#outputTimer ??= setTimeout(() => {
      this.#outputTimer = undefined;
      this.#stage.painter.soon();
    }, outputMs);
  }
}

async function atMost(work: Promise<void>, limitMs: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, limitMs);
  });
  await Promise.race([work, limit]).finally(() => clearTimeout(timer));
}
