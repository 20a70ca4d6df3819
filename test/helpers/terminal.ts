/**
 * A real pseudo terminal with an emulator behind it: the program under test draws on it as on a user's, and a test
 * reads the cells, presses keys and waits until the screen says so. No assertion looks at time.
 */
import { spawn } from '@lydell/node-pty';
import Unicode11 from '@xterm/addon-unicode11';
import headless from '@xterm/headless';

const keyBytes: Readonly<Record<string, string>> = {
  up: '\x1b[A',
  down: '\x1b[B',
  right: '\x1b[C',
  left: '\x1b[D',
  home: '\x1b[H',
  end: '\x1b[F',
  pageup: '\x1b[5~',
  pagedown: '\x1b[6~',
  enter: '\r',
  tab: '\t',
  'shift+tab': '\x1b[Z',
  escape: '\x1b',
  backspace: '\x7f',
  space: ' ',
  f1: '\x1bOP',
};

/** A key by its name, a control key as its control code, anything else as itself. */
function bytesOf(key: string): string {
  const control = /^ctrl\+([a-z])$/.exec(key)?.[1];
  return control === undefined ? (keyBytes[key] ?? key) : String.fromCharCode(control.charCodeAt(0) & 0x1f);
}

export interface TerminalOptions {
  readonly cols?: number;
  readonly rows?: number;
  /** Added to a small fixed environment; undefined takes a variable out. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly cwd?: string;
  /** The child is killed after this time whatever the test does: a living child would hang the runner. */
  readonly lifeMs?: number;
  /** Anything with node:test's `after`: the child is killed at the end of that test. */
  readonly test?: { after(done: () => void): void };
}

export interface Screen {
  /** Lines from top to bottom, without trailing blanks. */
  readonly lines: readonly string[];
  /** All lines, joined by newlines. */
  readonly text: string;
}

/** A colour of the palette by its number, or red, green and blue in one number. */
export interface CellColour {
  readonly kind: 'palette' | 'rgb';
  readonly value: number;
}

export interface Cell {
  readonly text: string;
  /** 2 for a wide character, 0 for the cell it covers. */
  readonly width: number;
  /** undefined is the terminal's own colour. */
  readonly foreground: CellColour | undefined;
  readonly background: CellColour | undefined;
  readonly isInverse: boolean;
  readonly isBold: boolean;
  readonly isDim: boolean;
  readonly isUnderlined: boolean;
}

export interface ExitOf {
  readonly code: number;
  readonly signal: number;
}

const waitMs = 20_000;
const defaultLifeMs = 60_000;

export class TestTerminal {
  /** Every byte the program wrote, as text. */
  bytes = '';
  readonly emulator: headless.Terminal;
  readonly #pty: ReturnType<typeof spawn>;
  readonly #checks = new Set<() => void>();
  readonly #life: NodeJS.Timeout;
  #exit: ExitOf | undefined;
  #parsed = Promise.resolve();
  #onChunk: (() => void) | undefined;

