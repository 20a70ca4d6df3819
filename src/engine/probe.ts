/** Tries everything that can refuse us, on ourselves and on the target. Takes a few ms and leaves no trace. */
import { readKernelSymbolsState } from '../symbolize/kernel-symbols.ts';
import { type Capabilities, readMachineFacts } from './machine.ts';
import type { Native } from './native.ts';

export function probeCapabilities(native: Native, pid: number, mayInject = true): Capabilities {
  return {
    probe: native.probe(pid),
    kernelSymbols: readKernelSymbolsState(),
    facts: readMachineFacts(pid),
    mayInject,
    openRefusals: {},
  };
}
