/** A live view over a large session without a terminal: takes keys, draws when it asks to be drawn, as the painter would. */
import { routeInput } from '../src/tui/input-router.ts';
import { LiveView, type ViewHost } from '../src/tui/live-view.ts';
import { createRegions } from '../src/tui/regions.ts';
import type { ScreenSize } from '../src/tui/screen/frame.ts';
import { baseOf } from '../src/tui/state.ts';
import { createTheme } from '../src/tui/theme.ts';
import { cursorOf } from '../src/tui/views.ts';
import type { LargeSession } from './large-session.ts';

/** Lines of the screen that are not the body. */
const otherLines = 10;

export class ViewDriver {
  readonly view: LiveView;
  readonly #regions: ReturnType<typeof createRegions>;
  readonly #size: ScreenSize;
  #isAsked = false;

  /** @param now a clock of its own, for time that does not pass by itself */
  constructor(session: LargeSession, size: ScreenSize, now?: () => number) {
    this.#size = size;
    const host: ViewHost = {
      quit() {},
      suspend() {},
      redraw() {},
      copy() {},
      paint: () => this.#soon(),
    };
    this.view = new LiveView(session, createTheme({ ascii: false, color: true }), size, host, now);
    this.#regions = createRegions(this.view);
  }

  press(key: string): void {
    routeInput(this.view, { type: 'key', key }, () => {});
  }

  /** Whether all that was asked for is on the screen. */
  get isWhole(): boolean {
    const { view } = this;
    if (view.source.isTransforming || view.source.isBounding) return false;
    if (view.query !== undefined && view.found()?.totals === undefined) return false;
    if (view.model !== 'callers' && view.model !== 'functions') return true;
    return view.models.isShowing(view.source.tree, baseOf(cursorOf(view.state, 'calls')));
  }

  draw(): readonly string[] {
    const { columns, rows } = this.#size;
    const bodyRows = rows - otherLines;
    this.#regions.prepare(bodyRows);
    const head = Array.from({ length: 6 }, (_, line) => this.#regions.head.row(line, columns - 1, 6));
    const body = Array.from({ length: bodyRows }, (_, line) =>
      this.#regions.rows.row(line, columns - 1, bodyRows),
    );
    return [...head, ...body];
  }

  #soon(): void {
    if (this.#isAsked) return;
    this.#isAsked = true;
    queueMicrotask(() => {
      this.#isAsked = false;
      this.draw();
    });
  }
}
