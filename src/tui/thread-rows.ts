/** One thread as one line of the screen, the line above them and the details below. Pure. */
import type { CallTree, NodeId } from '../profile/call-tree.ts';
import { ROOT } from '../profile/call-tree.ts';
import { count, duration, percent, sparkline } from '../profile/format.ts';
import { bucketCount } from '../profile/history.ts';
import type { Hottest } from '../profile/hottest-by-thread.ts';
import { cpusUsed } from '../profile/thread-totals.ts';
import { fewSamples, fittedName, shareOf, weightText } from './rows.ts';
import type { ScreenSize } from './screen/frame.ts';
import { lineWidth } from './screen/frame.ts';
import type { SortOrder, Unit } from './state.ts';
import { cellWidth, cutEnd, fitPieces, padEnd, padStart } from './text.ts';
import type { Theme } from './theme.ts';

export interface ThreadContext {
  readonly tree: CallTree;
  readonly theme: Theme;
  readonly size: ScreenSize;
  readonly unit: Unit;
  readonly sort: SortOrder;
  readonly isReversed: boolean;
  /** Whether weights are wall time: then the columns say so, and how many CPUs were used is not known. */
  readonly isWall: boolean;
  readonly nowBucket: number;
  /** Length of a part of the run that stands still, when that is shown. */
  readonly windowSeconds: number | undefined;
  /** Where a thread, or all of them, is hottest; undefined while it is not known. */
  hottestOf(node: NodeId): Hottest | undefined;
  nameOf(node: NodeId): string;
  tidOf(node: NodeId): string;
  stateOf(node: NodeId): string;
  /** Whether all views are bounded to some threads, and this is one of them. */
  isChosen(node: NodeId): boolean;
  isMatch(node: NodeId): boolean;
}

interface Widths {
  readonly total: number;
  readonly cpu: number;
  readonly name: number;
  readonly tid: number;
  readonly state: number;
  readonly spark: number;
  readonly hottest: number;
}

/** The kernel's names of threads are 15 characters at most; those of other tools' files may be longer. */
const kernelName = 15;
const longestName = 40;
const leastHottest = 18;
/** Less than this rounds to nothing. */
const leastShown = 0.0005;

/** Columns go in the order of those of the tree; name, number and state stay. */
function widthsAt({ size, isWall }: ThreadContext): Widths {
  const total = size.columns < 50 ? 5 : 7;
  const cpu = size.columns < 60 || isWall ? 0 : 7;
  const spark = size.columns < 90 ? 0 : bucketCount + 2;
  const [tid, state] = [9, 8];
  const rest = lineWidth(size) - 1 - total - cpu - tid - state - spark - 3;
  const wide = Math.min(longestName, Math.max(kernelName, Math.floor(rest * 0.3)));
  const hottest = rest - wide < leastHottest ? 0 : rest - wide;
  const name = hottest > 0 ? wide : Math.max(6, Math.min(longestName, rest));
  return { total, cpu, name, tid, state, spark, hottest };
}

export function threadLine(context: ThreadContext, node: NodeId, isSelected: boolean): string {
  const { theme } = context;
  const widths = widthsAt(context);
  const mark = context.isChosen(node) ? theme.glyphs.live : ' ';
  const name = fittedName(context.nameOf(node), widths.name, false, theme);
  const [before, after] = [`${numbersOf(context, node, widths)} ${mark} `, restOf(context, node, widths)];
  const gap = ' '.repeat(Math.max(0, widths.name - cellWidth(name)));
  const width = lineWidth(context.size);
  if (isSelected) return theme.paint('selected', cutEnd(`>${before}${name}${gap}${after}`, width, ''));
  const painted = theme.paint(context.isMatch(node) ? 'match' : 'plain', name);
  return ` ${before}${painted}${gap}${after}`;
}

function numbersOf(context: ThreadContext, node: NodeId, widths: Widths): string {
  const { tree, theme, size } = context;
  const isFew = tree.samplesOf(ROOT) < fewSamples;
  const unit = isFew && context.unit === 'percent' ? 'samples' : context.unit;
  const totalNs = tree.totalNs(node);
  const decimals = size.columns < 50 ? 0 : 1;
  const share = shareOf(tree, totalNs);
  const total = weightText(unit, totalNs, tree.samplesOf(node), share, decimals, theme.glyphs.micro);
  const cpu = widths.cpu === 0 ? '' : padStart(cpuText(context, node), widths.cpu);
  return padStart(total, widths.total - 1) + cpu;
}

function restOf(context: ThreadContext, node: NodeId, widths: Widths): string {
  const tid = padStart(context.tidOf(node), widths.tid);
  const state = padEnd(`  ${context.stateOf(node)}`, widths.state);
  const spark = widths.spark === 0 ? '' : `  ${recentBars(context, node)}`;
  const hottest = widths.hottest === 0 ? '' : hottestText(context, node, widths.hottest);
  return hottest === '' ? tid + state + spark : `${tid}${state}${spark}  ${hottest}`;
}

