/**
 * Follows the target's perf map as it grows: reads appended bytes only, starts over when the file was replaced, cut
 * or rewritten. Names are read from the open file when asked for, so a map of a million lines costs addresses only.
 * Each line may be damaged.
 */
import type { ByteSource } from './byte-source.ts';
import type { CodeRange } from './code-index.ts';
import { FollowedFile, monotonicMs } from './followed-file.ts';
import {
  type CodeName,
  codeNameOf,
  type FoundCode,
  forgottenWarning,
  GeneratedCode,
} from './generated-code.ts';
import { parsePerfMapLine } from './perf-map.ts';
import type { SymbolWarning } from './protocol.ts';
import type { TargetProcess } from './target-process.ts';

const readBytes = 1 << 20;
/** Longer lines are no names (CPython and V8 stay under 4 KiB). */
const maxLineBytes = 65536;
const usualLineBytes = 512;
const newline = 0x0a;

export class PerfMapFile {
  /** As the target knows it: for messages. */
  readonly path: string;
  readonly #openPath: string;
  readonly #file: FollowedFile;
  readonly #code: GeneratedCode;
  readonly #warn: (warning: SymbolWarning) => void;
  #damagedLines = 0;

  constructor(target: TargetProcess, warn: (warning: SymbolWarning) => void) {
    this.path = `/tmp/perf-${target.ownPid}.map`;
    this.#openPath = `${target.rootPath}${this.path}`;
    this.#warn = warn;
    this.#code = new GeneratedCode({ nameAt: (line) => this.#nameAt(line), bornMs: target.seenMs });
    this.#file = new FollowedFile({
      trustedUids: target.trustedUids,
      onRefused: (detail) => warn({ code: 'perf-map-refused', subject: this.path, detail }),
      onStartOver: (readTo) => {
        this.#code.startOver(readTo);
        this.#damagedLines = 0;
      },
    });
  }

  /** @returns true when names may have changed. Never throws. */
  refresh(): boolean {
    const wasReopened = this.#file.open({ path: this.#openPath });
    if (!this.#file.isOpen) return wasReopened;
    const { source } = this.#file;
    const wasRewritten = this.#file.startOverIfRewritten(source);
    const hasGrown = source.size > this.#file.offset && this.#readAppended(source);
    return hasGrown || wasRewritten || wasReopened;
  }

  /** Cheap, to see whether an answer changed. */
  idAt(address: number): number | undefined {
    return this.#code.idAt(address);
  }

  /** @param sinceMs when the address was seen first */
  find(address: number, sinceMs: number): FoundCode | undefined {
    const found = this.#code.find(address, sinceMs);
    if (found?.name === undefined) return found;
    // The file may have been rewritten since the last refresh: then there is no name until the next one.
    const line = parsePerfMapLine(this.#lineAt(this.#code.rangeAt(address)?.line ?? 0));
    return line !== undefined && line.start <= address && address < line.end ? found : undefined;
  }

  close(): void {
    this.#file.close();
  }

  #nameAt(offset: number): CodeName | undefined {
    const name = parsePerfMapLine(this.#lineAt(offset))?.name;
    return name === undefined ? undefined : codeNameOf(name);
  }

  #lineAt(offset: number): string {
    const { source } = this.#file;
    let bytes = source.read(offset, usualLineBytes);
    if (!bytes.includes(newline)) bytes = source.read(offset, maxLineBytes);
    const end = bytes.indexOf(newline);
    return bytes.toString('utf8', 0, end < 0 ? bytes.length : end);
  }

  /** Takes whole lines; the last one may still be in the writer's buffer. */
  #readAppended(source: ByteSource): boolean {
    const batch: CodeRange[] = [];
    const before = this.#file.offset;
    const damagedBefore = this.#damagedLines;
    const readMs = monotonicMs();
    const writtenMs = this.#file.writtenMs(readMs);
    let at = before;
    for (;;) {
      const bytes = source.read(at, readBytes);
      const end = bytes.lastIndexOf(newline);
      if (end < 0) {
        // A line longer than the whole window never ends: step over it.
        if (bytes.length < readBytes) break;
        at += bytes.length;
        this.#damagedLines++;
        continue;
      }
      this.#takeLines(bytes.subarray(0, end + 1), at, writtenMs, batch);
      at += end + 1;
    }
    if (!this.#code.add(batch, readMs)) this.#warn(forgottenWarning(this.path));
    this.#file.readTo(at, source);
    if (this.#damagedLines > damagedBefore) this.#warnDamaged();
    return at > before;
  }

  #takeLines(bytes: Buffer, offset: number, writtenMs: number, batch: CodeRange[]): void {
    for (let at = 0; at < bytes.length; ) {
      const end = bytes.indexOf(newline, at);
      // Start and size are plain ASCII; the name is decoded only when it is asked for.
      const line = end - at > maxLineBytes ? undefined : parsePerfMapLine(bytes.toString('latin1', at, end));
      if (line !== undefined)
        batch.push({ start: line.start, end: line.end, line: offset + at, fromMs: writtenMs });
      else if (end > at) this.#damagedLines++;
      at = end + 1;
    }
  }

  #warnDamaged(): void {
    const detail = `${this.#damagedLines} damaged lines skipped`;
    this.#warn({ code: 'perf-map-corrupt', subject: this.path, detail });
  }
}
