/** Runs the process picker on the terminal until a process is picked or the user leaves. */
import { Box } from 'ink';
import { type ReactNode, useSyncExternalStore } from 'react';
import { copyBytes } from './clipboard.ts';
import { endAs } from './failure.ts';
import { hasUtf8Locale } from './locale.ts';
import { Picker, type ProcessSource } from './picker.ts';
import { type PickerPicture, pickerPicture } from './picker-lines.ts';
import type { ScreenOptions } from './run.tsx';
import { lineWidth, type ScreenSize } from './screen/frame.ts';
import type { InputEvent } from './screen/input.ts';
import type { MouseAction, Region } from './screen/painter.ts';
import { LiveRegion } from './screen/region.tsx';
import { Stage } from './screen/stage.ts';
import { createTheme, type Theme } from './theme.ts';

/** The first figures need two readings. */
const firstMs = 250;
const refreshMs = 1000;
/** The cursor rests this long before the process under it is looked at. */
const restMs = 120;

/** Where the picker begins when it is not the first time. */
export interface PickerStart {
  readonly filter: string;
  /** Why it is there again. */
  readonly message: string;
}

export interface Picked {
  readonly pid: number;
  readonly filter: string;
}

/** @returns what was picked; undefined when the user left. @throws LiveViewFailed */
export async function runPicker(
  source: ProcessSource,
  options: ScreenOptions,
  start: PickerStart = { filter: '', message: '' },
): Promise<Picked | undefined> {
  const screen = new PickerScreen(source, options, start);
  const ending = await screen.stage.ended;
  await screen.close(ending);
  endAs(ending);
  return screen.picked;
}

class PickerScreen {
  readonly stage: Stage;
  picked: Picked | undefined;
  readonly #picker: Picker;
  readonly #theme: Theme;
  #size: ScreenSize;
  #picture: PickerPicture = { lines: [], firstRow: 0, rows: 0 };
  readonly #sizeListeners = new Set<() => void>();
  #refreshTimer: NodeJS.Timeout;
  #lookTimer: NodeJS.Timeout | undefined;

  constructor(source: ProcessSource, options: ScreenOptions, { filter, message }: PickerStart) {
    const ascii = options.ascii || !hasUtf8Locale(process.env);
    this.#theme = createTheme({ ascii, color: options.theme });
    this.stage = new Stage(options.crashGuard, {
      onInput: (event) => this.#input(event),
      onResize: (size) => {
        this.#size = size;
        for (const listener of this.#sizeListeners) listener();
      },
      beforeStop: () => Promise.resolve(),
      onStop: () => {},
      onResume: () => {},
    });
    this.#size = this.stage.size;
    const quit = () => this.stage.end({ kind: 'quit' });
    this.#picker = new Picker(source, {
      pick: (pid) => {
        this.picked = { pid, filter: this.#picker.filter };
        quit();
      },
      quit,
      suspend: () => this.stage.suspend(),
      redraw: () => this.stage.painter.redraw(true),
      copy: (text) => this.stage.painter.sendExtra(copyBytes(text, process.env)),
    });
    this.#picker.filter = filter;
    this.#picker.message = message;
    this.stage.painter.onFrame(() => {
      this.#picture = pickerPicture(this.#picker, this.#size, this.#theme);
    });
    this.#picker.refresh(performance.now());
    this.#refreshTimer = setTimeout(this.#refresh, firstMs);
    this.#lookSoon();
    this.stage.show(<PickerApp region={this.#region()} subscribe={this.#onSize} size={() => this.#size} />);
  }

  async close(ending: Awaited<Stage['ended']>): Promise<void> {
    clearTimeout(this.#refreshTimer);
    clearTimeout(this.#lookTimer);
    this.stage.deafen();
    await this.stage.giveBack(ending);
    this.stage.release();
  }

  readonly #onSize = (listener: () => void): (() => void) => {
    this.#sizeListeners.add(listener);
    return () => this.#sizeListeners.delete(listener);
  };

  readonly #refresh = (): void => {
    this.#picker.refresh(performance.now());
    this.#lookSoon();
    this.stage.painter.soon();
    this.#refreshTimer = setTimeout(this.#refresh, refreshMs);
  };

  #lookSoon(): void {
    clearTimeout(this.#lookTimer);
    this.#lookTimer = setTimeout(() => {
      this.#picker.look();
      this.stage.painter.soon();
    }, restMs);
  }

  #input(event: InputEvent): void {
    if (event.type === 'mouse') this.stage.painter.mouse(event.action, event.x, event.y);
    else if (event.type === 'paste') this.#picker.paste(event.text);
    else this.#picker.key(event.key, performance.now());
    this.#lookSoon();
    this.stage.painter.soon();
  }

  #region(): Region {
    return {
      row: (line) => this.#picture.lines[line] ?? '',
      mouse: (action, line) => this.#mouse(action, line),
    };
  }

  #mouse(action: MouseAction, line: number): void {
    const row = line - this.#picture.firstRow;
    if (action !== 'press') this.#picker.move(action === 'wheel-down' ? 3 : -3);
    else if (row >= 0 && row < this.#picture.rows) this.#picker.click(row);
  }
}

interface PickerAppProps {
  readonly region: Region;
  readonly subscribe: (listener: () => void) => () => void;
  readonly size: () => ScreenSize;
}

function PickerApp({ region, subscribe, size }: PickerAppProps): ReactNode {
  const now = useSyncExternalStore(subscribe, size);
  return (
    <Box flexDirection="column" width={lineWidth(now)} height={now.rows}>
      <LiveRegion region={region} flexGrow={1} />
    </Box>
  );
}