/** `Server.handle › renderPage`: the caller goes where there is no room for both. */
function hottestText({ theme, hottestOf }: ThreadContext, node: NodeId, width: number): string {
  const hottest = hottestOf(node);
  if (hottest === undefined) return '';
  const room = width - 2;
  const name = fittedName(hottest.name, room, false, theme);
  if (hottest.caller === undefined) return name;
  const caller = `${fittedName(hottest.caller, room, false, theme)} ${theme.glyphs.crumb} `;
  return cellWidth(caller) + cellWidth(name) <= room ? caller + name : name;
}

const buckets = new Float64Array(bucketCount);
const rootBuckets = new Float64Array(bucketCount);

/** `0.97`: CPUs over the last 10 s, or over the window that is shown; blank before there is a whole bucket. */
function cpuText({ tree, nowBucket, windowSeconds }: ThreadContext, node: NodeId): string {
  if (windowSeconds !== undefined) return (tree.totalNs(node) / 1e9 / windowSeconds).toFixed(2);
  tree.history(node, buckets);
  return cpusUsed(buckets, nowBucket)?.toFixed(2) ?? '';
}

function recentBars({ tree, theme }: ThreadContext, node: NodeId): string {
  tree.history(node, buckets);
  tree.history(ROOT, rootBuckets);
  const shares = buckets.map((ns, i) => ((rootBuckets[i] ?? 0) > 0 ? ns / (rootBuckets[i] ?? 1) : 0));
  return sparkline(shares, theme.glyphs.bars);
}

export function threadHead(context: ThreadContext): string {
  const { theme, size, sort, isReversed, isWall } = context;
  const widths = widthsAt(context);
  const total = isWall ? 'WALL' : 'TOTAL';
  const history = context.windowSeconds !== undefined ? 'WINDOW' : isWall ? 'WALL 30s' : 'LAST 30s';
  const mark = theme.glyphs.sorted[isReversed ? 1 : 0];
  const line = [
    ' ',
    padStart(sort === 'name' ? total : `${total}${mark}`, widths.total - 1),
    widths.cpu === 0 ? '' : padStart('CPU', widths.cpu),
    '   ',
    padEnd(sort === 'name' ? `THREAD${mark}` : 'THREAD', widths.name),
    padStart('TID', widths.tid),
    padEnd('  STATE', widths.state),
    widths.spark === 0 ? '' : padEnd(`  ${history}`, widths.spark),
    widths.hottest === 0 ? '' : '  HOTTEST',
  ].join('');
  return theme.paint('dim', cutEnd(line.trimEnd(), lineWidth(size), ''));
}

/** `not sampled 15.5%`: what the rows below do not add up to, for it is of no thread that is known. */
function unsampledPiece(tree: CallTree): string {
  const ofThreads = tree.childrenOf(ROOT).reduce((sum, thread) => sum + tree.totalNs(thread), 0);
  const share = shareOf(tree, tree.totalNs(ROOT) - ofThreads);
  return share < leastShown ? '' : `not sampled ${percent(share)}`;
}

/** `hottest renderPage 41.0%`, of its time */
function hottestPiece({ name, share }: Hottest, theme: Theme): string {
  return `hottest ${fittedName(name, 30, false, theme)} ${percent(share)}`;
}

/** 1: a blank line and one of text; 2: a rule, the name, the numbers. */
export function threadDetails(context: ThreadContext, node: NodeId, lines: 1 | 2): readonly string[] {
  const { tree, theme } = context;
  const width = lineWidth(context.size);
  const isRoot = node === ROOT;
  const title = isRoot
    ? `${context.nameOf(node)}   ${count(tree.childrenOf(ROOT).length)} seen`
    : `${context.nameOf(node)}   thread ${context.tidOf(node)}   ${context.stateOf(node)}`;
  const name = fittedName(title, width, false, theme);
  if (lines === 1) return ['', name];
  const totalNs = tree.totalNs(node);
  const samples = tree.samplesOf(node);
  const cpu = context.isWall ? '' : cpuText(context, node);
  const over = context.windowSeconds === undefined ? '10 s' : `${context.windowSeconds} s`;
  const hottest = context.hottestOf(node);
  const pieces = [
    { text: `total ${percent(shareOf(tree, totalNs))} ${duration(totalNs, theme.glyphs.micro)}`, rank: 0 },
    { text: cpu === '' ? '' : `${cpu} CPUs over ${over}`, rank: 2 },
    { text: `${count(samples)} ${samples === 1 ? 'sample' : 'samples'}`, rank: 1 },
    { text: isRoot ? unsampledPiece(tree) : '', rank: 1 },
    { text: hottest === undefined ? '' : hottestPiece(hottest, theme), rank: 4 },
    { text: context.isChosen(node) ? 'all views show it' : '', rank: 3 },
  ];
  const numbers = fitPieces(pieces, '   ', width).map((piece) => piece.text);
  return [theme.paint('dim', theme.glyphs.rule.repeat(width)), name, cutEnd(numbers.join('   '), width, '')];
}
