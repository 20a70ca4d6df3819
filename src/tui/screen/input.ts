/**
 * Bytes from the terminal to keys, mouse events and pastes. Pure but for what it holds of a sequence cut in two;
 * the caller owns the clock and says when a held beginning has waited too long.
 */
import { StringDecoder } from 'node:string_decoder';

export type InputEvent =
  | { readonly type: 'key'; readonly key: string }
  | {
      readonly type: 'mouse';
      /** `drag` and `release` follow a `press`, wherever the mouse is by then. */
      readonly action: 'press' | 'drag' | 'release' | 'wheel-up' | 'wheel-down';
      readonly x: number;
      readonly y: number;
    }
  | { readonly type: 'paste'; readonly text: string };

/** How long an unfinished sequence may wait for its rest; then its Esc was the Esc key. */
export const sequenceWaitMs = 30;
/** How long an unfinished paste may be silent, so that a lost end cannot swallow every later key. */
export const pasteWaitMs = 1000;
const longestSequence = 256;
const longestPaste = 65536;

const finalKeys: Readonly<Record<string, string>> = {
  A: 'up',
  B: 'down',
  C: 'right',
  D: 'left',
  H: 'home',
  F: 'end',
  P: 'f1',
  Z: 'shift+tab',
};
const tildeKeys: Readonly<Record<string, string>> = {
  '1': 'home',
  '3': 'backspace',
  '4': 'end',
  '5': 'pageup',
  '6': 'pagedown',
  '7': 'home',
  '8': 'end',
  '11': 'f1',
};
const controlKeys: Readonly<Record<number, string>> = {
  8: 'backspace',
  9: 'tab',
  10: 'enter',
  13: 'enter',
  27: 'escape',
  32: 'space',
  127: 'backspace',
};

