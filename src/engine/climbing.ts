/**
 * From an ask to a running engine: plans by the ladder, tries to open, and goes on below what trying refuses although
 * the probe allowed it (descriptors, locked memory). The engine that runs meanwhile is not touched by a refusal.
 */
import type { Startable } from './captured.ts';
import { errnoName } from './errno.ts';
import { type Shut, shutOfInjection, shutOfOpen } from './gates.ts';
import type { Capabilities } from './machine.ts';
import { engineKinds, type NativeState } from './native.ts';
import { type Plan, rungName, selectEngine } from './select.ts';
import type { EngineAsk } from './status.ts';

export interface Climb {
  readonly asked: EngineAsk;
  /** Only what was asked for, nothing below it. */
  readonly strict: boolean;
  readonly frequencyHz: number;
  readonly capabilities: Capabilities;
}

export type Outcome =
  | {
      readonly kind: 'runs';
      readonly plan: Plan;
      readonly frequencyHz: number;
      readonly cut: NativeState;
      readonly mapsError: number;
      readonly capabilities: Capabilities;
    }
  | ({ readonly kind: 'refused'; readonly capabilities: Capabilities } & Shut)
  | { readonly kind: 'gone' };

/** @param onPlan told before each try */
export async function climb(native: Startable, wish: Climb, onPlan: (plan: Plan) => void): Promise<Outcome> {
  let { capabilities } = wish;
  for (;;) {
    const selection = selectEngine(wish.asked, capabilities, wish.strict);
    if (selection.kind === 'refused') return { ...selection, capabilities };
    const outcome = await open(native, selection.plan, wish.frequencyHz, capabilities, onPlan);
    if (outcome.kind !== 'refused') return outcome;
    capabilities = outcome.capabilities;
  }
}

/** One plan, no ladder. */
export async function open(
  native: Startable,
  plan: Plan,
  askedHz: number,
  capabilities: Capabilities,
  onPlan: (plan: Plan) => void,
): Promise<Outcome> {
  onPlan(plan);
  const frequencyHz = Math.min(askedHz, capabilities.facts.maxSampleRate ?? askedHz);
  const kind = engineKinds.indexOf(kindOf(plan));
  const { refusal, cut, mapsError } = await native.start(kind, Math.round(1e9 / frequencyHz));
  if (!refusal) return { kind: 'runs', plan, frequencyHz, cut, mapsError, capabilities };
  if (errnoName(refusal.errno) === 'ESRCH') return { kind: 'gone' };
  const shut = kindOf(plan) === 'ctimer' ? shutOfInjection(refusal) : shutOfOpen(refusal);
  return { kind: 'refused', capabilities: withoutEngine(capabilities, plan, shut), ...shut };
}

/** The same machine, but this engine is known to be refused. */
export function withoutEngine(capabilities: Capabilities, plan: Plan, shut: Shut): Capabilities {
  return { ...capabilities, openRefusals: { ...capabilities.openRefusals, [rungName(plan)]: shut } };
}

function kindOf({ engine, mechanism }: Plan): (typeof engineKinds)[number] {
  if (engine === 'wall') return 'wall';
  if (mechanism === 'external snapshots') return 'snapshots';
  if (mechanism === 'timer_create in the target') return 'ctimer';
  return engine === 'cpu-clock' ? 'perf-user-only' : 'perf';
}
