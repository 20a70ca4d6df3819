/**
 * One node of the call tree as one line of the screen. Pure; marks, numbers, history, name, module, in this order.
 */
import { type CallTree, type Compared, type NodeId, ROOT } from '../profile/call-tree.ts';
import {
  baselineOf,
  type Difference,
  selfDifference,
  shareChange,
  totalDifference,
} from '../profile/difference.ts';
import { duration, percent, points, shortCount, sparkline } from '../profile/format.ts';
import type { ProfileFunction } from '../profile/functions.ts';
import type { Columns } from './layout.ts';
import type { SortOrder, Unit } from './state.ts';
import { cellWidth, clean, cutEnd, padEnd, padStart, shortenName, takeStart } from './text.ts';
import type { Role, Theme } from './theme.ts';

/** With fewer samples than this a share says nothing: counts are shown in place of percents. */
export const fewSamples = 30;

export interface RowContext {
  readonly tree: CallTree;
  readonly theme: Theme;
  readonly columns: Columns;
  readonly unit: Unit;
  /** Whether weights are wall time: then every column of numbers says so. */
  readonly isWall: boolean;
  /** A part of the run that stands still is shown: histories are those of its time. */
  readonly isWindow?: boolean;
  readonly sort: SortOrder;
  readonly isReversed: boolean;
  readonly hasFullNames: boolean;
  /** Samples behind the tree. */
  readonly samples: number;
  /** Depth of the row that stands at the left edge. */
  readonly baseDepth: number;
  /** Length of the window that the change of a share is seen over. */
  readonly deltaSeconds: number;
  isOpen(node: NodeId): boolean;
  isMatch(node: NodeId): boolean;
}

export function rowLine(context: RowContext, node: NodeId, isSelected: boolean): string {
  const { tree, theme, columns } = context;
  const numbers = numberColumns(context, node);
  const func = tree.functionOf(node);
  const lead = `${indentOf(context, node)}${markOf(context, node, func)} `;
  const room = Math.max(1, columns.name - cellWidth(lead) - (columns.module > 0 ? 1 : 0));
  const name = fittedName(func.name, room, context.hasFullNames, theme);
  const module = columns.module > 0 ? moduleIn(func.module, columns.module, theme) : '';
  if (isSelected) {
    const body = columns.module > 0 ? padEnd(lead + name, columns.name) + module : lead + name;
    return theme.paint('selected', `>${numbers.plain}${body}`);
  }
  const role = context.isMatch(node) ? 'match' : roleOf(func);
  const gap = module === '' ? '' : ' '.repeat(Math.max(0, columns.name - cellWidth(lead + name)));
  return ` ${numbers.painted}${lead}${theme.paint(role, name)}${gap}${theme.paint('dim', module)}`;
}

const columnWords = {
  difference: { total: 'DIFF', self: 'DIFF S', delta: 'NOW', history: 'LAST 30s' },
  cpu: { total: 'TOTAL', self: 'SELF', delta: '', history: 'LAST 30s' },
  wall: { total: 'WALL', self: 'WALL S', delta: 'WALL', history: 'WALL 30s' },
} as const;

/** The line above the rows; a mark stands at the column that orders them. */
export function columnHead(context: RowContext): string {
  const { theme, columns, sort } = context;
  const words = columnWords[baselineOf(context.tree) ? 'difference' : context.isWall ? 'wall' : 'cpu'];
  const mark = theme.glyphs.sorted[context.isReversed ? 1 : 0];
  const head = (order: SortOrder, word: string) => (sort === order ? word + mark : word);
  const line = [
    ' ',
    padStart(head('total', words.total), columns.total - 1),
    columns.self > 0 ? padStart(head('self', words.self), columns.self) : '',
    columns.delta > 0 ? padStart(deltaHead(context, words.delta), columns.delta - 1) : '',
    columns.spark > 0
      ? padEnd(` ${context.isWindow === true ? 'WINDOW' : words.history}`, columns.spark)
      : '',
    ' ',
    padEnd(head('name', 'FUNCTION'), columns.name),
    columns.module > 0 ? 'MODULE' : '',
  ].join('');
  return theme.paint('dim', line.trimEnd());
}

