/**
 * The report as Markdown (GitHub's dialect, which has tables): the lines of the banner, the tree, the hottest functions
 * and all metadata. Names are hostile, so each stands in a code span, where nothing is a link or HTML.
 */
import { ROOT } from '../profile/call-tree.ts';
import { duration, percent } from '../profile/format.ts';
import { metaEntries, profileMeta } from './meta.ts';
import { bannerLines, hottest, type ReportRow, reportRows, titleLine } from './report.ts';
import type { RunSummary } from './summary.ts';

const deepestIndent = 40;
// Two no-break spaces a level: ordinary ones at the start of a cell are dropped.
const indentStep = '\u00a0\u00a0';

export function* writeMarkdown(run: RunSummary): Generator<string> {
  const { tree } = run.profile;
  const allNs = tree.totalNs(ROOT);
  yield `# Profile\n\n${code(titleLine(run))}\n\n`;
  for (const line of bannerLines(run)) yield `- ${code(line)}\n`;
  yield '\n## Call tree\n\n| total | time | self | function | module |\n|---:|---:|---:|:---|:---|\n';
  for (const row of reportRows(tree)) yield treeRow(row, allNs);
  yield '\n## Hottest functions\n\n| self | time | total | function | module |\n|---:|---:|---:|:---|:---|\n';
  for (const { function: found, selfNs, totalNs } of hottest(tree)) {
    const shares = [share(selfNs, allNs), duration(selfNs), share(totalNs, allNs)];
    yield tableRow([...shares, code(found.name), code(found.module)]);
  }
  yield '\n## Metadata\n\n| key | value |\n|:---|:---|\n';
  for (const [key, value] of metaEntries(profileMeta(run))) yield tableRow([key, code(value)]);
}

function treeRow({ depth, shown, smaller, totalNs, selfNs }: ReportRow, allNs: number): string {
  const indent = indentStep.repeat(Math.min(depth, deepestIndent));
  if (shown === undefined) {
    return tableRow([share(totalNs, allNs), duration(totalNs), '', `${indent}(${smaller} smaller)`, '']);
  }
  const shares = [share(totalNs, allNs), duration(totalNs), share(selfNs, allNs)];
  return tableRow([...shares, indent + code(shown.name), code(shown.module)]);
}

function tableRow(cells: readonly string[]): string {
  return `| ${cells.join(' | ')} |\n`;
}

/**
 * A code span that shows the text as it is. Its fence is longer than any run of backticks inside; a pipe would end the
 * table's cell even here, so it is escaped, which GitHub undoes; a backslash before it would undo the escape, so that
 * one becomes a look-alike.
 */
function code(text: string): string {
  if (text === '') return '';
  const line = text.replaceAll(/[\u0000-\u001f\u007f]/g, ' ');
  const safe = line.replaceAll(/\\+(?=\|)/g, (run) => '⧵'.repeat(run.length)).replaceAll('|', '\\|');
  const longest = Math.max(0, ...Array.from(safe.matchAll(/`+/g), ([run]) => run.length));
  const fence = '`'.repeat(longest + 1);
  const pad = longest > 0 ? ' ' : '';
  return `${fence}${pad}${safe}${pad}${fence}`;
}

function share(ns: number, total: number): string {
  return percent(total > 0 ? ns / total : 0);
}
