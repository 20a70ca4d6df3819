/**
 * What each ask would run on this machine and this target: one row per ask, with the reason and the one cure. The
 * ladder decides (`selectEngine`), so a row says exactly what choosing it would do. Pure.
 */
import type { Capabilities } from './machine.ts';
import { selectEngine } from './select.ts';
import { type EngineAsk, type EngineName, type EngineRow, engineAsks } from './status.ts';

const sees: Readonly<Record<EngineAsk | EngineName, string>> = {
  auto: 'most allowed here',
  cpu: 'user + kernel',
  'cpu-clock': 'user only',
  ctimer: 'all CPU, user frames',
  wall: 'blocked threads too',
};

export function listEngines(capabilities: Capabilities): readonly EngineRow[] {
  return engineAsks.map((ask) => rowOf(ask, capabilities));
}

function rowOf(ask: EngineAsk, capabilities: Capabilities): EngineRow {
  const selection = selectEngine(ask, capabilities, true);
  if (selection.kind === 'refused') {
    const { because, cure } = selection;
    return { ask, sees: sees[ask], runs: undefined, why: because, cure };
  }
  const { engine, mechanism, reason, degradations } = selection.plan;
  const fellBack = degradations.find((each) => each.code === 'fell-back');
  const how = engine === 'cpu-clock' ? `${mechanism}, exclude_kernel` : mechanism;
  return { ask, sees: sees[ask], runs: engine, why: ask === 'auto' ? reason : how, cure: fellBack?.cure };
}
