/**
 * Which engine runs: ask × capabilities → plan. Pure, one ladder, tested whole. What runs is what the plan says only
 * if its open succeeds; the label on screen comes from the running engine, never from here.
 */
import { kernelSamplesShut, memoryShut, type Shut, snapshotsShut, userSamplesShut } from './gates.ts';
import type { Capabilities } from './machine.ts';
import type { EngineAsk, EngineName, Mechanism } from './status.ts';
import type { Degradation } from './warnings.ts';

export interface Plan {
  readonly engine: EngineName;
  readonly mechanism: Mechanism;
  /** One sentence: why this engine. */
  readonly reason: string;
  readonly degradations: readonly Degradation[];
}

export type Selection =
  | { readonly kind: 'run'; readonly plan: Plan }
  /** Nothing that was asked for, and nothing else on the ladder, opens here. */
  | { readonly kind: 'refused'; readonly because: string; readonly cure: string | undefined };

interface Rung {
  readonly engine: EngineName;
  readonly mechanism: Mechanism;
  readonly shut: (capabilities: Capabilities) => Shut | undefined;
  /** What this engine cannot do even where it runs as asked. */
  readonly caveats: readonly Degradation[];
}

/** Best first: what sees more stands higher, what may disturb the target less where it sees the same. */
export const ladder: readonly Rung[] = [
  { engine: 'cpu', mechanism: 'perf_events', shut: kernelSamplesShut, caveats: [] },
  {
    engine: 'ctimer',
    mechanism: 'external snapshots',
    shut: snapshotsShut,
    caveats: [{ code: 'snapshots-interrupt' }],
  },
  {
    engine: 'cpu-clock',
    mechanism: 'perf_events',
    shut: userSamplesShut,
    caveats: [{ code: 'kernel-not-sampled' }],
  },
];

/** Another unit than the ladder's: it runs only when it is asked for, and what it falls back to is CPU time. */
const wall: Rung = { engine: 'wall', mechanism: 'snapshots of all threads', shut: memoryShut, caveats: [] };

/** @param strict an explicit ask that is refused is refused, not replaced */
export function selectEngine(ask: EngineAsk, capabilities: Capabilities, strict: boolean): Selection {
  const wanted = [...ladder, wall].find((rung) => rung.engine === ask) ?? (ladder[0] as Rung);
  const others = strict && ask !== 'auto' ? [] : ladder.filter((rung) => rung !== wanted);
  const shutOf = (rung: Rung) => capabilities.openRefusals[rung.engine] ?? rung.shut(capabilities);
  const wantedShut = shutOf(wanted);
  const runs = wantedShut ? others.find((rung) => !shutOf(rung)) : wanted;
  if (!runs) return { kind: 'refused', ...(wantedShut as Shut) };
  return { kind: 'run', plan: planOf(runs, ask, wantedShut) };
}

function planOf({ engine, mechanism, caveats }: Rung, ask: EngineAsk, wantedShut: Shut | undefined): Plan {
  if (!wantedShut) {
    const reason = ask === 'auto' ? 'the most that is allowed here' : 'as asked';
    return { engine, mechanism, reason, degradations: caveats };
  }
  const fellBack: Degradation = { code: 'fell-back', asked: ask, running: engine, ...wantedShut };
  return { engine, mechanism, reason: wantedShut.because, degradations: [fellBack, ...caveats] };
}
