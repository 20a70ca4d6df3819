/** `doctor`: each gate of this machine, its state as found by trying, and the one cure; also the report of a refusal. */
import { listEngines } from '../engine/engine-rows.ts';
import { listGates, withPid } from '../engine/gates.ts';
import type { Capabilities } from '../engine/machine.ts';
import { type LimitProbe, loadNative } from '../engine/native.ts';
import { probeCapabilities } from '../engine/probe.ts';
import { listRights } from '../engine/rights.ts';
import { selectEngine } from '../engine/select.ts';
import type { NotPermitted } from '../engine/session.ts';
import type { EngineRow, Gate, Target } from '../engine/status.ts';
import { describe } from '../engine/warnings.ts';
import { findTarget } from './find-target.ts';

/** @returns the exit code: 0 when something can run, else 4 */
export function doctor(targetText: string | undefined, print: (line: string) => void): number {
  const target = targetText === undefined ? undefined : findTarget(targetText);
  // Without a target we look at ourselves: what a process of this user may expect.
  const pid = target?.pid ?? process.pid;
  const native = loadNative();
  const capabilities = probeCapabilities(native, pid);
  print(target ? `doctor for ${target.name} [${target.pid}]` : 'doctor for a process of this user');
  for (const line of report(capabilities, native.probeLimits(pid), target?.pid)) print(line);
  const selection = selectEngine('auto', capabilities, false);
  if (selection.kind === 'refused') {
    print(`auto runs nothing: ${selection.because}`);
    return 4;
  }
  print(`auto runs ${selection.plan.engine} (${selection.plan.mechanism}): ${selection.plan.reason}`);
  for (const degradation of selection.plan.degradations) print(`  ▲ ${describe(degradation).title}`);
  return 0;
}

/** The report of a refused start: one line for people in a hurry, then each gate. */
export function refusalReport(target: Target, refused: NotPermitted): string {
  const cure = refused.cure === undefined ? '' : `; cure: ${refused.cure.replace('PID', String(target.pid))}`;
  return [
    `not permitted to profile ${target.pid}: ${refused.message}${cure}`,
    ...report(refused.capabilities, undefined, target.pid),
  ].join('\n');
}

/** What is wanted, then what stands behind it, then what each ask would run. */
function report(
  capabilities: Capabilities,
  limits: LimitProbe | undefined,
  pid: number | undefined,
): readonly string[] {
  const named = <T extends { readonly cure: string | undefined }>(items: readonly T[]): readonly T[] =>
    pid === undefined ? items : withPid(items, pid);
  return [
    ...gateLines(named(listGates(capabilities))),
    'rights, settings and limits',
    ...gateLines(named(listRights(capabilities, limits))),
    'what each engine would do',
    ...engineLines(named(listEngines(capabilities))),
  ];
}

const longestBecause = 60;

function gateLines(gates: readonly Gate[]): string[] {
  const width = Math.min(longestBecause, Math.max(...gates.map((gate) => gate.because.length)));
  return gates.map(({ name, state, because, cure }) =>
    `  ${name.padEnd(21)}${state.padEnd(9)}${because.padEnd(width)}${cureText(cure)}`.trimEnd(),
  );
}

function engineLines(rows: readonly EngineRow[]): string[] {
  return rows.map(({ ask, runs, why, cure }) => {
    const state = runs === undefined ? 'refused' : runs === ask ? 'ready' : `→ ${runs}`;
    return `  ${ask.padEnd(21)}${state.padEnd(13)}${why}${cureText(cure)}`;
  });
}

function cureText(cure: string | undefined): string {
  return cure === undefined ? '' : `  cure: ${cure}`;
}
