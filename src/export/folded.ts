/**
 * Collapsed stacks (FlameGraph README): `root;…;leaf count`, one line per stack. The format has no comments, so the
 * metadata are a valid stack of weight 0 in the first line: every known reader takes it.
 */

import type { CallTree, NodeId } from '../profile/call-tree.ts';
import { type ProfileMeta, profileMeta } from './meta.ts';
import { pathOf, stacks, stacksByThread, threadLabel } from './stacks.ts';
import type { RunSummary } from './summary.ts';

interface Stack {
  readonly node: NodeId;
  readonly weightNs: number;
  /** `name-tid`, only when stacks are kept apart by thread. */
  readonly thread: string | undefined;
}

/** @returns lines with their newline */
export function* writeFolded(run: RunSummary, byThread: boolean): Generator<string> {
  const meta = profileMeta(run);
  yield `# prof-tui ${header(meta)} 0\n`;
  const rows = byThread ? rowsByThread(run) : rowsOf(run);
  const counts = roundToCounts(
    rows.map((row) => row.weightNs),
    meta.periodNs,
  );
  const lines = new Map<string, number>();
  rows.forEach((row, i) => {
    const count = counts[i] as number;
    if (count === 0) return;
    const line = stackText(run.profile.tree, row);
    lines.set(line, (lines.get(line) ?? 0) + count);
  });
  for (const [line, count] of lines) yield `${line} ${count}\n`;
}

function rowsOf(run: RunSummary): Stack[] {
  return stacks(run.profile).map(({ node, weightNs }) => ({ node, weightNs, thread: undefined }));
}

function rowsByThread(run: RunSummary): Stack[] {
  return stacksByThread(run.profile).flatMap(({ thread, rows }) =>
    rows.map(({ node, weightNs }) => ({ node, weightNs, thread: threadLabel(thread) })),
  );
}

function stackText(tree: CallTree, { node, thread }: Stack): string {
  const frames = pathOf(tree, node).map(
    ({ name, kind }) => frameText(name) + (kind === 'kernel' ? '_[k]' : ''),
  );
  return (thread === undefined ? frames : [frameText(thread), ...frames]).join(';');
}

/** `;` parts frames and a newline parts stacks, so neither may stand in a name. */
function frameText(name: string): string {
  return name.replaceAll(';', ':').replaceAll(/[\u0000-\u001f\u007f]/g, ' ');
}

/** No `;` may stand in the line before the count, so it is escaped the JSON way. */
function header(meta: ProfileMeta): string {
  return JSON.stringify(meta).replaceAll(';', '\\u003b');
}

/**
 * Weights as whole counts of one period each, by largest remainder, so that their sum is the rounded total.
 * @returns counts in the order of the weights
 */
export function roundToCounts(weightsNs: readonly number[], periodNs: number): number[] {
  const exact = weightsNs.map((weightNs) => weightNs / periodNs);
  const counts = exact.map(Math.floor);
  const total = Math.round(exact.reduce((sum, count) => sum + count, 0));
  let missing = total - counts.reduce((sum, count) => sum + count, 0);
  const byRemainder = exact
    .map((count, i) => [count - Math.floor(count), i] as const)
    .sort((a, b) => b[0] - a[0]);
  for (const [, i] of byRemainder) {
    if (missing <= 0) break;
    counts[i] = (counts[i] as number) + 1;
    missing--;
  }
  return counts;
}
