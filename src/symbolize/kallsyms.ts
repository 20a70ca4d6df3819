/**
 * The text of /proc/kallsyms as a table: which kernel function covers an address. Bytes in, names out; it opens
 * nothing. Whether addresses are shown is decided by the text alone, never by sysctl values: a file that reads
 * fine may hold only zeros (kernel: kallsyms_show_value).
 */
import { lastAtOrBelow } from './sorted-search.ts';
import { compareAliases } from './symbol-choice.ts';

export interface KernelSymbol {
  readonly name: string;
  /** `kernel` for core text, `bpf` for BPF programs, else the module's name. */
  readonly module: string;
}

export interface KernelTable {
  readonly length: number;
  find(address: bigint): KernelSymbol | undefined;
}

export type KallsymsText = 'shown' | 'hidden' | 'missing';

/**
 * kallsyms carries no sizes. The last symbol of a module or BPF program has no next one to end it, so it may reach
 * this far and no further: an address beyond is unresolved, never "the last symbol + 40 MB".
 */
const maxOpenEndedBytes = 65536;
const newline = 0x0a;
const tab = 0x09;
const hexDigits = 16;

/** Value of a hexadecimal digit by its byte; 255 for all others. */
const hexValues = new Uint8Array(256).fill(255);
for (let digit = 0; digit < 16; digit++) {
  hexValues[digit.toString(16).charCodeAt(0)] = digit;
  hexValues[digit.toString(16).toUpperCase().charCodeAt(0)] = digit;
}

interface Line {
  /** As a signed number: kernel addresses lie in the upper half, and near zero a double is exact. NaN = damaged. */
  address: number;
  type: number;
  nameStart: number;
  nameEnd: number;
  lineEnd: number;
}

/** Reads `ffffffff81000000 T name\t[module]` at `from` into `line`, which is reused: there are 120,000 of them. */
function readLine(text: Buffer, from: number, line: Line): void {
  let at = from;
  let high = 0;
  let low = 0;
  for (; at < text.length; at++) {
    const digit = hexValues[text[at] as number] as number;
    if (digit === 255) break;
    high = (high << 4) | (low >>> 28);
    low = (low << 4) | digit;
  }
  const isWhole = at > from && at - from <= hexDigits && text[at] === 0x20 && text[at + 2] === 0x20;
  line.type = text[at + 1] ?? 0;
  line.nameStart = at + 3;
  line.nameEnd = 0;
  for (at = isWhole ? line.nameStart : at; at < text.length && text[at] !== newline; at++) {
    if (text[at] === tab && line.nameEnd === 0) line.nameEnd = at;
  }
  line.lineEnd = at;
  line.nameEnd ||= at;
  line.address = isWhole && line.nameEnd > line.nameStart ? high * 2 ** 32 + (low >>> 0) : Number.NaN;
}

function newLine(): Line {
  return { address: Number.NaN, type: 0, nameStart: 0, nameEnd: 0, lineEnd: 0 };
}

function isText(type: number): boolean {
  return type === 0x74 || type === 0x54 || type === 0x77 || type === 0x57;
}

/** True when the first lines hold an address: cheap sign that the whole file is worth reading. */
export function showsAnyAddress(text: Buffer): boolean {
  const line = newLine();
  for (let at = 0; at < text.length; at = line.lineEnd + 1) {
    readLine(text, at, line);
    if (!Number.isNaN(line.address) && line.address !== 0) return true;
  }
  return false;
}

/** Where core text begins and ends, as far as the text says so; NaN = not listed. */
interface CoreRanges {
  textStart: number;
  textEnd: number;
  initStart: number;
  initEnd: number;
}

function noteBoundary(ranges: CoreRanges, name: string, address: number): void {
  if (name === '_stext' || (name === '_text' && Number.isNaN(ranges.textStart))) ranges.textStart = address;
  else if (name === '_etext') ranges.textEnd = address;
  else if (name === '_sinittext') ranges.initStart = address;
  else if (name === '_einittext') ranges.initEnd = address;
}

/** End of the core range that holds the address; the address itself when it is in none. */
function coreEnd(ranges: CoreRanges, address: number): number {
  const { textStart, textEnd, initStart, initEnd } = ranges;
  if (address >= textStart && address < textEnd) return textEnd;
  if (address >= initStart && address < initEnd) return initEnd;
  // A kernel that lists no end: bounded like a module.
  return Number.isNaN(textEnd) ? address + maxOpenEndedBytes : address;
}

const core = 0;
const longestBoundaryName = '_einittext'.length;

/** Functions in the order of the text, as columns. */
class FunctionRows {
  length = 0;
  readonly modules: string[] = ['kernel'];
  readonly ranges: CoreRanges = {
    textStart: Number.NaN,
    textEnd: Number.NaN,
    initStart: Number.NaN,
    initEnd: Number.NaN,
  };
  lines = 0;
  readonly text: Buffer;
  readonly address: Float64Array;
  readonly isGlobal: Uint8Array;
  readonly nameStart: Uint32Array;
  readonly nameEnd: Uint32Array;
  readonly module: Uint16Array;
  readonly #moduleIds = new Map<string, number>();

