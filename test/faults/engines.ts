/** The engines that a fault is tried on, and what each must account for, with room for a noisy machine. */
import assert from 'node:assert/strict';
import type { RecordedProfile } from '../helpers/cli.ts';
import { nodesNamed } from '../helpers/tree.ts';

/** `snapshots` is `ctimer` without code in the target. */
export const engines = ['cpu', 'ctimer', 'snapshots', 'cpu-clock'] as const;
export type TriedEngine = (typeof engines)[number];

/** The words of a command line that ask for it. */
export function ask(engine: TriedEngine): readonly string[] {
  return engine === 'snapshots' ? ['-e', 'ctimer', '--no-inject'] : ['-e', engine];
}

/** Whether it samples by the ticks of a timer on CPU time. */
export function isTimed(engine: TriedEngine): boolean {
  return engine === 'ctimer' || engine === 'snapshots';
}

/** What the program calls it. */
export function nameOf(engine: TriedEngine): string {
  return isTimed(engine) ? 'ctimer' : engine;
}

/** Bounds of `accounted`; a user-only engine leaves the kernel time of a target that works in its own code. */
const bounds: Readonly<Record<TriedEngine, readonly [least: number, most: number]>> = {
  cpu: [0.96, 1.05],
  ctimer: [0.94, 1.06],
  snapshots: [0.94, 1.06],
  'cpu-clock': [0.85, 1.05],
};

/**
 * It ran as asked, and samples explain the CPU clock of a target that works in its own code.
 * @param room added to the bounds on both sides
 */
export function assertSampled(profile: RecordedProfile, engine: TriedEngine, room = 0): void {
  assert.equal(profile.spans[0]?.engine, nameOf(engine));
  const { accounted } = profile.accounting;
  const [least, most] = bounds[engine];
  assert(accounted >= least - room && accounted <= most + room, `${engine}: accounted ${accounted}`);
  assertHonest(profile, most - 1 + room);
}

/** Nothing is made up and nothing hidden: samples and the nodes of what no sample carries are the CPU clock. */
export function assertHonest(profile: RecordedProfile, room = 0.06): void {
  const { cpuTimeNs, weightNs } = profile.accounting;
  assert(weightNs <= cpuTimeNs * (1 + room), `${weightNs} ns of samples, ${cpuTimeNs} ns of CPU time`);
  const unsampled = [
    ...nodesNamed(profile.tree, '[not sampled]'),
    ...nodesNamed(profile.tree, '[kernel: not sampled]'),
  ];
  const shown = unsampled.reduce((sum, node) => sum + node.totalNs, weightNs);
  assert(
    Math.abs(shown - Math.max(cpuTimeNs, weightNs)) <= cpuTimeNs * 0.01,
    `${shown} of ${cpuTimeNs} ns shown`,
  );
}
