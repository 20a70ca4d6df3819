/** A run of a large profile, made up: a call tree in which each stack is a random walk, and samples spread over it. */

import type { RunSummary } from '../src/export/summary.ts';
import { Profile } from '../src/profile/profile.ts';
import { syntheticRun } from '../test/helpers/synthetic-run.ts';

const functions = 5000;
const threads = 16;
const periodNs = 1_001_001;
const deepest = 40;

/** The same numbers each time: a 32-bit linear congruential generator, of whose states the high bits are used. */
export function* randomNumbers(): Generator<number> {
  for (let state = 42; ; ) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    yield state / 2 ** 32;
  }
}

/** @param stacks distinct ones, each sampled at least once */
export function largeRun(samples: number, stacks: number): RunSummary {
  const random = randomNumbers();
  const next = (below: number): number => Math.floor((random.next().value as number) * below);
  const parent = new Uint32Array(stacks);
  const frame = new Uint32Array(stacks);
  const depth = new Uint32Array(stacks + 1);
  for (let i = 0; i < stacks; i++) {
    // Below a stack that was met lately, as programs go; ids begin at 1.
    const from = i === 0 ? 0 : Math.max(1, i - next(Math.min(i, 400)));
    parent[i] = depth[from] === deepest ? 0 : from;
    depth[i + 1] = (depth[parent[i] as number] as number) + 1;
    frame[i] = next(functions);
  }
  const profile = new Profile();
  const ids = Array.from({ length: functions }, (_, i) => i);
  profile.add({
    frames: {
      kind: Uint8Array.from(ids, (i) => (i % 10 === 0 ? 2 : 0)),
      module: Uint32Array.from(ids, () => 0xffffffff),
      address: BigUint64Array.from(ids, (i) => BigInt(4096 + i)),
      functionStart: BigUint64Array.from(ids, () => 0n),
    },
    stacks: { parent, frame },
    modules: [],
    threads: Array.from({ length: threads }, (_, index) => ({
      index,
      thread: { tid: 100 + index, name: `worker-${index}` },
    })),
    samples: {
      timeNs: new Float64Array(samples),
      weightNs: new Float64Array(samples).fill(periodNs),
      thread: Uint32Array.from({ length: samples }, () => next(threads)),
      stack: Uint32Array.from({ length: samples }, (_, i) => (i < stacks ? i + 1 : next(stacks) + 1)),
      samples: new Uint32Array(samples).fill(1),
    },
  });
  profile.setNames(
    ids.map((id) => ({
      frame: id,
      name: `namespace_${id % 50}::Class_${id % 300}<int, std::string>::method_${id}(char const*, unsigned long)`,
      module: id % 10 === 0 ? 'kernel' : `library_${id % 30}.so`,
      hasSymbol: true,
    })),
  );
  profile.settle(true);
  const durationNs = (samples * periodNs) / threads;
  const run = syntheticRun([]);
  const [span] = run.spans;
  const spans = span ? [{ ...span, endNs: durationNs, periodNs, samples, weightNs: profile.weightNs }] : [];
  const accounting = { ...run.accounting, cpuTimeNs: profile.weightNs, weightNs: profile.weightNs };
  return { ...run, profile, spans, accounting, elapsedNs: durationNs };
}
