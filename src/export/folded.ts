/**
 * Collapsed stacks (FlameGraph README): `root;…;leaf count`, one line per stack. The format has no comments, so the
 * metadata are a valid stack of weight 0 in the first line: every known reader takes it.
 */

import type { FoldedStack } from './stacks.ts';
import { foldedStacks, foldedStacksByThread } from './stacks.ts';
import type { RunSummary } from './summary.ts';

/** @returns lines with their newline */
export function* writeFolded(run: RunSummary, byThread: boolean): Generator<string> {
  yield `# prof-tui ${metadata(run)} 0\n`;
  const stacks = byThread ? foldedStacksByThread(run.profile) : foldedStacks(run.profile);
  const counts = roundToCounts(
    stacks.map((stack) => stack.weightNs),
    Math.min(...run.spans.map((span) => span.periodNs)),
  );
  const lines = new Map<string, number>();
  stacks.forEach((stack, i) => {
    const line = stackText(stack);
    lines.set(line, (lines.get(line) ?? 0) + (counts[i] as number));
  });
  for (const [line, count] of lines) {
    if (count > 0) yield `${line} ${count}\n`;
  }
}

function stackText({ thread, functions }: FoldedStack): string {
  const frames = functions.map(({ name, kind }) => frameText(name) + (kind === 'kernel' ? '_[k]' : ''));
  return (thread === undefined ? frames : [frameText(thread), ...frames]).join(';');
}

/** `;` parts frames and a newline parts stacks, so neither may stand in a name. */
function frameText(name: string): string {
  return name.replaceAll(';', ':').replaceAll(/[\u0000-\u001f\u007f]/g, ' ');
}

/** No `;` may stand in the line before the count, so it is escaped the JSON way. */
function metadata(run: RunSummary): string {
  const { target, spans, accounting, warnings, version } = run;
  const data = {
    tool: `prof-tui ${version}`,
    pid: target.pid,
    exe: target.exe,
    start: target.startedAt,
    durationNs: run.elapsedNs,
    frequencyHz: run.frequencyHz,
    engine: [...new Set(spans.map((span) => span.engine))].join('+'),
    spans,
    cpuTimeNs: accounting.cpuTimeNs,
    weightNs: accounting.weightNs,
    accounted: accounting.accounted ?? null,
    warnings: warnings.map((warning) => warning.code),
  };
  return JSON.stringify(data).replaceAll(';', '\\u003b');
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
