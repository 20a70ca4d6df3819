/**
 * What a report for people says, apart from how a format lays it out: the banner's facts, the tree as far as it
 * matters, the hottest functions.
 */
import { type CallTree, type NodeId, ROOT } from '../profile/call-tree.ts';
import { duration } from '../profile/format.ts';
import type { ProfileFunction } from '../profile/functions.ts';
import type { RunSummary } from './summary.ts';

// Branches below half a percent are summed in one line: the report is read, not searched.
const smallestShare = 0.005;
const hottestFunctions = 15;

export interface ReportRow {
  readonly depth: number;
  /** Undefined for a line that sums branches too small to be shown. */
  readonly shown: ProfileFunction | undefined;
  /** How many branches such a line sums. */
  readonly smaller: number;
  readonly totalNs: number;
  readonly selfNs: number;
}

export interface HottestRow {
  readonly function: ProfileFunction;
  readonly selfNs: number;
  /** Without what recursion would count again. */
  readonly totalNs: number;
}

/** `prof-tui 0.1.0  node server.js [4242]  10.0 s recorded` */
export function titleLine({ version, target, elapsedNs, state }: RunSummary): string {
  const end = state === 'ended' ? ', target exited' : '';
  // A profile from elsewhere may not say whose it is.
  const pid = target.pid > 0 ? ` [${target.pid}]` : '';
  return `prof-tui ${version}  ${target.command}${pid}  ${duration(elapsedNs)} recorded${end}`;
}

/** Engine by span, the accounting, and what is degraded: the lines of the banner. */
export function* bannerLines(run: RunSummary): Generator<string> {
  const { spans } = run;
  const samples = spans.reduce((sum, span) => sum + span.samples, 0);
  const lost = spans.reduce((sum, span) => sum + span.lost, 0);
  for (const span of spans) {
    yield `ENGINE  ${span.engine} (${span.mechanism})  asked ${span.asked}  kernel part ${span.kernelPart}: ${span.reason}`;
  }
  const rate = run.frequencyHz > 0 ? `${run.frequencyHz} Hz  ` : '';
  yield `${rate}${samples} samples  lost ${lost}  ${isWall(run) ? wallText(run) : accountedText(run)}`;
  if (samples > 0 && samples < 30) yield `${samples} samples: too few to rank`;
  for (const warning of run.warnings) {
    yield `WARNING ${warning.title}${warning.cure === undefined ? '' : `  cure: ${warning.cure}`}`;
  }
}

/** Whether the profile of the run is wall time. */
export function isWall(run: RunSummary): boolean {
  return run.spans.at(-1)?.unit === 'wall';
}

function accountedText({ accounting }: RunSummary): string {
  const accounted = accounting.accounted === undefined ? '–' : `${(accounting.accounted * 100).toFixed(1)}%`;
  const { userTimeNs, systemTimeNs } = accounting;
  // Other formats than our own keep the sum alone.
  const isSplit = userTimeNs + systemTimeNs > 0 || accounting.cpuTimeNs === 0;
  const parts = isSplit ? ` (user ${duration(userTimeNs)}, system ${duration(systemTimeNs)})` : '';
  return `accounted ${accounted} of ${duration(accounting.cpuTimeNs)} CPU${parts}`;
}

/** The sum over all threads: each adds up to the time that passed. */
function wallText({ profile }: RunSummary): string {
  return `wall time ${duration(profile.tree.totalNs(ROOT))} of ${profile.threadsUnder(ROOT).length} threads`;
}

/** Depth first, heaviest child first. Iterative: a stack may be a thousand frames deep. */
export function* reportRows(tree: CallTree): Generator<ReportRow> {
  const least = tree.totalNs(ROOT) * smallestShare;
  const todo: (NodeId | ReportRow)[] = [ROOT];
  for (let next = todo.pop(); next !== undefined; next = todo.pop()) {
    if (typeof next !== 'number') {
      yield next;
      continue;
    }
    const [totalNs, selfNs] = [tree.totalNs(next), tree.selfNs(next)];
    yield { depth: tree.depthOf(next), shown: tree.functionOf(next), smaller: 0, totalNs, selfNs };
    todo.push(...childrenInReport(tree, next, least).reverse());
  }
}

/** Children worth a line, heaviest first, and a line for the others together. */
function childrenInReport(tree: CallTree, node: NodeId, leastNs: number): (NodeId | ReportRow)[] {
  const children = [...tree.childrenOf(node)].sort((a, b) => tree.totalNs(b) - tree.totalNs(a));
  const shown = children.filter((child) => tree.totalNs(child) >= leastNs);
  const rest = children.slice(shown.length);
  const totalNs = rest.reduce((sum, child) => sum + tree.totalNs(child), 0);
  if (totalNs <= 0) return shown;
  const depth = tree.depthOf(node) + 1;
  return [...shown, { depth, shown: undefined, smaller: rest.length, totalNs, selfNs: 0 }];
}

/** Functions with most time of their own, wherever they were called. */
export function hottest(tree: CallTree): HottestRow[] {
  const byFunction = new Map<number, { function: ProfileFunction; selfNs: number; totalNs: number }>();
  for (let node = ROOT + 1; node < tree.nodeCount; node++) {
    const found = tree.functionOf(node);
    const row = byFunction.get(found.id) ?? { function: found, selfNs: 0, totalNs: 0 };
    row.selfNs += tree.selfNs(node);
    if (!isRecursive(tree, node, found.id)) row.totalNs += tree.totalNs(node);
    byFunction.set(found.id, row);
  }
  const rows = [...byFunction.values()].filter((row) => row.selfNs > 0).sort((a, b) => b.selfNs - a.selfNs);
  return rows.slice(0, hottestFunctions);
}

/** Whether the function is among its own callers: its total is then counted there. */
function isRecursive(tree: CallTree, node: NodeId, id: number): boolean {
  for (let at = tree.parentOf(node); at > ROOT; at = tree.parentOf(at)) {
    if (tree.functionOf(at).id === id) return true;
  }
  return false;
}
