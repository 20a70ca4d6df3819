/** Tries everything that can refuse us, on ourselves and on the target. Takes a few ms and leaves no trace. */
import { setTimeout as delay } from 'node:timers/promises';
import { readKernelSymbolsState } from '../symbolize/kernel-symbols.ts';
import { type Capabilities, readMachineFacts } from './machine.ts';
import type { Native } from './native.ts';
import { readProcessStat } from './target.ts';

const ESRCH = 3;
const mostTries = 5;
const execMs = 10;

export function probeCapabilities(native: Native, pid: number, mayInject = true): Capabilities {
  return {
    probe: native.probe(pid),
    kernelSymbols: readKernelSymbolsState(),
    facts: readMachineFacts(pid),
    mayInject,
    openRefusals: {},
  };
}

/**
 * The same for a target that may be in the midst of an exec, and then looks gone or without memory for a moment
 * (find_lively_task_by_vpid, kernel/events/core.c): what was refused so is tried again.
 */
export async function probeTarget(native: Native, pid: number, mayInject: boolean): Promise<Capabilities> {
  for (let tries = 1; ; tries++) {
    const capabilities = probeCapabilities(native, pid, mayInject);
    const { fullTarget, userTarget, readMemory } = capabilities.probe;
    const looksGone = fullTarget === ESRCH || userTarget === ESRCH;
    const looksEmpty = readMemory !== 0 && userTarget === 0;
    if ((!looksGone && !looksEmpty) || tries === mostTries || !isRunning(pid)) return capabilities;
    await delay(execMs);
  }
}

/** Whether there is a process that has not ended. */
export function isRunning(pid: number): boolean {
  const state = readProcessStat(pid)?.state;
  return state !== undefined && state !== 'Z' && state !== 'X';
}
