/**
 * The text of /proc/kallsyms as a table: which kernel function covers an address. Bytes in, names out; it opens
 * nothing. Whether addresses are shown is decided by the text alone, never by sysctl values: a file that reads
 * fine may hold only zeros (kernel: kallsyms_show_value).
 */
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
const hexDigits = 16;

/** Kernel addresses lie in the upper half: as negative numbers near zero they are exact in a double. */
function toSigned(high: number, low: number): number {
  return (high >= 2 ** 31 ? high - 2 ** 32 : high) * 2 ** 32 + low;
}

function hexValue(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const lower = byte | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1;
}

interface Line {
  /** Signed address; NaN when the line is damaged. */
  address: number;
  type: number;
  nameStart: number;
  nameEnd: number;
  lineEnd: number;
}

/** Reads `ffffffff81000000 T name\t[module]` at `from` into `line`, which is reused: there are 120,000 of them. */
function readLine(text: Buffer, from: number, line: Line): void {
  const found = text.indexOf(newline, from);
  line.lineEnd = found < 0 ? text.length : found;
  line.address = Number.NaN;
  let high = 0;
  let low = 0;
  let at = from;
  for (; at < line.lineEnd; at++) {
    const digit = hexValue(text[at] as number);
    if (digit < 0) break;
    high = (high % 2 ** 28) * 16 + Math.floor(low / 2 ** 28);
    low = (low % 2 ** 28) * 16 + digit;
  }
  const isWhole = at > from && at - from <= hexDigits && at + 4 <= line.lineEnd && text[at] === 0x20;
  if (!isWhole || text[at + 2] !== 0x20) return;
  line.type = text[at + 1] as number;
  line.nameStart = at + 3;
  const tab = text.subarray(line.nameStart, line.lineEnd).indexOf(0x09);
  line.nameEnd = tab < 0 ? line.lineEnd : line.nameStart + tab;
  line.address = toSigned(high, low);
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

/** Where core text begins and ends, as far as the text says so. */
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

interface Entry {
  readonly address: number;
  readonly isGlobal: boolean;
  readonly nameStart: number;
  readonly nameEnd: number;
  readonly module: number;
}

interface ParsedText {
  readonly entries: readonly Entry[];
  readonly modules: readonly string[];
  readonly ranges: CoreRanges;
  readonly state: KallsymsText;
}

const core = 0;

function moduleName(text: Buffer, line: Line): string {
  return text
    .toString('utf8', line.nameEnd, line.lineEnd)
    .trim()
    .replace(/^\[|\]$/g, '');
}

function parseLines(text: Buffer): ParsedText {
  const entries: Entry[] = [];
  const modules = ['kernel'];
  const moduleIds = new Map<string, number>();
  const ranges = { textStart: Number.NaN, textEnd: Number.NaN, initStart: Number.NaN, initEnd: Number.NaN };
  const line = newLine();
  let lines = 0;
  for (let at = 0; at < text.length; at = line.lineEnd + 1) {
    readLine(text, at, line);
    if (Number.isNaN(line.address)) continue;
    lines++;
    const { address, type, nameStart, nameEnd } = line;
    let module = core;
    if (nameEnd < line.lineEnd) {
      const name = moduleName(text, line);
      module = moduleIds.get(name) ?? modules.push(name) - 1;
      moduleIds.set(name, module);
    }
    // Only these five boundary names begin with _s, _t, _e and the like; asking each name for its string is dear.
    if (module === core && text[nameStart] === 0x5f && nameEnd - nameStart <= 10) {
      noteBoundary(ranges, text.toString('latin1', nameStart, nameEnd), address);
    }
    if (isText(type) && address !== 0) {
      entries.push({ address, isGlobal: type === 0x54 || type === 0x57, nameStart, nameEnd, module });
    }
  }
  return { entries, modules, ranges, state: stateOf(lines, ranges.textStart, entries.length) };
}

/** `_stext` decides; a text without it (not seen on any kernel) is shown if any function has an address. */
function stateOf(lines: number, textStart: number, functions: number): KallsymsText {
  if (lines === 0) return 'missing';
  if (!Number.isNaN(textStart)) return textStart === 0 ? 'hidden' : 'shown';
  return functions > 0 ? 'shown' : 'hidden';
}

function betterOf(text: Buffer, a: Entry, b: Entry): Entry {
  const asSymbol = (entry: Entry) => ({
    name: text.toString('utf8', entry.nameStart, entry.nameEnd),
    isFunction: true,
    hasSize: false,
    isGlobal: entry.isGlobal,
  });
  return compareAliases(asSymbol(a), asSymbol(b)) <= 0 ? a : b;
}

/** One entry per address, ascending. */
function withoutAliases(text: Buffer, entries: readonly Entry[]): Entry[] {
  const sorted = [...entries].sort((a, b) => a.address - b.address);
  const unique: Entry[] = [];
  for (const entry of sorted) {
    const last = unique.at(-1);
    if (last === undefined || last.address !== entry.address) unique.push(entry);
    else unique[unique.length - 1] = betterOf(text, last, entry);
  }
  return unique;
}

/** A symbol ends at the next one; at the end of its range when none follows there. */
function endOf(ranges: CoreRanges, entry: Entry, next: Entry | undefined): number {
  const limit = entry.module === core ? coreEnd(ranges, entry.address) : entry.address + maxOpenEndedBytes;
  return Math.min(next?.address ?? Number.POSITIVE_INFINITY, limit);
}

function tableOf(text: Buffer, parsed: ParsedText): KernelTable {
  const entries = withoutAliases(text, parsed.entries);
  const starts = Float64Array.from(entries, (entry) => entry.address);
  const ends = Float64Array.from(entries, (entry, i) => endOf(parsed.ranges, entry, entries[i + 1]));
  return {
    length: entries.length,
    find(address) {
      const signed = Number(BigInt.asIntN(64, address));
      let low = 0;
      let high = starts.length;
      while (low < high) {
        const middle = (low + high) >>> 1;
        if ((starts[middle] as number) <= signed) low = middle + 1;
        else high = middle;
      }
      const entry = entries[low - 1];
      if (entry === undefined || signed >= (ends[low - 1] as number)) return undefined;
      const name = text.toString('utf8', entry.nameStart, entry.nameEnd);
      return { name, module: parsed.modules[entry.module] ?? '' };
    },
  };
}

/**
 * @param text the whole of kallsyms, any order of lines; damaged lines are skipped
 * @returns the table only when addresses are shown
 */
export function parseKallsyms(text: Buffer): { readonly state: KallsymsText; readonly table?: KernelTable } {
  const parsed = parseLines(text);
  return parsed.state === 'shown'
    ? { state: 'shown', table: tableOf(text, parsed) }
    : { state: parsed.state };
}