/** The change of a share, over how long; where rows are differences, what they have come to. */
function deltaHead({ tree, theme, deltaSeconds }: RowContext, word: string): string {
  return baselineOf(tree) ? word : `${theme.glyphs.delta}${word || lengthText(deltaSeconds)}`;
}

/** `10s`, `5m`: the length of the window that is compared with the one before. */
function lengthText(seconds: number): string {
  return seconds >= 120 && seconds % 60 === 0 ? `${seconds / 60}m` : `${seconds}s`;
}

/** A weight in the unit of the column. `share` is 0..1 of all. */
export function weightText(
  unit: Unit,
  weightNs: number,
  samples: number,
  share: number,
  decimals: 0 | 1,
  micro: string,
): string {
  if (unit === 'time') return duration(weightNs, micro);
  return unit === 'samples' ? shortCount(samples) : percent(share, decimals);
}

/** `+9.4` points of the share; as time, `+94 ms` in each second. */
export function differenceText(
  { share, nsPerSecond }: Difference,
  unit: Unit,
  micro: string,
  decimals: 0 | 1 = 1,
): string {
  if (unit !== 'time') return points(share, decimals);
  if (Math.abs(nsPerSecond) < 1000) return '';
  return `${nsPerSecond > 0 ? '+' : '-'}${duration(Math.abs(nsPerSecond), micro)}`;
}

export function shareOf(tree: CallTree, weightNs: number): number {
  const all = tree.totalNs(ROOT);
  return all > 0 ? weightNs / all : 0;
}

function numberColumns(context: RowContext, node: NodeId): { plain: string; painted: string } {
  const { tree, theme, columns } = context;
  const isFew = context.samples < fewSamples;
  const unit = isFew && context.unit === 'percent' ? 'samples' : context.unit;
  const weight = (ns: number, samples: number) =>
    weightText(unit, ns, samples, shareOf(tree, ns), columns.decimals, theme.glyphs.micro);
  const compared = baselineOf(tree);
  if (compared !== undefined && !isFew) return differenceColumns(context, compared, node);
  const total = padStart(weight(tree.totalNs(node), tree.samplesOf(node)), columns.total - 1);
  const self =
    columns.self > 0
      ? padStart(weight(tree.selfNs(node), unit === 'samples' ? tree.selfSamplesOf(node) : 0), columns.self)
      : '';
  const change = columns.delta > 0 && !isFew ? shareChange(tree, node) : undefined;
  const delta = columns.delta > 0 ? padStart(points(change), columns.delta - 1) : '';
  const spark = columns.spark > 0 ? ` ${historyBars(tree, node, theme)}` : '';
  return {
    plain: `${total}${self}${delta}${spark} `,
    painted: `${total}${self}${theme.paint((change ?? 0) > 0 ? 'up' : 'down', delta)}${theme.paint('dim', spark)} `,
  };
}

/** Where the tree is compared with an earlier one: the differences, and in place of the change what there is now. */
function differenceColumns(
  { tree, theme, columns, unit }: RowContext,
  compared: Compared,
  node: NodeId,
): { plain: string; painted: string } {
  const total = totalDifference(tree, compared, node);
  const self = selfDifference(tree, compared, node);
  const text = (of: Difference, width: number) =>
    width <= 0 ? '' : padStart(differenceText(of, unit, theme.glyphs.micro, columns.decimals), width);
  const [totalText, selfText] = [text(total, columns.total - 1), text(self, columns.self)];
  const now =
    columns.delta > 0 ? padStart(nowText(tree, compared, node, unit, theme), columns.delta - 1) : '';
  const spark = columns.spark > 0 ? ` ${historyBars(tree, node, theme)}` : '';
  const painted = (of: Difference, shown: string) => theme.paint(of.share > 0 ? 'up' : 'down', shown);
  return {
    plain: `${totalText}${selfText}${now}${spark} `,
    painted: `${painted(total, totalText)}${painted(self, selfText)}${now}${theme.paint('dim', spark)} `,
  };
}

