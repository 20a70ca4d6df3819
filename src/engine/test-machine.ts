/** A machine for tests: of an ordinary user on a default kernel, where nothing refuses but what the test says. */
import type { Capabilities, MachineFacts } from './machine.ts';
import type { Probe } from './native.ts';

const openProbe: Probe = {
  fullSelf: 0,
  userSelf: 0,
  fullTarget: 0,
  userTarget: 0,
  ptrace: 0,
  readMemory: 0,
};

const userFacts: MachineFacts = {
  paranoid: 2,
  kptrRestrict: 1,
  maxSampleRate: 100_000,
  yamaScope: 0,
  uid: 1000,
  hasPerfmon: false,
  hasSyslog: false,
  hasPtrace: false,
  ownSeccomp: false,
  openFilesLimit: 1024,
  targetUid: 1000,
  targetDumpable: true,
  targetSeccomp: false,
  sharesOurFilter: false,
  targetIs64Bit: true,
  targetShadowStack: false,
  targetStopped: false,
  tracerPid: 0,
};

/** @param kernelSymbols a state of kallsyms, or `refused:` with any errno */
export function testMachine(
  probe: Partial<Probe> = {},
  facts: Partial<MachineFacts> = {},
  kernelSymbols = 'hidden',
): Capabilities {
  return {
    probe: { ...openProbe, ...probe },
    facts: { ...userFacts, ...facts },
    kernelSymbols: kernelSymbols as Capabilities['kernelSymbols'],
    mayInject: true,
    openRefusals: {},
  };
}
