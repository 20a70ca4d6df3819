/** The plain report: the banner's facts, the tree as far as it matters, the hottest functions. No control codes. */
import { type CallTree, type NodeId, ROOT } from '../profile/call-tree.ts';
import { duration, percent } from '../profile/format.ts';
import type { RunSummary } from './summary.ts';

// Branches below half a percent are summed in one line: the report is read, not searched.
const smallestShare = 0.005;
const hottestFunctions = 15;
const deepestIndent = 40;

export function* writeText(run: RunSummary): Generator<string> {
  yield* header(run);
  const unit = isWall(run) ? '  (wall time)' : '';
  yield `\n  TOTAL    SELF  FUNCTION${unit}\n`;
  yield* treeLines(run.profile.tree);
  yield `\n   SELF   TOTAL  HOTTEST FUNCTIONS${unit}\n`;
  yield* hottestLines(run.profile.tree);
}

function isWall(run: RunSummary): boolean {
  return run.spans.at(-1)?.unit === 'wall';
}

function* header(run: RunSummary): Generator<string> {
  const { target, spans } = run;
  const samples = spans.reduce((sum, span) => sum + span.samples, 0);
  const lost = spans.reduce((sum, span) => sum + span.lost, 0);
  yield `prof-tui ${run.version}  ${target.command} [${target.pid}]  ${duration(run.elapsedNs)} recorded${run.state === 'ended' ? ', target exited' : ''}\n`;
  for (const span of spans) {
    yield `ENGINE  ${span.engine} (${span.mechanism})  asked ${span.asked}  kernel part ${span.kernelPart}: ${span.reason}\n`;
  }
  yield `${run.frequencyHz} Hz  ${samples} samples  lost ${lost}  ${isWall(run) ? wallText(run) : accountedText(run)}\n`;
  if (samples > 0 && samples < 30) yield `${samples} samples: too few to rank\n`;
  for (const warning of run.warnings) {
    yield `WARNING ${warning.title}${warning.cure === undefined ? '' : `  cure: ${warning.cure}`}\n`;
  }
}

function accountedText({ accounting }: RunSummary): string {
  const accounted = accounting.accounted === undefined ? '–' : `${(accounting.accounted * 100).toFixed(1)}%`;
  const parts = `user ${duration(accounting.userTimeNs)}, system ${duration(accounting.systemTimeNs)}`;
  return `accounted ${accounted} of ${duration(accounting.cpuTimeNs)} CPU (${parts})`;
}

/** The sum over all threads: each adds up to the time that passed. */
function wallText({ profile }: RunSummary): string {
  return `wall time ${duration(profile.tree.totalNs(ROOT))} of ${profile.threadsUnder(ROOT).length} threads`;
}

function* treeLines(tree: CallTree): Generator<string> {
  const total = tree.totalNs(ROOT);
  const todo: (NodeId | string)[] = [ROOT];
  while (todo.length > 0) {
    const next = todo.pop() as NodeId | string;
    if (typeof next === 'string') {
      yield next;
      continue;
    }
    yield nodeLine(tree, next, total);
    todo.push(...shownChildren(tree, next, total).reverse());
  }
}

/** Children worth a line, heaviest first, and a line for the others together. */
function shownChildren(tree: CallTree, node: NodeId, total: number): (NodeId | string)[] {
  const children = [...tree.childrenOf(node)].sort((a, b) => tree.totalNs(b) - tree.totalNs(a));
  const shown = children.filter((child) => tree.totalNs(child) >= total * smallestShare);
  const rest = children.slice(shown.length);
  const restNs = rest.reduce((sum, child) => sum + tree.totalNs(child), 0);
  if (restNs <= 0) return shown;
  const indent = indentOf(tree.depthOf(node) + 1);
  return [...shown, `${share(restNs, total)}         ${indent}(${rest.length} smaller)\n`];
}

function nodeLine(tree: CallTree, node: NodeId, total: number): string {
  const { name, module, kind } = tree.functionOf(node);
  const mark = kind === 'marked' ? '◆ ' : '';
  const where = module === '' ? '' : `  ${module}`;
  const shares = `${share(tree.totalNs(node), total)} ${share(tree.selfNs(node), total)}`;
  return `${shares}  ${indentOf(tree.depthOf(node))}${mark}${name}${where}\n`;
}

function* hottestLines(tree: CallTree): Generator<string> {
  const total = tree.totalNs(ROOT);
  const byFunction = new Map<number, { node: NodeId; selfNs: number; totalNs: number }>();
  for (let node = ROOT + 1; node < tree.nodeCount; node++) {
    const { id } = tree.functionOf(node);
    const row = byFunction.get(id) ?? { node, selfNs: 0, totalNs: 0 };
    row.selfNs += tree.selfNs(node);
    if (!isRecursive(tree, node, id)) row.totalNs += tree.totalNs(node);
    byFunction.set(id, row);
  }
  const rows = [...byFunction.values()].filter((row) => row.selfNs > 0).sort((a, b) => b.selfNs - a.selfNs);
  for (const { node, selfNs, totalNs } of rows.slice(0, hottestFunctions)) {
    const { name, module } = tree.functionOf(node);
    yield `${share(selfNs, total)} ${share(totalNs, total)}  ${name}${module === '' ? '' : `  ${module}`}\n`;
  }
}

/** Whether the function is among its own callers: its total is then counted there. */
function isRecursive(tree: CallTree, node: NodeId, id: number): boolean {
  for (let at = tree.parentOf(node); at > ROOT; at = tree.parentOf(at)) {
    if (tree.functionOf(at).id === id) return true;
  }
  return false;
}

function indentOf(depth: number): string {
  return ' '.repeat(Math.min(depth, deepestIndent));
}

function share(ns: number, total: number): string {
  return percent(total > 0 ? ns / total : 0).padStart(7);
}