/** The share of all; as time, what of each second. */
function nowText(tree: CallTree, { seconds }: Compared, node: NodeId, unit: Unit, { glyphs }: Theme): string {
  const totalNs = tree.totalNs(node);
  return unit === 'time' ? duration(totalNs / seconds.now, glyphs.micro) : percent(shareOf(tree, totalNs));
}

const rowBuckets = new Float64Array(12);
const rootBuckets = new Float64Array(12);

/** Share of each bucket, so that all rows have one scale and a bucket still filling looks like a full one. */
function historyBars(tree: CallTree, node: NodeId, theme: Theme): string {
  tree.history(node, rowBuckets);
  tree.history(ROOT, rootBuckets);
  const shares = rowBuckets.map((ns, i) => ((rootBuckets[i] ?? 0) > 0 ? ns / (rootBuckets[i] ?? 1) : 0));
  return sparkline(shares, theme.glyphs.bars);
}

/** Two cells a level up to half the name column, then a constant indent with the depth as a number. */
function indentOf(context: RowContext, node: NodeId): string {
  const { columns, tree } = context;
  const depth = Math.max(0, tree.depthOf(node) - context.baseDepth);
  const widest = Math.floor(columns.name / 2 / columns.indent) * columns.indent;
  const cells = depth * columns.indent;
  if (cells <= widest) return ' '.repeat(cells);
  return takeStart(padEnd(`${depth}`, widest), widest);
}

function markOf(context: RowContext, node: NodeId, func: ProfileFunction): string {
  const { glyphs } = context.theme;
  const { tree } = context;
  const hasChildren = tree.hasChildren?.(node) ?? hasWeightyChild(tree, node);
  const fold = context.isOpen(node) ? glyphs.opened : glyphs.closed;
  if (func.kind === 'marked') return hasChildren ? fold + glyphs.marked : glyphs.marked;
  return hasChildren ? fold : glyphs.leaf;
}

function hasWeightyChild(tree: CallTree, node: NodeId): boolean {
  const compared = baselineOf(tree);
  return tree
    .childrenOf(node)
    .some((child) => tree.totalNs(child) > 0 || (compared !== undefined && compared.totalNs(child) > 0));
}

export function roleOf(func: ProfileFunction): Role {
  return func.kind === 'native' || func.kind === 'root' ? 'plain' : func.kind;
}

const fittedNames = new Map<string, string>();
/** Some screens full: rows are sorted again each second. */
const mostFittedNames = 4096;

/** A name made to fit, without what a terminal must not get; a cut one is marked. Remembered, for rows come again. */
export function fittedName(name: string, room: number, isFull: boolean, theme: Theme): string {
  const key = `${room} ${isFull} ${theme.isAscii} ${name}`;
  const known = fittedNames.get(key);
  if (known !== undefined) return known;
  const safe = theme.isAscii ? asciiOnly(clean(name)) : clean(name);
  const { ellipsis } = theme.glyphs;
  const fitted = isFull ? cutEnd(safe, room, ellipsis) : shortenName(safe, room, ellipsis);
  if (fittedNames.size >= mostFittedNames) fittedNames.clear();
  fittedNames.set(key, fitted);
  return fitted;
}

function moduleIn(module: string, width: number, theme: Theme): string {
  return fittedName(module, width, false, theme);
}

/** A terminal without UTF-8 would show one character as several. */
export function asciiOnly(text: string): string {
  return text.replace(/[^\x20-\x7e]/gu, '?');
}
