/** The engines that a fault is tried on, and what each must account for, with room for a noisy machine. */
import assert from 'node:assert/strict';
import type { RecordedProfile } from '../helpers/cli.ts';
import { nodesNamed } from '../helpers/tree.ts';

export const engines = ['cpu', 'ctimer', 'cpu-clock'] as const;
export type TriedEngine = (typeof engines)[number];

const tolerances: Readonly<Record<TriedEngine, number>> = { cpu: 0.03, ctimer: 0.05, 'cpu-clock': 0.03 };

/** It ran as asked, and samples explain the CPU clock. */
export function assertSampled(profile: RecordedProfile, engine: TriedEngine): void {
  assert.equal(profile.spans[0]?.engine, engine);
  const { accounted } = profile.accounting;
  assert(Math.abs(accounted - 1) <= tolerances[engine], `${engine}: accounted ${accounted}`);
}

/** Nothing is made up and nothing hidden: samples and the nodes of what no sample carries are the CPU clock. */
export function assertHonest(profile: RecordedProfile): void {
  const { cpuTimeNs, weightNs } = profile.accounting;
  assert(weightNs <= cpuTimeNs * 1.03, `${weightNs} ns of samples, ${cpuTimeNs} ns of CPU time`);
  const unsampled = [
    ...nodesNamed(profile.tree, '[not sampled]'),
    ...nodesNamed(profile.tree, '[kernel: not sampled]'),
  ];
  const shown = unsampled.reduce((sum, node) => sum + node.totalNs, weightNs);
  assert(
    Math.abs(shown - Math.max(cpuTimeNs, weightNs)) < cpuTimeNs * 0.01,
    `${shown} of ${cpuTimeNs} ns shown`,
  );
}
