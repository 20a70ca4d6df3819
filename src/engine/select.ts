/**
 * Which engine runs: ask × capabilities → plan. Pure, one ladder, tested whole. What runs is what the plan says only
 * if its open succeeds; the label on screen comes from the running engine, never from here.
 */
import {
  injectionShut,
  kernelSamplesShut,
  memoryShut,
  type Shut,
  snapshotsShut,
  userSamplesShut,
} from './gates.ts';
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
  { engine: 'ctimer', mechanism: 'timer_create in the target', shut: injectionShut, caveats: [] },
  {
    engine: 'ctimer',
    mechanism: 'external snapshots',
    shut: snapshotsShut,
    caveats: [{ code: 'snapshots-interrupt', because: undefined }],
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

/** Two rungs share an engine's name: the mechanism is what tells them apart. */
export function rungName({ engine, mechanism }: Pick<Rung, 'engine' | 'mechanism'>): string {
  return `${engine} by ${mechanism}`;
}

/** @param strict an explicit ask that is refused is refused, not replaced */
export function selectEngine(ask: EngineAsk, capabilities: Capabilities, strict: boolean): Selection {
  const shutOf = (rung: Rung) => capabilities.openRefusals[rungName(rung)] ?? rung.shut(capabilities);
  const wanted =
    ask === 'auto' ? ladder.slice(0, 1) : [...ladder, wall].filter((rung) => rung.engine === ask);
  const others = strict && ask !== 'auto' ? [] : ladder.filter((rung) => !wanted.includes(rung));
  const runs = [...wanted, ...others].find((rung) => !shutOf(rung));
  // Where an engine has two ways, the last one needs least: what shuts that one shuts the engine.
  const wantedShut = wanted.includes(runs as Rung) ? undefined : shutOf(wanted.at(-1) as Rung);
  if (!runs) return { kind: 'refused', ...(wantedShut as Shut) };
  const better = ladder.find((rung) => rung.engine === runs.engine);
  const firstWayShut = better && better !== runs ? shutOf(better) : undefined;
  return { kind: 'run', plan: planOf(runs, ask, wantedShut, firstWayShut) };
}

/** @param firstWayShut why the same engine does not run in its better way */
function planOf(
  { engine, mechanism, caveats }: Rung,
  ask: EngineAsk,
  wantedShut: Shut | undefined,
  firstWayShut: Shut | undefined,
): Plan {
  const explained = firstWayShut
    ? caveats.map((caveat) =>
        caveat.code === 'snapshots-interrupt' ? { ...caveat, because: firstWayShut.because } : caveat,
      )
    : caveats;
  if (!wantedShut) {
    const reason = ask === 'auto' ? 'the most that is allowed here' : 'as asked';
    return { engine, mechanism, reason, degradations: explained };
  }
  const fellBack: Degradation = { code: 'fell-back', asked: ask, running: engine, ...wantedShut };
  return { engine, mechanism, reason: wantedShut.because, degradations: [fellBack, ...explained] };
}
