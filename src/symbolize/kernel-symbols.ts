/**
 * Kernel names over time: reads kallsyms when the first name is asked for, keeps what it gave, and looks again when
 * that may help. While addresses are hidden a look costs one page, so a `sysctl` in another terminal fills in the names
 * of a running tree.
 */
import fs from 'node:fs';
import { type KernelSymbol, type KernelTable, parseKallsyms, showsAnyAddress } from './kallsyms.ts';
import type { KernelSymbolsState } from './protocol.ts';

const headBytes = 4096;
const chunkBytes = 1 << 20;
/** Ten times the largest seen (5.4 MB, 122,000 lines): bounds what a wrong path can cost. */
const maxBytes = 64 << 20;

export function errnoName(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : 'EIO';
}

/** procfs files state no size, so they are read until they end. */
function readToEnd(fd: number, limit: number): Buffer {
  const chunks: Buffer[] = [];
  let total = 0;
  while (total < limit) {
    const chunk = Buffer.allocUnsafe(Math.min(chunkBytes, limit - total));
    let filled = 0;
    while (filled < chunk.length) {
      const count = fs.readSync(fd, chunk, filled, chunk.length - filled, null);
      if (count === 0) break;
      filled += count;
    }
    chunks.push(chunk.subarray(0, filled));
    total += filled;
    if (filled < chunk.length) break;
  }
  return Buffer.concat(chunks);
}

/**
 * The state alone, from the first page: what a choice of engine needs before any name is asked for.
 * Hidden addresses are all zero; one that is not means that the rest is worth reading.
 */
export function readKernelSymbolsState(path = '/proc/kallsyms'): KernelSymbolsState {
  let fd = -1;
  try {
    fd = fs.openSync(path, fs.constants.O_RDONLY | fs.constants.O_NONBLOCK);
    const head = readToEnd(fd, headBytes);
    if (showsAnyAddress(head)) return 'shown';
    return head.includes('\n') ? 'hidden' : 'missing';
  } catch (error) {
    return `refused:${errnoName(error)}`;
  } finally {
    if (fd >= 0) fs.closeSync(fd);
  }
}

export class KernelSymbols {
  state: KernelSymbolsState;
  readonly #path: string;
  #table: KernelTable | undefined;
  #isWanted = false;

  constructor(path: string) {
    this.#path = path;
    this.state = readKernelSymbolsState(path);
  }

  find(address: bigint): KernelSymbol | undefined {
    if (!this.#isWanted) {
      this.#isWanted = true;
      this.#read();
    }
    return this.#table?.find(address);
  }

  /**
   * Looks again.
   * @param hasNewUnresolved an address outside every range came since the last look: a new module or BPF program
   * @returns true when names may have changed
   */
  refresh(hasNewUnresolved: boolean): boolean {
    if (!this.#isWanted) {
      this.state = readKernelSymbolsState(this.#path);
      return false;
    }
    if (this.#table !== undefined) return hasNewUnresolved && this.#read();
    const stateBefore = this.state;
    return this.#read() || this.state !== stateBefore;
  }

  /** A table once read stays: hiding the addresses later does not make it untrue. */
  #read(): boolean {
    let fd = -1;
    try {
      fd = fs.openSync(this.#path, fs.constants.O_RDONLY | fs.constants.O_NONBLOCK);
      const head = readToEnd(fd, headBytes);
      const isWorthReading = head.length > 0 && showsAnyAddress(head);
      const text = isWorthReading ? Buffer.concat([head, readToEnd(fd, maxBytes)]) : head;
      return this.#adopt(text);
    } catch (error) {
      if (this.#table === undefined) this.state = `refused:${errnoName(error)}`;
      return false;
    } finally {
      if (fd >= 0) fs.closeSync(fd);
    }
  }

  #adopt(text: Buffer): boolean {
    const { state, table } = parseKallsyms(text);
    if (table === undefined) {
      if (this.#table === undefined) this.state = state;
      return false;
    }
    this.#table = table;
    this.state = 'shown';
    return true;
  }
}
