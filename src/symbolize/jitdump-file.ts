/**
 * Follows the target's jitdump as it grows: reads record headers only, and of a file that is large already a part at a
 * time. Names and lines are read from the open file when asked for. Whatever is wrong with the file, the records before
 * it keep their names only as long as what came later is known too: else code may have been replaced unseen.
 */
import type { ByteSource } from './byte-source.ts';
import type { CodeRange } from './code-index.ts';
import { FollowedFile, monotonicMs, type OpenAt } from './followed-file.ts';
import {
  type CodeName,
  codeNameOf,
  type FoundCode,
  forgottenWarning,
  GeneratedCode,
} from './generated-code.ts';
import { JitdumpLines } from './jitdump-lines.ts';
import {
  type JitdumpHeader,
  maxFixedBytes,
  minHeaderBytes,
  parseDebugCode,
  parseHeader,
  parseLoad,
  parseLoadName,
  parseMove,
  parseRecordHeader,
  type RecordHeader,
  recordHeaderBytes,
  recordKinds,
} from './jitdump-records.ts';
import type { SymbolWarning } from './protocol.ts';
import type { TargetProcess } from './target-process.ts';

const readBytes = 1 << 20;
/** Read at once at most, a tenth of a second's work; the rest at the next refresh. */
const mostReadBytes = 1 << 28;
const usualNameBytes = 512;
const maxNameBytes = 65536;
/** Code that moved is looked up by where its record is; of more moves than this the later ones have no name. */
const mostMoves = 65536;

export interface SourceLine {
  readonly file: string;
  readonly line: number;
}

export class JitdumpFile {
  readonly #ownPid: number;
  readonly #warn: (warning: SymbolWarning) => void;
  readonly #file: FollowedFile;
  readonly #code: GeneratedCode;
  readonly #lines = new JitdumpLines();
  #path = '';
  #header: JitdumpHeader | undefined;
  /** What follows cannot be read, so that nothing of it can be believed. */
  #isBroken = false;
  #isBehind = false;
  #damagedRecords = 0;
  /** By the record of the move: the one of the load, and how far the code came. */
  readonly #moves = new Map<number, { readonly load: number; readonly delta: number }>();
  #batch: CodeRange[] = [];

