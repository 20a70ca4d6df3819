/** The plain report: the banner's facts, the tree as far as it matters, the hottest functions. No control codes. */
import { type CallTree, ROOT } from '../profile/call-tree.ts';
import { percent } from '../profile/format.ts';
import { bannerLines, hottest, isWall, type ReportRow, reportRows, titleLine } from './report.ts';
import type { RunSummary } from './summary.ts';

const deepestIndent = 40;

export function* writeText(run: RunSummary): Generator<string> {
  const { tree } = run.profile;
  const unit = isWall(run) ? '  (wall time)' : '';
  yield `${titleLine(run)}\n`;
  for (const line of bannerLines(run)) yield `${line}\n`;
  yield `\n  TOTAL    SELF  FUNCTION${unit}\n`;
  for (const row of reportRows(tree)) yield treeLine(row, tree.totalNs(ROOT));
  yield `\n   SELF   TOTAL  HOTTEST FUNCTIONS${unit}\n`;
  yield* hottestLines(tree);
}

function treeLine({ depth, shown, smaller, totalNs, selfNs }: ReportRow, allNs: number): string {
  const indent = ' '.repeat(Math.min(depth, deepestIndent));
  if (shown === undefined) return `${share(totalNs, allNs)}         ${indent}(${smaller} smaller)\n`;
  const mark = shown.kind === 'marked' ? '◆ ' : '';
  const where = shown.module === '' ? '' : `  ${shown.module}`;
  return `${share(totalNs, allNs)} ${share(selfNs, allNs)}  ${indent}${mark}${shown.name}${where}\n`;
}

function* hottestLines(tree: CallTree): Generator<string> {
  const allNs = tree.totalNs(ROOT);
  for (const { function: found, selfNs, totalNs } of hottest(tree)) {
    const where = found.module === '' ? '' : `  ${found.module}`;
    yield `${share(selfNs, allNs)} ${share(totalNs, allNs)}  ${found.name}${where}\n`;
  }
}

function share(ns: number, total: number): string {
  return percent(total > 0 ? ns / total : 0).padStart(7);
}
