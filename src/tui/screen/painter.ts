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
}

export type MouseAction = 'press' | 'wheel-up' | 'wheel-down';

export class Painter {
  readonly #writer: Pick<TerminalWriter, 'isBusy' | 'send'>;
  readonly #regions = new Map<DOMElement, Region>();
  readonly #covers = new Set<DOMElement>();
  #size: ScreenSize;
  #chrome: readonly string[] = [];
  #shown: readonly string[] = [];
  #extra = '';
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

  /** On the lines of `box` the chrome stays on top of all regions. */
  cover(box: DOMElement): () => void {
    this.#covers.add(box);
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
    if (withClear) this.#extra += '\x1b[2J';
    this.soon();
  }

  /** Bytes that are no picture (the clipboard) go out with the next frame. */
  sendExtra(bytes: string): void {
    this.#extra += bytes;
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

  mouse(action: MouseAction, x: number, y: number): void {
    const covered = [...this.#covers].map(bandOf).some((band) => y >= band.top && y < band.top + band.height);
    if (covered) return;
    for (const [box, region] of this.#regions) {
      const band = bandOf(box);
      if (y >= band.top && y < band.top + band.height) region.mouse?.(action, y - band.top, x);
    }
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
    const lines = composeFrame(this.#chrome, bands, Array.from(this.#covers, bandOf), this.#size);
    const bytes = this.#extra + frameBytes(this.#shown, lines);
    this.#shown = lines;
    this.#extra = '';
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
