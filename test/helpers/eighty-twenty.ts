/** Programs that are built to spend four fifths of their time in one function, one fifth in another. */
import assert from 'node:assert/strict';
import type { RecordedProfile } from './cli.ts';
import { inclusiveShare } from './tree.ts';
import { tolerance } from './truth.ts';

/**
 * @param eighty, twenty how their rows are called
 * @param least how much of all time both must have together, at least (0..1)
 */
export function assertEightyTwenty(
  { tree, spans }: RecordedProfile,
  eighty: string,
  twenty: string,
  least: number,
): void {
  const [large, small] = [inclusiveShare(tree, eighty), inclusiveShare(tree, twenty)];
  const both = large + small;
  assert(both > least, `${large} + ${small} of the time is named`);
  const samples = spans.reduce((sum, span) => sum + span.samples, 0) * both;
  const allowed = tolerance(0.8, samples);
  assert(Math.abs(large / both - 0.8) <= allowed, `${large / both} of it in eighty, not 0.8 ± ${allowed}`);
}
