/**
 * The last 64 KiB of what a launched command printed, as lines that are safe on a terminal. Its two streams come
 * through one pipe, so their order is kept.
 */
import { Socket } from 'node:net';
import { cleanText } from '../profile/clean-text.ts';

const keptCharacters = 65536;
const tabWidth = 8;
// CSI and OSC sequences, then what other escapes there are: ECMA-48, 5.3 to 5.6.
const escapes = /\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)?|\x1b[ -/]*[0-~]/g;

export interface OutputLines {
  /** Number of the first line kept, counted from the first one printed. */
  readonly first: number;
  readonly lines: readonly string[];
}

export class CommandOutput {
  readonly #decoder = new TextDecoder();
  readonly #listeners = new Set<() => void>();
  #text = '';
  #dropped = 0;
  #known: OutputLines | undefined;

  append(bytes: Uint8Array): void {
    this.#text += this.#decoder.decode(bytes, { stream: true });
    // Twice what is shown, so that a flood is not copied at every read.
    if (this.#text.length > 2 * keptCharacters) this.#drop();
    this.#known = undefined;
    for (const listener of this.#listeners) listener();
  }

  /** What is kept; the same object until something is added. */
  get lines(): OutputLines {
    if (this.#text.length > keptCharacters) this.#drop();
    this.#known ??= { first: this.#dropped, lines: linesOf(this.#text) };
    return this.#known;
  }

  /** Calls back when something was added. Returns the way to stop. */
  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #drop(): void {
    const from = this.#text.length - keptCharacters;
    // A whole line where there is one.
    const lineEnd = this.#text.indexOf('\n', from);
    const cut = lineEnd < 0 ? from : lineEnd + 1;
    for (let at = this.#text.indexOf('\n'); at >= 0 && at < cut; at = this.#text.indexOf('\n', at + 1)) {
      this.#dropped++;
    }
    this.#text = this.#text.slice(cut);
  }
}

/** Reads until the command and all that hold its output have closed it, or until the returned function is called. */
export function readOutput(fd: number, output: CommandOutput): () => void {
  const socket = new Socket({ fd, readable: true, writable: false });
  socket.on('data', (bytes) => output.append(bytes));
  socket.on('error', () => socket.destroy());
  return () => socket.destroy();
}

function linesOf(text: string): string[] {
  const lines = text.split('\n');
  if (lines.at(-1) === '') lines.pop();
  return lines.map(lineOf);
}

/** One line as a terminal would leave it: what a carriage return begins anew replaces what stood there. */
function lineOf(text: string): string {
  const plain = text.replaceAll(escapes, '').replace(/\r+$/, '');
  const last = plain.slice(plain.lastIndexOf('\r') + 1);
  const expanded = last.includes('\t') ? expandTabs(last) : last;
  return cleanText(expanded);
}

function expandTabs(text: string): string {
  return text
    .split('\t')
    .reduce((line, part) => line + ' '.repeat(tabWidth - (line.length % tabWidth)) + part);
}