  constructor(command: readonly string[], options: TerminalOptions) {
    const { cols = 100, rows = 30 } = options;
    this.emulator = new headless.Terminal({ cols, rows, allowProposedApi: true, scrollback: 200 });
    this.emulator.loadAddon(new Unicode11.Unicode11Addon());
    this.emulator.unicode.activeVersion = '11';
    const [file = 'true', ...args] = command;
    this.#pty = spawn(file, args, {
      cols,
      rows,
      name: 'xterm-256color',
      cwd: options.cwd ?? process.cwd(),
      env: environment(options.env ?? {}),
    });
    this.#pty.onData((data) => this.#receive(data));
    // The emulator answers what a program asks its terminal.
    this.emulator.onData((answer) => this.#pty.write(answer));
    this.#pty.onExit(({ exitCode, signal }) => {
      void this.#parsed.then(() => {
        this.#exit = { code: exitCode, signal: signal ?? 0 };
        this.#runChecks();
      });
    });
    this.#life = setTimeout(() => this.kill(), options.lifeMs ?? defaultLifeMs);
    options.test?.after(() => this.kill());
  }

  get pid(): number {
    return this.#pty.pid;
  }

  get exitStatus(): ExitOf | undefined {
    return this.#exit;
  }

  get screen(): Screen {
    const { active } = this.emulator.buffer;
    const lines = Array.from(
      { length: this.emulator.rows },
      (_, y) => active.getLine(active.baseY + y)?.translateToString(true, 0, this.emulator.cols) ?? '',
    );
    return { lines, text: lines.join('\n') };
  }

  /** `alternate` while a full-screen program owns the terminal. */
  get bufferType(): 'normal' | 'alternate' {
    return this.emulator.buffer.active.type;
  }

  cell(x: number, y: number): Cell {
    const { active } = this.emulator.buffer;
    const cell = active.getLine(active.baseY + y)?.getCell(x);
    if (cell === undefined) throw new Error(`no cell at ${x},${y}`);
    return {
      text: cell.getChars(),
      width: cell.getWidth(),
      foreground: cell.isFgDefault()
        ? undefined
        : { kind: cell.isFgRGB() ? 'rgb' : 'palette', value: cell.getFgColor() },
      background: cell.isBgDefault()
        ? undefined
        : { kind: cell.isBgRGB() ? 'rgb' : 'palette', value: cell.getBgColor() },
      isInverse: cell.isInverse() !== 0,
      isBold: cell.isBold() !== 0,
      isDim: cell.isDim() !== 0,
      isUnderlined: cell.isUnderline() !== 0,
    };
  }

  /** Presses keys by name (`right`, `ctrl+l`) or as themselves (`j`). */
  press(...keys: readonly string[]): void {
    for (const key of keys) this.#pty.write(bytesOf(key));
  }

  /** Writes text as it is: typed words, pasted blocks, mouse reports. */
  type(text: string): void {
    this.#pty.write(text);
  }

  resize(cols: number, rows: number): void {
    this.emulator.resize(cols, rows);
    this.#pty.resize(cols, rows);
  }

  /** Stops reading what the program writes, as a stalled ssh does. */
  stopReading(): void {
    this.#pty.pause();
  }

  readOn(): void {
    this.#onChunk = undefined;
    this.#pty.resume();
  }

  /** From now on one chunk each `everyMs`, as much as the kernel holds for a terminal: a steadily slow line. */
  readSlowly(everyMs: number): void {
    this.#pty.pause();
    let timer: NodeJS.Timeout | undefined;
    this.#onChunk = () => {
      this.#pty.pause();
      clearTimeout(timer);
      timer = setTimeout(() => {
        if (this.#onChunk !== undefined) this.#pty.resume();
      }, everyMs);
    };
    this.#onChunk();
  }

  /** Closes the terminal, as when its window is closed. */
  hangUp(): void {
    // Every Unix terminal of node-pty has it; its shared type leaves it out.
    (this.#pty as unknown as { destroy(): void }).destroy();
  }

  signal(name: NodeJS.Signals): void {
    process.kill(this.#pty.pid, name);
  }

  kill(): void {
    clearTimeout(this.#life);
    if (this.#exit !== undefined) return;
    try {
      process.kill(this.#pty.pid, 'SIGKILL');
    } catch {
      // It ended in between.
    }
  }

  /** Waits until the screen satisfies `says`; looked at after every chunk. On failure the whole screen is shown. */
  until(says: (screen: Screen) => boolean, what: string, limitMs = waitMs): Promise<Screen> {
    return this.#wait(() => (says(this.screen) ? this.screen : undefined), what, limitMs, true);
  }

  /** Waits until the screen contains every one of the texts. */
  shows(...texts: readonly string[]): Promise<Screen> {
    return this.until((screen) => texts.every((text) => screen.text.includes(text)), texts.join(' and '));
  }

  /** Waits until the selected row (marked `>`) contains the text. */
  selects(text: string): Promise<Screen> {
    return this.until((screen) => selectedLine(screen).includes(text), `selected row with ${text}`);
  }

  /** Waits for the end of the program. */
  exit(limitMs = waitMs): Promise<ExitOf> {
    return this.#wait(() => this.#exit, 'the program to end', limitMs, false);
  }

  #receive(data: string): void {
    this.#onChunk?.();
    this.bytes += data;
    this.#parsed = new Promise((resolve) => {
      this.emulator.write(data, () => {
        resolve();
        this.#runChecks();
      });
    });
  }

  #runChecks(): void {
    for (const check of [...this.#checks]) check();
  }

  #wait<T>(find: () => T | undefined, what: string, limitMs: number, mustLive: boolean): Promise<T> {
    return new Promise((resolve, reject) => {
      const finish = () => {
        clearTimeout(timer);
        this.#checks.delete(check);
      };
      const fail = (why: string) => {
        finish();
        reject(new Error(`${why} while waiting for: ${what}\n${this.#picture()}`));
      };
      const check = () => {
        const found = find();
        if (found !== undefined) {
          finish();
          resolve(found);
        } else if (mustLive && this.#exit !== undefined) {
          fail(`the program ended (${JSON.stringify(this.#exit)})`);
        }
      };
      const timer = setTimeout(() => fail(`${limitMs} ms passed`), limitMs);
      this.#checks.add(check);
      check();
    });
  }

  #picture(): string {
    const rule = '-'.repeat(this.emulator.cols);
    return `${rule}\n${this.screen.text}\n${rule}`;
  }
}

export function openTerminal(command: readonly string[], options: TerminalOptions = {}): TestTerminal {
  return new TestTerminal(command, options);
}

/** The row under the cursor of a tree, '' when there is none. */
export function selectedLine(screen: Screen): string {
  return screen.lines.find((line) => line.startsWith('>')) ?? '';
}

/** The first line that contains the text; fails with the screen. */
export function lineWith(screen: Screen, text: string): string {
  const line = screen.lines.find((candidate) => candidate.includes(text));
  if (line === undefined) throw new Error(`no line with ${text} on\n${screen.text}`);
  return line;
}

/** Small and fixed, so that a test does not depend on who runs it. */
function environment(change: Readonly<Record<string, string | undefined>>): Record<string, string> {
  const base = {
    PATH: process.env['PATH'],
    HOME: process.env['HOME'],
    TMPDIR: process.env['TMPDIR'],
    TERM: 'xterm-256color',
    LANG: 'C.UTF-8',
    XDG_CONFIG_HOME: '/nonexistent',
    NODE_ENV: 'production',
    ...change,
  };
  return Object.fromEntries(
    Object.entries(base).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
}
