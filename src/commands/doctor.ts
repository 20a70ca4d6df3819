/** `doctor`: each gate of this machine, its state as found by trying, and the one cure; also the report of a refusal. */
import { listGates, withPid } from '../engine/gates.ts';
import { loadNative } from '../engine/native.ts';
import { probeCapabilities } from '../engine/probe.ts';
import { selectEngine } from '../engine/select.ts';
import type { NotPermitted } from '../engine/session.ts';
import type { Gate, Target } from '../engine/status.ts';
import { describe } from '../engine/warnings.ts';
import { findTarget } from './find-target.ts';

/** @returns the exit code: 0 when something can run, else 4 */
export function doctor(targetText: string | undefined, print: (line: string) => void): number {
  const target = targetText === undefined ? undefined : findTarget(targetText);
  // Without a target we look at ourselves: what a process of this user may expect.
  const capabilities = probeCapabilities(loadNative(), target?.pid ?? process.pid);
  const gates = target ? withPid(listGates(capabilities), target.pid) : listGates(capabilities);
  print(target ? `doctor for ${target.name} [${target.pid}]` : 'doctor for a process of this user');
  for (const line of gateLines(gates)) print(line);
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
  const gates = withPid(listGates(refused.capabilities), target.pid);
  return [`not permitted to profile ${target.pid}: ${refused.message}${cure}`, ...gateLines(gates)].join(
    '\n',
  );
}

function gateLines(gates: readonly Gate[]): string[] {
  const width = Math.max(...gates.map((gate) => gate.because.length));
  return gates.map(({ name, state, because, cure }) =>
    `  ${name.padEnd(16)}${state.padEnd(9)}${because.padEnd(width)}${cure === undefined ? '' : `  cure: ${cure}`}`.trimEnd(),
  );
}