// ECMA-48 control sequence: parameters 0x30-0x3f, intermediates 0x20-0x2f, one final byte 0x40-0x7e.
const controlSequence = /^\x1b\[([0-?]*)[ -/]*([@-~])/;
const controlSequenceStart = /^\x1b\[[0-?]*[ -/]*$/;
// OSC, DCS, APC, PM, SOS: answers of the terminal, ended by BEL or ST.
const terminalString = /^\x1b[\]P_^X][^\x07\x1b]*(?:\x07|\x1b\\)/;
const terminalStringStart = /^\x1b[\]P_^X][^\x07\x1b]*\x1b?$/;
// The Linux console sends F1..F5 as `CSI [ A`..`CSI [ E`: here `[` is not the end of the sequence.
const consoleKey = /^\x1b\[\[([A-E])/;
const singleShift = /^\x1bO([ -~])/;
const pasteEnd = '\x1b[201~';

export class InputParser {
  #decoder = new StringDecoder('utf8');
  #held = '';
  #isPasting = false;

  /** How long the caller should wait before `expire`, or undefined when nothing is held. */
  get waitMs(): number | undefined {
    if (this.#isPasting) return pasteWaitMs;
    return this.#held === '' ? undefined : sequenceWaitMs;
  }

  feed(bytes: Uint8Array): InputEvent[] {
    this.#held += this.#decoder.write(Buffer.from(bytes));
    return this.#drain(false);
  }

  /** Nothing followed in time: what is held is taken for what it is. */
  expire(): InputEvent[] {
    if (this.#isPasting) {
      const text = this.#held;
      this.#held = '';
      this.#isPasting = false;
      return [{ type: 'paste', text }];
    }
    return this.#drain(true);
  }

  #drain(isFinal: boolean): InputEvent[] {
    const events: InputEvent[] = [];
    while (this.#held !== '') {
      const before = this.#held;
      if (this.#isPasting) this.#readPaste(events);
      else this.#readOne(events, isFinal);
      if (this.#held === before) break;
    }
    return events;
  }

  #readPaste(events: InputEvent[]): void {
    const end = this.#held.indexOf(pasteEnd);
    if (end < 0 && this.#held.length < longestPaste) return;
    events.push({ type: 'paste', text: end < 0 ? this.#held : this.#held.slice(0, end) });
    this.#held = end < 0 ? '' : this.#held.slice(end + pasteEnd.length);
    this.#isPasting = false;
  }

  /** Reads one key, answer or sequence; leaves `#held` as it is when the rest has to be waited for. */
  #readOne(events: InputEvent[], isFinal: boolean): void {
    if (this.#held.charCodeAt(0) !== 0x1b) this.#readCharacter(events);
    else if (!this.#readEscape(events) && (isFinal || !this.#isUnfinished())) {
      events.push({ type: 'key', key: 'escape' });
      // What follows an Esc that begins no sequence is keys of its own; what did begin one is not text.
      this.#held = this.#isUnfinished() ? '' : this.#held.slice(1);
    }
  }

  /** @returns false when no whole sequence stands at the beginning */
  #readEscape(events: InputEvent[]): boolean {
    const answer = this.#take(terminalString);
    if (answer !== undefined) return true;
    const console = this.#take(consoleKey);
    if (console !== undefined) {
      if (console[1] === 'A') events.push({ type: 'key', key: 'f1' });
      return true;
    }
    const single = this.#take(singleShift);
    if (single !== undefined) {
      const key = single[1] === 'M' ? 'enter' : finalKeys[single[1] ?? ''];
      if (key !== undefined) events.push({ type: 'key', key });
      return true;
    }
    // `CSI [` may be the beginning of a console key.
    const sequence = this.#held === '\x1b[[' ? undefined : this.#take(controlSequence);
    if (sequence === undefined) return false;
    this.#readSequence(sequence[1] ?? '', sequence[2] ?? '', events);
    return true;
  }

  #take(pattern: RegExp): RegExpExecArray | undefined {
    const match = pattern.exec(this.#held);
    if (match === null) return undefined;
    this.#held = this.#held.slice(match[0].length);
    return match;
  }

  #isUnfinished(): boolean {
    const held = this.#held;
    if (held.length > longestSequence) return false;
    return (
      held === '\x1b' ||
      held === '\x1bO' ||
      held === '\x1b[[' ||
      controlSequenceStart.test(held) ||
      terminalStringStart.test(held)
    );
  }

  #readSequence(parameters: string, final: string, events: InputEvent[]): void {
    // A modifier (`CSI 1;5A`) does not change what a key means here.
    const key = final === '~' ? tildeKeys[parameters.split(';')[0] ?? ''] : finalKeys[final];
    if (final === '~' && parameters === '200') this.#isPasting = true;
    else if (parameters.startsWith('<')) readMouse(parameters, final, events);
    else if (key !== undefined) events.push({ type: 'key', key });
  }

  #readCharacter(events: InputEvent[]): void {
    const code = this.#held.codePointAt(0) ?? 0;
    this.#held = this.#held.slice(code > 0xffff ? 2 : 1);
    const key =
      controlKeys[code] ??
      (code < 32 ? `ctrl+${String.fromCharCode(code + 96)}` : String.fromCodePoint(code));
    if (code !== 0) events.push({ type: 'key', key });
  }
}

/** By the button of an SGR report: the left one, the left one held while the mouse moves, the wheel. */
const mouseActions: Readonly<Record<number, 'press' | 'drag' | 'wheel-up' | 'wheel-down'>> = {
  0: 'press',
  32: 'drag',
  64: 'wheel-up',
  65: 'wheel-down',
};

/** SGR mouse reports: `CSI < button ; x ; y M` (press, move) or `m` (release). */
function readMouse(parameters: string, final: string, events: InputEvent[]): void {
  const match = /^<(\d+);(\d+);(\d+)$/.exec(parameters);
  if (match === null) return;
  const button = Number(match[1]);
  const at = { x: Number(match[2]) - 1, y: Number(match[3]) - 1 };
  const action = final === 'M' ? mouseActions[button] : button === 0 ? 'release' : undefined;
  if (action !== undefined) events.push({ type: 'mouse', action, ...at });
}
