/** From hot addresses to the lines of a listing. Pure: what is read from files comes in as functions and values. */
import type { HotAddress } from '../profile/hot-addresses.ts';
import { runtimePlaceOf } from '../profile/runtime-place.ts';
import type { Instruction, LinePlace } from '../symbolize/line-tools.ts';
import type { SourceReader } from './source-text.ts';

export interface ListingLine {
  /** A line number or an address; '' for a gap between lines. */
  readonly label: string;
  readonly text: string;
  readonly selfNs: number;
  readonly totalNs: number;
}

export interface ListingBlock {
  /** A file, and the inlined function whose lines these are. */
  readonly title: string;
  readonly lines: readonly ListingLine[];
}

/** Lines shown around a hot one. */
const contextLines = 3;
/** Bytes shown around a hot address where the function's own bounds are not known. */
const contextBytes = 64n;
/** More than this of one function is not read at once. */
const mostBytes = 16384n;

/** Of x86-64. */
const longestInstruction = 15n;

interface Weight {
  readonly selfNs: number;
  readonly totalNs: number;
}

/** Lines by file and inlined function; each with some lines around it. */
export function sourceBlocks(
  hot: readonly HotAddress[],
  places: ReadonlyMap<bigint, readonly LinePlace[]>,
  read: SourceReader,
): readonly ListingBlock[] {
  const groups = new Map<string, { file: string; lines: Map<number, Weight> }>();
  for (const address of hot) {
    const chain = places.get(address.frame.address) ?? [];
    const place = chain.find(({ file }) => file !== '');
    const file = place?.file ?? '';
    const inlined = place !== undefined && place !== chain.at(-1) ? `   inlined ${place.name}` : '';
    const title = file === '' ? 'no line known' : `${file}${inlined}`;
    const group = groups.get(title) ?? { file, lines: new Map<number, Weight>() };
    groups.set(title, group);
    const line = place?.line ?? 0;
    group.lines.set(line, plus(group.lines.get(line), address));
  }
  const blocks = Array.from(groups, ([title, { file, lines }]) => fileBlock(title, file, lines, read));
  return blocks.sort((a, b) => hottest(b) - hottest(a));
}

function fileBlock(
  title: string,
  file: string,
  weights: ReadonlyMap<number, Weight>,
  read: SourceReader,
): ListingBlock {
  const text = file === '' ? undefined : read(file);
  const note = file !== '' && text === undefined ? '   (this file is not here)' : '';
  return { title: `${title}${note}`, lines: withContext(weights, text) };
}

/**
 * The lines at which a function of a runtime was seen; undefined where its runtime tells none of them.
 * @param script where it was written
 */
export function runtimeLines(
  script: string,
  hot: readonly HotAddress[],
  read: SourceReader,
): ListingBlock | undefined {
  const lines = new Map<number, Weight>();
  for (const each of hot) {
    const { line } = runtimePlaceOf(each.frame.address);
    lines.set(line, plus(lines.get(line), each));
  }
  return [...lines.keys()].some((line) => line > 0) ? fileBlock(script, script, lines, read) : undefined;
}

function withContext(
  weights: ReadonlyMap<number, Weight>,
  text: readonly string[] | undefined,
): ListingLine[] {
  const hot = [...weights.keys()].sort((a, b) => a - b);
  const shown = new Set<number>();
  for (const line of hot) {
    const around = text === undefined ? 0 : contextLines;
    for (let at = line - around; at <= line + around; at++) {
      if (at === line || (at > 0 && at <= (text?.length ?? 0))) shown.add(at);
    }
  }
  const lines: ListingLine[] = [];
  let before = 0;
  for (const number of [...shown].sort((a, b) => a - b)) {
    if (lines.length > 0 && number > before + 1) lines.push({ label: '', text: '', ...nothing });
    before = number;
    const label = number === 0 ? '?' : String(number);
    lines.push({ label, text: text?.[number - 1] ?? '', ...(weights.get(number) ?? nothing) });
  }
  return lines;
}

/** A function of a runtime: its first lines, all of its weight on the first. */
export function runtimeBlock(
  name: string,
  hot: readonly HotAddress[],
  read: SourceReader,
): ListingBlock | undefined {
  const found = /(?:file:\/\/)?(\/[^\s:]+):(\d+)/.exec(name);
  const [file, first] = [found?.[1], Number(found?.[2])];
  const text = file === undefined ? undefined : read(file);
  if (file === undefined || text === undefined) return undefined;
  const weight = hot.reduce<Weight>(plus, nothing);
  const lines = text.slice(first - 1, first + 2 * contextLines).map((line, at) => ({
    label: String(first + at),
    text: line,
    ...(at === 0 ? weight : nothing),
  }));
  return { title: file, lines };
}

/** The addresses to read instructions of: the function as far as its bounds are known. */
export function rangeOf(hot: readonly HotAddress[]): { readonly start: bigint; readonly stop: bigint } {
  const centre = hot[0]?.frame.address ?? 0n;
  const near = hot
    .map(({ frame }) => frame.address)
    .filter((address) => distance(address, centre) < mostBytes / 2n)
    .sort((a, b) => (a < b ? -1 : 1));
  const [lowest = centre] = near;
  const begin = hot[0]?.frame.functionStart ?? 0n;
  // Only the beginning of a function is surely the beginning of an instruction.
  const start = begin > 0n && lowest >= begin && lowest - begin < mostBytes ? begin : lowest;
  return { start, stop: (near.at(-1) ?? centre) + contextBytes };
}

/** Instructions with the weight of the addresses in them; a return address, less one, lies within its call. */
export function assemblyBlock(
  hot: readonly HotAddress[],
  instructions: readonly Instruction[],
): ListingBlock {
  const weights = new Map<bigint, Weight>();
  const starts = instructions.map(({ address }) => address);
  for (const each of hot) {
    const { address } = each.frame;
    const start = starts.findLast((one) => one <= address && address - one < longestInstruction);
    if (start !== undefined) weights.set(start, plus(weights.get(start), each));
  }
  const highest = starts.findLast((start) => weights.has(start)) ?? 0n;
  // The range ends somewhere in the next function.
  const next = instructions.findIndex(({ address, isStart }) => isStart && address > highest);
  const ours = next < 0 ? instructions : instructions.slice(0, next);
  const lines = ours.map(({ address, text }) => ({
    label: address.toString(16),
    text,
    ...(weights.get(address) ?? nothing),
  }));
  return { title: 'instructions', lines };
}

export function addressBlock(hot: readonly HotAddress[]): ListingBlock {
  const lines = hot.map(({ frame, selfNs, totalNs }) => ({
    label: frame.address.toString(16),
    text: '',
    selfNs,
    totalNs,
  }));
  return { title: 'addresses', lines };
}

const nothing: Weight = { selfNs: 0, totalNs: 0 };

function plus(a: Weight | undefined, b: Weight): Weight {
  return { selfNs: (a?.selfNs ?? 0) + b.selfNs, totalNs: (a?.totalNs ?? 0) + b.totalNs };
}

function hottest({ lines }: ListingBlock): number {
  return Math.max(...lines.map(({ totalNs }) => totalNs));
}

function distance(a: bigint, b: bigint): bigint {
  return a > b ? a - b : b - a;
}
