/**
 * Which code stood at an address while it was sampled. A frame keeps its address and not its times, so its name is
 * what all code was called that stood there from its first sample on; where that is more than one function there is no
 * name, rather than a wrong one.
 */
import type { Origin } from '../profile/frames.ts';
import { CodeIndex, type CodeRange } from './code-index.ts';
import type { SymbolWarning } from './protocol.ts';
import { parseV8Name } from './v8-name.ts';

/** A function as a perf map or a jitdump names it; with a runtime, as its user wrote it. */
export interface CodeName extends Origin {
  readonly name: string;
}

/** @param script where there is a line table that says it */
export function codeNameOf(text: string, script?: string): CodeName {
  return parseV8Name(text) ?? { name: text, script };
}

export interface FoundCode {
  /** Differs when other code stands there, or the file was written anew. */
  readonly id: number;
  /** Undefined: more than one function stood there in that time, or its name cannot be read. */
  readonly name: CodeName | undefined;
}

/** Of code that other code took the place of. */
interface Replaced {
  readonly start: number;
  readonly end: number;
  readonly line: number;
  readonly untilMs: number;
}

/** What one reading of the file replaced. */
interface ReplacedBatch {
  readonly readMs: number;
  readonly pieces: readonly Replaced[];
}

/** At most so much of what was replaced is remembered, some 12 MB. */
const mostReplaced = 1 << 18;
/** More code than this is begun anew with: its ranges would take some 100 MB. */
const mostRanges = 1 << 19;

export interface GeneratedCodeOptions {
  /** The name that stands at a place of the file. */
  readonly nameAt: (line: number) => CodeName | undefined;
  /** Nothing that was replaced before is asked for. */
  readonly bornMs: number;
}

export class GeneratedCode {
  readonly #options: GeneratedCodeOptions;
  #index = new CodeIndex();
  /** One entry per batch, in the order of time. */
  #replaced: ReplacedBatch[] = [];
  #replacedPieces = 0;
  #forgottenMs: number;
  #firstId = 0;

  constructor(options: GeneratedCodeOptions) {
    this.#options = options;
    this.#forgottenMs = options.bornMs;
  }

  /**
   * @param batch in the order of the file
   * @param readMs when it was read
   * @returns false when there was too much: what was known before is forgotten
   */
  add(batch: readonly CodeRange[], readMs: number): boolean {
    const pieces: Replaced[] = [];
    this.#index.add(batch, (start, end, older, newer) => {
      if (newer.fromMs >= this.#options.bornMs)
        pieces.push({ start, end, line: older.line, untilMs: newer.fromMs });
    });
    if (pieces.length > 0) this.#remember(pieces, readMs);
    if (this.#index.length <= mostRanges) return true;
    this.#index = new CodeIndex();
    return false;
  }

  /** The file is another one, or was written anew. @param readTo how far the old one had been read */
  startOver(readTo: number): void {
    this.#firstId += readTo;
    this.#index = new CodeIndex();
    this.#replaced = [];
    this.#replacedPieces = 0;
  }

  /** The code that stands there now. */
  rangeAt(address: number): CodeRange | undefined {
    return this.#index.find(address);
  }

  /** Cheap, to see whether an answer changed. */
  idAt(address: number): number | undefined {
    const range = this.#index.find(address);
    return range === undefined ? undefined : this.#firstId + range.line;
  }

  /** @param sinceMs nobody was seen at the address before */
  find(address: number, sinceMs: number): FoundCode | undefined {
    const range = this.#index.find(address);
    if (range === undefined) return undefined;
    const name = this.#options.nameAt(range.line);
    const id = this.#firstId + range.line;
    return { id, name: name && this.#stoodAlone(name, address, sinceMs) ? name : undefined };
  }

  #stoodAlone(name: CodeName, address: number, sinceMs: number): boolean {
    if (sinceMs <= this.#forgottenMs) return false;
    for (let i = this.#replaced.length - 1; i >= 0; i--) {
      const { readMs, pieces } = this.#replaced[i] as ReplacedBatch;
      if (readMs < sinceMs) break;
      for (const { start, end, line, untilMs } of pieces) {
        if (untilMs < sinceMs || address < start || address >= end) continue;
        if (!isSameFunction(this.#options.nameAt(line), name)) return false;
      }
    }
    return true;
  }

  #remember(pieces: Replaced[], readMs: number): void {
    this.#replaced.push({ readMs, pieces });
    this.#replacedPieces += pieces.length;
    while (this.#replacedPieces > mostReplaced) {
      const oldest = this.#replaced.shift();
      if (oldest === undefined) break;
      this.#replacedPieces -= oldest.pieces.length;
      this.#forgottenMs = oldest.readMs;
    }
  }
}

/** What to say when `add` has forgotten. @param subject the file */
export function forgottenWarning(subject: string): SymbolWarning {
  const detail = 'more code than is kept track of: what stood there first is forgotten';
  return { code: 'code-forgotten', subject, detail };
}

/** Code of one function that was compiled again is no other function. */
export function isSameFunction(a: CodeName | undefined, b: CodeName): boolean {
  return a !== undefined && a.name === b.name && a.script === b.script && a.line === b.line;
}