  constructor(target: TargetProcess, warn: (warning: SymbolWarning) => void) {
    this.#ownPid = target.ownPid;
    this.#warn = warn;
    this.#code = new GeneratedCode({ nameAt: (record) => this.#nameAt(record), bornMs: target.seenMs });
    this.#file = new FollowedFile({
      trustedUids: target.trustedUids,
      onRefused: (detail) => this.#refuse(detail),
      onStartOver: (readTo) => this.#startOver(readTo),
    });
  }

  get isOpen(): boolean {
    return this.#file.isOpen;
  }

  /** @param path as the target knows it: for messages */
  open(path: string, places: readonly OpenAt[]): boolean {
    this.#path = path;
    return places.some((place) => this.#file.open(place) || this.#file.isOpen);
  }

  /** @returns true when names may have changed. Never throws. */
  refresh(): boolean {
    if (!this.#file.isOpen) return false;
    const { source } = this.#file;
    const wasRewritten = this.#file.startOverIfRewritten(source);
    if (this.#isBroken) return wasRewritten;
    this.#header ??= this.#readHeader(source);
    if (this.#header === undefined) return wasRewritten;
    const wasBehind = this.#isBehind;
    return this.#readAppended(source, this.#header) || wasRewritten || wasBehind !== this.#isBehind;
  }

  /** Cheap, to see whether an answer changed. */
  idAt(address: number): number | undefined {
    return this.#canBelieve ? this.#code.idAt(address) : undefined;
  }

  /** @param sinceMs when the address was seen first */
  find(address: number, sinceMs: number): FoundCode | undefined {
    return this.#canBelieve ? this.#code.find(address, sinceMs) : undefined;
  }

  /** The line of the code that stands at an address. */
  lineAt(address: number): SourceLine | undefined {
    const range = this.#code.rangeAt(address);
    if (range === undefined || !this.#canBelieve) return undefined;
    const { load, delta } = this.#loadOf(range.line);
    return this.#lines.find(this.#file.source, load, address - delta);
  }

  close(): void {
    this.#file.close();
  }

  get #canBelieve(): boolean {
    return !this.#isBroken && !this.#isBehind;
  }

  #refuse(detail: string): void {
    this.#warn({ code: 'jitdump-refused', subject: this.#path, detail });
  }

  #startOver(readTo: number): void {
    this.#code.startOver(readTo);
    this.#lines.clear();
    this.#moves.clear();
    this.#header = undefined;
    this.#isBroken = false;
    this.#isBehind = false;
    this.#damagedRecords = 0;
  }

  #readHeader(source: ByteSource): JitdumpHeader | undefined {
    const header = parseHeader(source.read(0, minHeaderBytes));
    if (header === undefined) return undefined;
    if (!('refused' in header) && header.pid === this.#ownPid) {
      this.#file.readTo(header.totalBytes, source);
      return header;
    }
    this.#isBroken = true;
    // So that it is seen when another one is written in its place.
    this.#file.readTo(minHeaderBytes, source);
    this.#refuse('refused' in header ? header.refused : `of process ${header.pid}, not ${this.#ownPid}`);
    return undefined;
  }

  /** Takes whole records; the last one may still be in the writer's buffer. */
  #readAppended(source: ByteSource, header: JitdumpHeader): boolean {
    const before = this.#file.offset;
    const damagedBefore = this.#damagedRecords;
    const readMs = monotonicMs();
    let at = before;
    let windowAt = 0;
    let window: Buffer = Buffer.alloc(0);
    let bytesLeft = mostReadBytes;
    this.#isBehind = false;
    while (at + recordHeaderBytes <= source.size) {
      if (at + maxFixedBytes > windowAt + window.length && windowAt + window.length < source.size) {
        this.#isBehind = bytesLeft <= 0;
        if (this.#isBehind) break;
        windowAt = at;
        window = source.read(at, readBytes);
        bytesLeft -= window.length;
        // It was cut while it is read.
        if (window.length < recordHeaderBytes) break;
      }
      const record = parseRecordHeader(window, at - windowAt);
      if (record === undefined) {
        this.#breakOff(at);
        break;
      }
      if (at + record.totalBytes > source.size) break;
      this.#take(
        window,
        windowAt,
        at,
        record,
        header.hasTimes && record.timeMs <= readMs ? record.timeMs : readMs,
      );
      at += record.totalBytes;
    }
    this.#addBatch(readMs);
    this.#file.readTo(at, source);
    if (this.#damagedRecords > damagedBefore)
      this.#warnCorrupt(`${this.#damagedRecords} damaged records skipped`);
    return at > before || this.#isBroken;
  }

  #take(
    window: Buffer,
    windowAt: number,
    at: number,
    { kind, totalBytes }: RecordHeader,
    fromMs: number,
  ): void {
    const place = at - windowAt;
    if (kind === recordKinds.load) {
      const code = parseLoad(window, place, totalBytes);
      if (code === undefined) this.#damagedRecords++;
      else if (code.pid === this.#ownPid) {
        this.#batch.push({ start: code.start, end: code.end, line: at, fromMs });
        this.#lines.loaded(at, code);
      }
    } else if (kind === recordKinds.move) {
      this.#takeMove(window, place, at, totalBytes, fromMs);
    } else if (kind === recordKinds.debugInfo) {
      const address = parseDebugCode(window, place, totalBytes);
      if (address === undefined) this.#damagedRecords++;
      else this.#lines.described(address, { at, totalBytes });
    }
  }

  #takeMove(window: Buffer, place: number, at: number, totalBytes: number, fromMs: number): void {
    const code = parseMove(window, place, totalBytes);
    if (code === undefined) this.#damagedRecords++;
    if (code?.pid !== this.#ownPid) return;
    this.#addBatch(monotonicMs());
    const moved = this.#code.rangeAt(code.from);
    if (moved !== undefined && this.#moves.size < mostMoves) {
      const { load, delta } = this.#loadOf(moved.line);
      this.#moves.set(at, { load, delta: delta + code.start - code.from });
    }
    this.#batch.push({ start: code.start, end: code.end, line: at, fromMs });
  }

  #addBatch(readMs: number): void {
    if (!this.#code.add(this.#batch, readMs)) {
      this.#warn(forgottenWarning(this.#path));
      this.#lines.clear();
    }
    this.#batch = [];
  }

  /** What a record says that something was loaded by: itself, or the load that a move is of. */
  #loadOf(record: number): { readonly load: number; readonly delta: number } {
    return this.#moves.get(record) ?? { load: record, delta: 0 };
  }

  #nameAt(record: number): CodeName | undefined {
    const { load } = this.#loadOf(record);
    const { source } = this.#file;
    const header = source.read(load, recordHeaderBytes);
    const found = header.length < recordHeaderBytes ? undefined : parseRecordHeader(header, 0);
    // A move whose load is not known; or the file was rewritten since the last refresh.
    if (found?.kind !== recordKinds.load) return undefined;
    const name =
      parseLoadName(source.read(load, Math.min(usualNameBytes, found.totalBytes))) ??
      parseLoadName(source.read(load, Math.min(maxNameBytes, found.totalBytes)));
    return name === undefined ? undefined : codeNameOf(name, this.#lines.fileOf(source, load));
  }

  #breakOff(at: number): void {
    this.#isBroken = true;
    this.#warnCorrupt(`no record at byte ${at}: nothing more can be read of it`);
  }

  #warnCorrupt(detail: string): void {
    this.#warn({ code: 'jitdump-corrupt', subject: this.#path, detail });
  }
}
