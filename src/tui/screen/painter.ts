/**
 * The painter owns what is on the screen: it takes the chrome that Ink renders, lays live regions over it and sends
 * the lines that changed. Live regions are drawn by plain functions, so moving data never commits React.
 */
import type { DOMElement } from 'ink';
import { type Band, composeFrame, frameBytes, type ScreenSize } from './frame.ts';
import type { TerminalWriter } from './writer.ts';

export interface Region {
  /** A ready line: at most `width` cells, SGR closed, no newline. */
  row(line: number, width: number, height: number): string;
  /** A click or a turn of the wheel on line `line` of the region, in cell `x`. */
  mouse?(action: MouseAction, line: number, x: number): void;
  /** The mouse moves, its button held since a press on this region. @param isDone the button was let go */
  drag?(x: number, isDone: boolean): void;
}

export type MouseAction = 'press' | 'wheel-up' | 'wheel-down';

export class Painter {
  readonly #writer: Pick<TerminalWriter, 'isBusy' | 'send'>;
  readonly #regions = new Map<DOMElement, Region>();
  readonly #covers = new Map<DOMElement, Pick<Region, 'mouse' | 'drag'>>();
  /** The region that the button was pressed on, as long as it is held. */
  #pressed: Pick<Region, 'drag'> | undefined;
  #size: ScreenSize;
  #chrome: readonly string[] = [];
  #shown: readonly string[] = [];
  #extra = '';
  #mustClear = false;
  #isQueued = false;
  #isDirty = false;
  #isHeld = false;
  #beforeFrame: () => void = () => {};

  constructor(writer: Pick<TerminalWriter, 'isBusy' | 'send'>, size: ScreenSize) {
    this.#writer = writer;
    this.#size = size;
  }

  /** `prepare` runs once before each frame, after the layout is known. */
  onFrame(prepare: () => void): void {
    this.#beforeFrame = prepare;
  }

  /** The whole frame Ink rendered. Ink writes '' and cursor codes when it clears or ends: those are no frames. */
  setChrome(frame: string): void {
    if (frame === '' || frame.startsWith('\x1b[?25')) return;
    this.#chrome = frame.split('\n');
    this.soon();
  }

  /** Gives the lines of `box` to `region` until the returned release is called. */
  claim(box: DOMElement, region: Region): () => void {
    this.#regions.set(box, region);
    this.soon();
    return () => {
      this.#regions.delete(box);
    };
  }

  /** On the lines of `box` the chrome stays on top of all regions; the mouse there is for `region`. */
  cover(box: DOMElement, region: Pick<Region, 'mouse' | 'drag'> = {}): () => void {
    this.#covers.set(box, region);
    this.soon();
    return () => {
      this.#covers.delete(box);
    };
  }

  /** Height of the region drawn by `region`, 0 when it is not on the screen. */
  heightOf(region: Region): number {
    for (const [box, owner] of this.#regions) if (owner === region) return bandOf(box).height;
    return 0;
  }

  resize(size: ScreenSize): void {
    this.#size = size;
    this.redraw();
  }

  /** Sends every line again; `withClear` also clears the screen first, for a screen that others wrote on. */
  redraw(withClear = false): void {
    this.#shown = [];
    this.#mustClear ||= withClear;
    this.soon();
  }

  /** Bytes that are no picture (the clipboard) go out with the next frame; of those that wait the newest counts. */
  sendExtra(bytes: string): void {
    this.#extra = bytes;
    this.soon();
  }

  /** While held nothing is drawn: the terminal belongs to someone else. */
  hold(isHeld: boolean): void {
    this.#isHeld = isHeld;
    if (!isHeld) this.redraw();
  }

  /** One frame at the end of this turn, however often it is called. */
  soon(): void {
    if (this.#isQueued) return;
    this.#isQueued = true;
    queueMicrotask(() => {
      this.#isQueued = false;
      this.#flush();
    });
  }

  /** The writer took the last frame. */
  writerReady(): void {
    if (this.#isDirty) this.soon();
  }

  /** A press or a turn of the wheel, for what lies under it; a movement, for what was pressed. */
  mouse(action: MouseAction | 'drag' | 'release', x: number, y: number): void {
    if (action === 'drag' || action === 'release') {
      this.#pressed?.drag?.(x, action === 'release');
      if (action === 'release') this.#pressed = undefined;
      return;
    }
    const at = this.#under(y, this.#covers) ?? this.#under(y, this.#regions);
    this.#pressed = action === 'press' ? at?.region : undefined;
    at?.region.mouse?.(action, at.line, x);
  }

  #under<Of>(
    y: number,
    boxes: ReadonlyMap<DOMElement, Of>,
  ): { readonly region: Of; readonly line: number } | undefined {
    for (const [box, region] of boxes) {
      const { top, height } = bandOf(box);
      if (y >= top && y < top + height) return { region, line: y - top };
    }
    return undefined;
  }

  #flush(): void {
    if (this.#isHeld) return;
    if (this.#writer.isBusy) {
      this.#isDirty = true;
      return;
    }
    this.#isDirty = false;
    this.#beforeFrame();
    const bands = Array.from(this.#regions, ([box, region]) => {
      const band = bandOf(box);
      return { ...band, row: (line: number, width: number) => region.row(line, width, band.height) };
    });
    const lines = composeFrame(this.#chrome, bands, Array.from(this.#covers.keys(), bandOf), this.#size);
    const clear = this.#mustClear ? '\x1b[2J' : '';
    const bytes = clear + this.#extra + frameBytes(this.#shown, lines);
    this.#shown = lines;
    this.#extra = '';
    this.#mustClear = false;
    this.#writer.send(bytes);
  }
}

/** Yoga gives positions relative to the parent only; they were laid out in the commit before this frame. */
function bandOf(box: DOMElement): Band {
  let top = 0;
  for (let node: DOMElement | undefined = box; node !== undefined; node = node.parentNode) {
    top += node.yogaNode?.getComputedTop() ?? 0;
  }
  return { top, height: box.yogaNode?.getComputedHeight() ?? 0 };
}
