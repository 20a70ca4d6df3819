/**
 * What changed from one file to another, as plain text: who saw each, the merged tree where it changed most, the functions
 * that gained and lost. No control codes.
 */
import type { CallTree } from '../profile/call-tree.ts';
import { ROOT } from '../profile/call-tree.ts';
import { type DiffNode, diffFunctions, diffTrees } from '../profile/diff.ts';
import { duration, percent } from '../profile/format.ts';
import { bannerLines, isWall, titleLine } from './report.ts';
import type { RunSummary } from './summary.ts';

/** `share`: of each profile's whole; `time`: as it is, which tells something when both ran equally long. */
export const diffMeasures = ['share', 'time'] as const;
export type DiffMeasure = (typeof diffMeasures)[number];

// As in the report of one file: below, nobody reads.
const smallestShare = 0.005;
const mostFunctions = 20;
const deepestIndent = 40;
const columnWidth = 9;

export function* writeDiff(first: RunSummary, second: RunSummary, measure: DiffMeasure): Generator<string> {
  for (const [name, run] of [
    ['A', first],
    ['B', second],
  ] as const) {
    yield `${name}  ${titleLine(run)}\n`;
    for (const line of bannerLines(run)) yield `   ${line}\n`;
  }
  for (const warning of comparability(first, second)) yield `WARNING ${warning}\n`;
  const texts = textsOf(measure, first.profile.tree, second.profile.tree);
  const root = diffTrees(first.profile.tree, second.profile.tree);
  const head = ['A', 'B', 'B - A'].map((word) => word.padStart(columnWidth)).join('');
  yield `\n${head}  FUNCTION  (${measure === 'share' ? 'share of the whole' : 'time'}, most changed first)\n`;
  yield* treeLines(root, texts);
  yield `\n${head}  FUNCTIONS BY THEIR OWN ${measure === 'share' ? 'SHARE' : 'TIME'}\n`;
  const functions = diffFunctions(root)
    .map((row) => ({ ...row, change: Math.abs(texts.change(row.selfNs)) }))
    .filter(({ change }) => change > 0)
    .sort((a, b) => b.change - a.change);
  for (const row of functions.slice(0, mostFunctions)) {
    yield `${texts.columns(row.selfNs)}  ${row.function.name}${placeOf(row.function.module)}\n`;
  }
}

/** What makes two profiles hard to compare, in sentences. */
export function comparability(first: RunSummary, second: RunSummary): string[] {
  const found: string[] = [];
  const unit = (run: RunSummary): string => (isWall(run) ? 'wall time' : 'CPU time');
  if (unit(first) !== unit(second))
    found.push(`A is ${unit(first)}, B is ${unit(second)}: not the same thing`);
  const seenBy = (run: RunSummary): string =>
    [...new Set(run.spans.map((span) => `${span.engine}, kernel part ${span.kernelPart}`))].join(' + ');
  if (seenBy(first) !== seenBy(second)) {
    found.push(
      `seen differently, A by ${seenBy(first)}, B by ${seenBy(second)}: a part of the change may be that`,
    );
  }
  return found;
}

type Pair = readonly [number, number];

interface Texts {
  /** B − A in the measure: shares, or ns. */
  change(ns: Pair): number;
  columns(ns: Pair): string;
  /** The larger share of the two. */
  share(ns: Pair): number;
}

function textsOf(measure: DiffMeasure, first: CallTree, second: CallTree): Texts {
  const wholes = [first, second].map((tree) => Math.max(1, tree.totalNs(ROOT))) as [number, number];
  const shares = (ns: Pair): Pair => [ns[0] / wholes[0], ns[1] / wholes[1]];
  const values = measure === 'share' ? shares : (ns: Pair): Pair => ns;
  const text = (value: number): string => (measure === 'share' ? percent(value) : duration(value));
  const change = (ns: Pair): number => values(ns)[1] - values(ns)[0];
  return {
    change,
    columns: (ns) => {
      const by = change(ns);
      const signed = `${by < 0 ? '-' : '+'}${text(Math.abs(by))}`;
      return [...values(ns).map(text), signed].map((word) => word.padStart(columnWidth)).join('');
    },
    share: (ns) => Math.max(...shares(ns)),
  };
}

const totals = ({ weights }: DiffNode): Pair => [weights[0].totalNs, weights[1].totalNs];

/** Depth first, most changed child first. Iterative: a stack may be a thousand frames deep. */
function* treeLines(root: DiffNode, texts: Texts): Generator<string> {
  const todo: (DiffNode | string)[] = [root];
  for (let next = todo.pop(); next !== undefined; next = todo.pop()) {
    if (typeof next === 'string') {
      yield next;
      continue;
    }
    const { depth, children, function: found } = next;
    const mark = found.kind === 'marked' ? '◆ ' : '';
    yield `${texts.columns(totals(next))}  ${indent(depth)}${mark}${found.name}${placeOf(found.module)}\n`;
    const shown = children.filter((child) => texts.share(totals(child)) >= smallestShare);
    shown.sort((a, b) => Math.abs(texts.change(totals(b))) - Math.abs(texts.change(totals(a))));
    const rest = children.filter((child) => texts.share(totals(child)) < smallestShare);
    if (rest.length > 0) todo.push(restLine(rest, depth + 1, texts));
    todo.push(...shown.reverse());
  }
}

function restLine(rest: readonly DiffNode[], depth: number, texts: Texts): string {
  const sum = (side: 0 | 1): number => rest.reduce((all, { weights }) => all + weights[side].totalNs, 0);
  return `${texts.columns([sum(0), sum(1)])}  ${indent(depth)}(${rest.length} smaller)\n`;
}

function indent(depth: number): string {
  return ' '.repeat(Math.min(depth, deepestIndent));
}

function placeOf(module: string): string {
  return module === '' ? '' : `  ${module}`;
}
