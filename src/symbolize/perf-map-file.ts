/**
 * Follows the target's perf map as it grows: reads appended bytes only, starts over when the file was replaced, cut
 * or rewritten. Names are read from the open file when asked for, so a map of a million lines costs addresses only.
 * The file belongs to somebody else: owner and type are checked, each line may be damaged.
 */
import fs from 'node:fs';
import { type ByteSource, fileBytes } from './byte-source.ts';
import { errnoName } from './kernel-symbols.ts';
import { type MappedRange, PerfMapIndex, parsePerfMapLine } from './perf-map.ts';
import type { SymbolWarning } from './protocol.ts';
import type { TargetProcess } from './target-process.ts';

const readBytes = 1 << 20;
/** Longer lines are no names (CPython and V8 stay under 4 KiB). */
const maxLineBytes = 65536;
const usualLineBytes = 512;
/** What precedes the read position must not have changed, else the file was rewritten in place. */
const guardBytes = 64;
const newline = 0x0a;

export interface JitName {
  readonly name: string;
  /** Differs when another line names the address, in this file or in the one that replaced it. */
  readonly lineId: number;
}

export class PerfMapFile {
  /** As the target knows it: for messages. */
  readonly path: string;
  readonly #openPath: string;
  readonly #trustedUids: ReadonlySet<number>;
  readonly #warn: (warning: SymbolWarning) => void;
  #fd = -1;
  #inode = '';
  #index = new PerfMapIndex();
  #offset = 0;
  #firstLineId = 0;
  #guard: Buffer = Buffer.alloc(0);
  #damagedLines = 0;

  constructor(target: TargetProcess, warn: (warning: SymbolWarning) => void) {
    this.path = `/tmp/perf-${target.ownPid}.map`;
    this.#openPath = `${target.rootPath}${this.path}`;
    this.#trustedUids = target.trustedUids;
    this.#warn = warn;
  }

  /** @returns true when names may have changed. Never throws. */
  refresh(): boolean {
    const wasReopened = this.#followPath();
    if (this.#fd < 0) return wasReopened;
    const source = fileBytes(this.#fd);
    const wasRewritten = !this.#continuesWhereItWas(source);
    if (wasRewritten) this.#startOver();
    const hasGrown = source.size > this.#offset && this.#readAppended(source);
    return hasGrown || wasRewritten || wasReopened;
  }

  /** Which line names the address now: cheap, to see whether a name changed. */
  lineIdAt(address: number): number | undefined {
    const range = this.#index.find(address);
    return range === undefined ? undefined : this.#firstLineId + range.line;
  }

  find(address: number): JitName | undefined {
    const range = this.#index.find(address);
    if (range === undefined) return undefined;
    const line = parsePerfMapLine(this.#lineAt(range.line));
    // The file may have been rewritten since the last refresh: then there is no name until the next one.
    return line !== undefined && line.start <= address && address < line.end
      ? { name: line.name, lineId: this.#firstLineId + range.line }
      : undefined;
  }

  #lineAt(offset: number): string {
    const source = fileBytes(this.#fd);
    let bytes = source.read(offset, usualLineBytes);
    if (!bytes.includes(newline)) bytes = source.read(offset, maxLineBytes);
    const end = bytes.indexOf(newline);
    return bytes.toString('utf8', 0, end < 0 ? bytes.length : end);
  }

  close(): void {
    if (this.#fd >= 0) fs.closeSync(this.#fd);
    this.#fd = -1;
  }

  /** Opens the file when it appears or was replaced; keeps the old one when the target and its root are gone. */
  #followPath(): boolean {
    let fd = -1;
    try {
      const seen = fs.lstatSync(this.#openPath);
      if (`${seen.dev}:${seen.ino}` === this.#inode) return false;
      const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = fs.constants;
      fd = fs.openSync(this.#openPath, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
      const stat = fs.fstatSync(fd);
      const refusal = this.#refusal(stat);
      if (refusal !== undefined) {
        this.#refuse(refusal);
        fs.closeSync(fd);
        return false;
      }
      this.close();
      this.#fd = fd;
      this.#inode = `${stat.dev}:${stat.ino}`;
      this.#startOver();
      return true;
    } catch (error) {
      if (fd >= 0) fs.closeSync(fd);
      const errno = errnoName(error);
      if (errno !== 'ENOENT' && errno !== 'ENOTDIR') this.#refuse(errno);
      return false;
    }
  }

  #refusal(stat: fs.Stats): string | undefined {
    if (!stat.isFile()) return 'not a regular file';
    return this.#trustedUids.has(stat.uid) ? undefined : `owned by uid ${stat.uid}, not by the target's user`;
  }

  #refuse(detail: string): void {
    this.#warn({ code: 'perf-map-refused', subject: this.path, detail });
  }

  #continuesWhereItWas(source: ByteSource): boolean {
    if (source.size < this.#offset) return false;
    return source.read(this.#offset - this.#guard.length, this.#guard.length).equals(this.#guard);
  }

  #startOver(): void {
    this.#index = new PerfMapIndex();
    this.#firstLineId += this.#offset;
    this.#offset = 0;
    this.#guard = Buffer.alloc(0);
    this.#damagedLines = 0;
  }

  /** Takes whole lines; the last one may still be in the writer's buffer. */
  #readAppended(source: ByteSource): boolean {
    const batch: MappedRange[] = [];
    const before = this.#offset;
    const damagedBefore = this.#damagedLines;
    for (;;) {
      const bytes = source.read(this.#offset, readBytes);
      const end = bytes.lastIndexOf(newline);
      if (end < 0) {
        // A line longer than the whole window never ends: step over it.
        if (bytes.length < readBytes) break;
        this.#offset += bytes.length;
        this.#damagedLines++;
        continue;
      }
      this.#takeLines(bytes.subarray(0, end + 1), batch);
      this.#offset += end + 1;
    }
    this.#index.add(batch);
    const guardLength = Math.min(guardBytes, this.#offset);
    this.#guard = Buffer.from(source.read(this.#offset - guardLength, guardLength));
    if (this.#damagedLines > damagedBefore) this.#warnDamaged();
    return this.#offset > before;
  }

  #takeLines(bytes: Buffer, batch: MappedRange[]): void {
    for (let at = 0; at < bytes.length; ) {
      const end = bytes.indexOf(newline, at);
      // Start and size are plain ASCII; the name is decoded only when it is asked for.
      const line = end - at > maxLineBytes ? undefined : parsePerfMapLine(bytes.toString('latin1', at, end));
      if (line !== undefined) batch.push({ start: line.start, end: line.end, line: this.#offset + at });
      else if (end > at) this.#damagedLines++;
      at = end + 1;
    }
  }

  #warnDamaged(): void {
    const detail = `${this.#damagedLines} damaged lines skipped`;
    this.#warn({ code: 'perf-map-corrupt', subject: this.path, detail });
  }
}