  constructor(text: Buffer) {
    this.text = text;
    // The shortest whole line has an address, a type, a name of one letter and a newline.
    const capacity = Math.ceil(text.length / 6);
    this.address = new Float64Array(capacity);
    this.isGlobal = new Uint8Array(capacity);
    this.nameStart = new Uint32Array(capacity);
    this.nameEnd = new Uint32Array(capacity);
    this.module = new Uint16Array(capacity);
    const line = newLine();
    for (let at = 0; at < text.length; at = line.lineEnd + 1) {
      readLine(text, at, line);
      if (!Number.isNaN(line.address)) this.#take(line);
    }
  }

  nameOf(row: number): string {
    return this.text.toString('utf8', this.nameStart[row], this.nameEnd[row]);
  }

  #take(line: Line): void {
    const { address, type, nameStart, nameEnd } = line;
    this.lines++;
    const module = nameEnd < line.lineEnd ? this.#moduleId(line) : core;
    // Asking each of 120,000 names for its string is dear; only these can be a boundary.
    if (module === core && this.text[nameStart] === 0x5f && nameEnd - nameStart <= longestBoundaryName) {
      noteBoundary(this.ranges, this.text.toString('latin1', nameStart, nameEnd), address);
    }
    if (!isText(type) || address === 0) return;
    const row = this.length++;
    this.address[row] = address;
    this.isGlobal[row] = Number(type === 0x54 || type === 0x57);
    this.nameStart[row] = nameStart;
    this.nameEnd[row] = nameEnd;
    this.module[row] = module;
  }

  #moduleId(line: Line): number {
    const name = this.text
      .toString('utf8', line.nameEnd, line.lineEnd)
      .trim()
      .replace(/^\[|\]$/g, '');
    const known = this.#moduleIds.get(name);
    if (known !== undefined) return known;
    const id = Math.min(this.modules.length, 0xffff);
    this.modules[id] = name;
    this.#moduleIds.set(name, id);
    return id;
  }
}

/** `_stext` decides; a text without it (not seen on any kernel) is shown if any function has an address. */
function stateOf(rows: FunctionRows): KallsymsText {
  if (rows.lines === 0) return 'missing';
  const { textStart } = rows.ranges;
  if (!Number.isNaN(textStart)) return textStart === 0 ? 'hidden' : 'shown';
  return rows.length > 0 ? 'shown' : 'hidden';
}

function isBetter(rows: FunctionRows, a: number, b: number): boolean {
  const describe = (row: number) => ({
    name: rows.nameOf(row),
    isFunction: true,
    hasSize: false,
    isGlobal: rows.isGlobal[row] === 1,
  });
  return compareAliases(describe(a), describe(b)) < 0;
}

/** Row numbers by address. Without modules the text is in this order, and a sort costs as much as all the rest. */
function rowsByAddress({ address, length }: FunctionRows): Uint32Array {
  const order = new Uint32Array(length);
  let isSorted = true;
  for (let row = 1; row < length; row++) {
    order[row] = row;
    isSorted &&= (address[row - 1] as number) <= (address[row] as number);
  }
  return isSorted ? order : order.sort((a, b) => (address[a] as number) - (address[b] as number) || a - b);
}

/** The same, one per address: of those that share one the best. */
function uniqueRows(rows: FunctionRows): Uint32Array {
  const { address } = rows;
  const unique = rowsByAddress(rows);
  let count = 0;
  for (const row of unique) {
    const last = unique[count - 1];
    if (last === undefined || address[last] !== address[row]) unique[count++] = row;
    else if (isBetter(rows, row, last)) unique[count - 1] = row;
  }
  return unique.subarray(0, count);
}

/** A symbol ends at the next one; at the end of its range when none follows there. */
function endOf(rows: FunctionRows, row: number, next: number | undefined): number {
  const start = rows.address[row] as number;
  const limit = rows.module[row] === core ? coreEnd(rows.ranges, start) : start + maxOpenEndedBytes;
  return next === undefined ? limit : Math.min(rows.address[next] as number, limit);
}

/** Keeps the text for its names and three numbers per function. */
function tableOf(rows: FunctionRows): KernelTable {
  const order = uniqueRows(rows);
  const starts = new Float64Array(order.length);
  const ends = new Float64Array(order.length);
  const nameStarts = new Uint32Array(order.length);
  const nameEnds = new Uint32Array(order.length);
  const moduleIds = new Uint16Array(order.length);
  for (let i = 0; i < order.length; i++) {
    const row = order[i] as number;
    starts[i] = rows.address[row] as number;
    ends[i] = endOf(rows, row, order[i + 1]);
    nameStarts[i] = rows.nameStart[row] as number;
    nameEnds[i] = rows.nameEnd[row] as number;
    moduleIds[i] = rows.module[row] as number;
  }
  const { text, modules } = rows;
  return {
    length: order.length,
    find(address) {
      const signed = Number(BigInt.asIntN(64, address));
      const i = lastAtOrBelow(starts, starts.length, signed);
      if (i < 0 || signed >= (ends[i] as number)) return undefined;
      const name = text.toString('utf8', nameStarts[i], nameEnds[i]);
      return { name, module: modules[moduleIds[i] as number] ?? '' };
    },
  };
}

/**
 * @param text the whole of kallsyms, any order of lines; damaged lines are skipped
 * @returns the table only when addresses are shown
 */
export function parseKallsyms(text: Buffer): { readonly state: KallsymsText; readonly table?: KernelTable } {
  const rows = new FunctionRows(text);
  const state = stateOf(rows);
  return state === 'shown' ? { state, table: tableOf(rows) } : { state };
}
