/**
 * A file that the target writes while it is read: how far it was read, and whether it is still the same one. It belongs
 * to somebody else: owner and type are checked. Kept open, so that it survives its path and its writer.
 */
import fs from 'node:fs';
import { type ByteSource, bufferBytes, fileBytes } from './byte-source.ts';
import { errnoName } from './kernel-symbols.ts';

/** What precedes the read position must not have changed, else the file was rewritten in place. */
const guardBytes = 64;

export interface FollowedFileOptions {
  readonly trustedUids: ReadonlySet<number>;
  readonly onRefused: (detail: string) => void;
  /** Another file, or written anew: nothing that was read of it holds any more. */
  readonly onStartOver: (readTo: number) => void;
}

/** Where to open it. */
export interface OpenAt {
  readonly path: string;
  /** `dev:ino`, where it is known which file it must be; a link to it (of /proc) is then followed. */
  readonly identity?: string | undefined;
}

export class FollowedFile {
  readonly #options: FollowedFileOptions;
  #fd = -1;
  #identity = '';
  #offset = 0;
  #guard: Buffer = Buffer.alloc(0);

  constructor(options: FollowedFileOptions) {
    this.#options = options;
  }

  get isOpen(): boolean {
    return this.#fd >= 0;
  }

  /** How far it was read. */
  get offset(): number {
    return this.#offset;
  }

  get source(): ByteSource {
    return this.#fd < 0 ? bufferBytes(Buffer.alloc(0)) : fileBytes(this.#fd);
  }

  /**
   * Opens the file when it appears or was replaced; keeps the old one when there is none any more.
   * @returns whether another file was opened
   */
  open({ path, identity }: OpenAt): boolean {
    let fd = -1;
    try {
      const seen = identity === undefined ? fs.lstatSync(path) : fs.statSync(path);
      if (identityOf(seen) === this.#identity) return false;
      const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = fs.constants;
      fd = fs.openSync(path, O_RDONLY | O_NONBLOCK | (identity === undefined ? O_NOFOLLOW : 0));
      const stat = fs.fstatSync(fd);
      const refusal = this.#refusal(stat, identity);
      if (refusal !== undefined) {
        this.#options.onRefused(refusal);
        fs.closeSync(fd);
        return false;
      }
      this.close();
      this.#fd = fd;
      this.#identity = identityOf(stat);
      this.startOver();
      return true;
    } catch (error) {
      if (fd >= 0) fs.closeSync(fd);
      const errno = errnoName(error);
      if (errno !== 'ENOENT' && errno !== 'ENOTDIR') this.#options.onRefused(errno);
      return false;
    }
  }

  /** @returns whether it was cut or rewritten since it was read last */
  startOverIfRewritten(source: ByteSource): boolean {
    const { length } = this.#guard;
    const continues =
      source.size >= this.#offset && source.read(this.#offset - length, length).equals(this.#guard);
    if (!continues) this.startOver();
    return !continues;
  }

  readTo(offset: number, source: ByteSource): void {
    this.#offset = offset;
    const length = Math.min(guardBytes, offset);
    this.#guard = Buffer.from(source.read(offset - length, length));
  }

  startOver(): void {
    this.#options.onStartOver(this.#offset);
    this.#offset = 0;
    this.#guard = Buffer.alloc(0);
  }

  /** When it was written last, by CLOCK_MONOTONIC; now, when that cannot be told. */
  writtenMs(nowMs: number): number {
    try {
      // Of some file systems a time is as old as the clock's tick.
      const ageMs = Date.now() - fs.fstatSync(this.#fd).mtimeMs - mtimeGranularityMs;
      return nowMs - Math.max(0, ageMs);
    } catch {
      return nowMs;
    }
  }

  close(): void {
    if (this.#fd >= 0) fs.closeSync(this.#fd);
    this.#fd = -1;
  }

  #refusal(stat: fs.Stats, identity: string | undefined): string | undefined {
    if (!stat.isFile()) return 'not a regular file';
    if (identity !== undefined && identityOf(stat) !== identity) return 'not the file that is mapped';
    return this.#options.trustedUids.has(stat.uid)
      ? undefined
      : `owned by uid ${stat.uid}, not by the target's user`;
  }
}

const mtimeGranularityMs = 20;

function identityOf({ dev, ino }: fs.Stats): string {
  return `${dev}:${ino}`;
}

/** CLOCK_MONOTONIC, the clock of samples and of jitdumps. */
export function monotonicMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}
