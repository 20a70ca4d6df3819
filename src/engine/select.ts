/**
 * Which engine runs: ask × capabilities → plan. Pure, one table, tested whole. What runs is what the plan says only
 * if its open succeeds; the label on screen comes from the running engine, never from here.
 */
import { kernelSamplesShut, userSamplesShut } from './gates.ts';
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
  /** Nothing that was asked for, and nothing below it on the ladder, opens here. */
  | { readonly kind: 'refused'; readonly because: string; readonly cure: string | undefined };

/** @param strict an explicit ask that is refused is refused, not replaced */
export function selectEngine(ask: EngineAsk, capabilities: Capabilities, strict: boolean): Selection {
  if (ask === 'cpu-clock') return userOnly(ask, capabilities);
  const shut = kernelSamplesShut(capabilities);
  if (!shut) return { kind: 'run', plan: cpuPlan(ask) };
  if (strict && ask !== 'auto') return { kind: 'refused', ...shut };
  return userOnly(ask, capabilities);
}

function cpuPlan(ask: EngineAsk): Plan {
  const reason = ask === 'auto' ? 'the most that is allowed here' : 'as asked';
  return { engine: 'cpu', mechanism: 'perf_events', reason, degradations: [] };
}

function userOnly(ask: EngineAsk, capabilities: Capabilities): Selection {
  const userShut = userSamplesShut(capabilities);
  const kernelShut = kernelSamplesShut(capabilities);
  if (userShut) return { kind: 'refused', ...(kernelShut ?? userShut) };
  const base = { engine: 'cpu-clock', mechanism: 'perf_events' } as const;
  if (ask === 'cpu-clock' || !kernelShut) {
    return {
      kind: 'run',
      plan: { ...base, reason: 'as asked', degradations: [{ code: 'kernel-not-asked' }] },
    };
  }
  const refused = { code: 'kernel-refused', asked: ask, running: 'cpu-clock', ...kernelShut } as const;
  const reason = `kernel samples are refused: ${kernelShut.because}`;
  return { kind: 'run', plan: { ...base, reason, degradations: [refused] } };
}
