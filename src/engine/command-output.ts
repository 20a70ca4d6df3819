/**
 * The last 64 KiB of what a launched command printed, as lines that are safe on a terminal. Its two streams come
 * through one pipe, so their order is kept.
 */
import { Socket } from 'node:net';
import { cleanText } from '../profile/clean-text.ts';

const keptBytes = 65536;
/** Small pieces are joined, so that a program that prints letter by letter does not make a long list. */
const pieceBytes = 8192;
const newline = 10;
const tabWidth = 8;
// CSI and OSC sequences, then what other escapes there are: ECMA-48, 5.3 to 5.6.
const escapes = /\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)?|\x1b[ -/]*[0-~]/g;

export interface OutputLines {
  /** Number of the first line kept, counted from the first one printed. */
  readonly first: number;
  readonly lines: readonly string[];
}

export class CommandOutput {
  readonly #listeners = new Set<() => void>();
  /** Bytes as they came: a flood is not decoded, only what is looked at. */
  readonly #pieces: Buffer[] = [];
  #bytes = 0;
  #droppedLines = 0;
  #known: OutputLines | undefined;

  append(bytes: Buffer): void {
    const last = this.#pieces.at(-1);
    if (last !== undefined && last.length + bytes.length <= pieceBytes) {
      this.#pieces[this.#pieces.length - 1] = Buffer.concat([last, bytes]);
    } else {
      this.#pieces.push(bytes);
    }
    this.#bytes += bytes.length;
    this.#drop();
    this.#known = undefined;
    for (const listener of this.#listeners) listener();
  }

  /** What is kept; the same object until something is added. */
  get lines(): OutputLines {
    this.#known ??= this.#read();
    return this.#known;
  }

  /** Calls back when something was added. Returns the way to stop. */
  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #drop(): void {
    for (
      let [first] = this.#pieces;
      first && this.#bytes - first.length >= keptBytes;
      [first] = this.#pieces
    ) {
      this.#droppedLines += countLines(first);
      this.#bytes -= first.length;
      this.#pieces.shift();
    }
  }

  #read(): OutputLines {
    const all = Buffer.concat(this.#pieces);
    const from = all.length - keptBytes;
    // From a whole line on, where there is one.
    const cut = from <= 0 ? 0 : all.indexOf(newline, from - 1) + 1 || from;
    // A character whose end is still in the pipe is left out: `stream`.
    const text = new TextDecoder().decode(all.subarray(cut), { stream: true });
    return { first: this.#droppedLines + countLines(all.subarray(0, cut)), lines: linesOf(text) };
  }
}

function countLines(bytes: Buffer): number {
  let count = 0;
  for (const byte of bytes) if (byte === newline) count++;
  return count;
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
