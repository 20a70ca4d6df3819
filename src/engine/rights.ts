/**
 * The single things behind the gates: rights, settings, filters and limits, each with its state as trying showed it and
 * its own one cure, least privilege first. One that is shut but not in the way is `passed` and has no cure. Pure.
 */
import { constants } from 'node:os';
import { errnoName } from './errno.ts';
import { kernelSamplesShut, kernelSymbolsShut, snapshotsShut, userSamplesShut } from './gates.ts';
import type { Capabilities } from './machine.ts';
import type { LimitProbe, NativeState } from './native.ts';
import type { Gate } from './status.ts';

type State = readonly [state: Gate['state'], because: string, cure?: string | undefined];

/** Limits as a running engine met them: what it could not follow or buffer. */
export function limitsOf({ threadsRefused, ringKib, ringKibWanted }: NativeState): LimitProbe {
  const { EMFILE, EPERM } = constants.errno;
  return { openFiles: threadsRefused > 0 ? EMFILE : 0, lockedMemory: ringKib < ringKibWanted ? EPERM : 0 };
}

/** @param limits undefined where nothing was tried */
export function listRights(capabilities: Capabilities, limits: LimitProbe | undefined): readonly Gate[] {
  const rows: readonly (readonly [name: string, State])[] = [
    ['CAP_PERFMON', perfmon(capabilities)],
    ['perf_event_paranoid', paranoid(capabilities)],
    ['CAP_SYSLOG', syslog(capabilities)],
    ['kptr_restrict', kptr(capabilities)],
    ['own seccomp', ownSeccomp(capabilities)],
    ['target seccomp', targetSeccomp(capabilities)],
    ['user id', targetRow(capabilities, /belongs to uid/, uidText(capabilities))],
    ['dumpable', targetRow(capabilities, /not dumpable/, capabilities.facts.targetDumpable ? 'yes' : 'no')],
    ['user namespace', targetRow(capabilities, /user namespace/, '')],
    ['ptrace scope', ptraceScope(capabilities)],
    ['tracer', tracer(capabilities)],
    ['open files', openFiles(capabilities, limits)],
    ['locked memory', lockedMemory(limits)],
  ];
  return rows.map(([name, [state, because, cure]]) => ({ name, state, because, cure }));
}

/** The command again, as the same user, with one capability more: less than a setting that is for everybody. */
function withCapability(number: number): string {
  const flags = `--inh-caps=+cap_${number} --ambient-caps=+cap_${number}`;
  return `sudo setpriv --reuid=$(id -u) --regid=$(id -g) --init-groups ${flags} prof-tui PID`;
}

// Bit numbers of include/uapi/linux/capability.h; old setpriv does not know the names of the newer ones.
const CAP_SYSLOG = 34;
const CAP_PERFMON = 38;

/** Kernel samples are refused by perf_event_paranoid, and by nothing that comes before it. */
function isParanoidInTheWay(capabilities: Capabilities): boolean {
  return /^perf_event_paranoid/.test(kernelSamplesShut(capabilities)?.because ?? '');
}

function perfmon(capabilities: Capabilities): State {
  if (capabilities.facts.hasPerfmon) return ['allowed', 'held'];
  if (!isParanoidInTheWay(capabilities)) return ['passed', 'not held'];
  return ['refused', 'not held', withCapability(CAP_PERFMON)];
}

function paranoid(capabilities: Capabilities): State {
  const { paranoid: value } = capabilities.facts;
  if (value === undefined) return ['unknown', 'this kernel has no perf_events'];
  if (isParanoidInTheWay(capabilities)) {
    return ['refused', `${value}, needs ≤ 1`, 'sudo sysctl kernel.perf_event_paranoid=1'];
  }
  return [value <= 1 ? 'allowed' : 'passed', String(value)];
}

function syslog({ kernelSymbols, facts }: Capabilities): State {
  if (facts.hasSyslog) return ['allowed', 'held'];
  const would = kernelSymbols === 'hidden' && (facts.kptrRestrict ?? 0) < 2;
  return would ? ['hidden', 'not held', withCapability(CAP_SYSLOG)] : ['passed', 'not held'];
}

function kptr(capabilities: Capabilities): State {
  const { kptrRestrict: value, hasSyslog } = capabilities.facts;
  if (value === undefined) return ['unknown', 'no such setting'];
  const highest = hasSyslog ? 1 : 0;
  const isHiding = capabilities.kernelSymbols === 'hidden' && value > highest;
  if (isHiding)
    return ['hidden', `${value}, needs ≤ ${highest}`, `sudo sysctl kernel.kptr_restrict=${highest}`];
  // Masked or unreadable: kallsyms itself says why (the gate `kernel symbols`).
  return [value === 0 || kernelSymbolsShut(capabilities) === undefined ? 'allowed' : 'passed', String(value)];
}

function ownSeccomp(capabilities: Capabilities): State {
  const { facts, probe } = capabilities;
  if (!facts.ownSeccomp) return ['allowed', 'no filter'];
  const isFiltered = (because: string | undefined): boolean => /seccomp filter/.test(because ?? '');
  const calls = [
    isFiltered(userSamplesShut(capabilities)?.because)
      ? `perf_event_open (${errnoName(probe.userSelf)})`
      : '',
    probe.ptrace === 0 ? '' : `ptrace (${errnoName(probe.ptrace)})`,
    /process_vm_readv/.test(snapshotsShut(capabilities)?.because ?? '')
      ? `process_vm_readv (${errnoName(probe.readMemory)})`
      : '',
  ].filter((call) => call !== '');
  if (calls.length === 0) return ['passed', 'a filter, it refuses nothing we need'];
  const capability = calls[0]?.startsWith('perf') ? 'PERFMON' : 'SYS_PTRACE';
  const cure = `run prof-tui outside the filter; in a container: --cap-add ${capability}`;
  return ['refused', `refuses ${calls.join(', ')}`, cure];
}

/** Its filter is the target's own matter: it may refuse calls that our code would make in it. */
function targetSeccomp({ facts }: Capabilities): State {
  return facts.targetSeccomp ? ['passed', 'a filter'] : ['allowed', 'no filter'];
}

function uidText({ facts }: Capabilities): string {
  if (facts.targetUid === undefined) return '';
  return facts.targetUid === facts.uid
    ? String(facts.uid)
    : `ours ${facts.uid}, the target’s ${facts.targetUid}`;
}

/** What the target is, is in the way when its threads or its events are refused for it. */
function targetRow(capabilities: Capabilities, reason: RegExp, text: string): State {
  const { facts } = capabilities;
  for (const shut of [userSamplesShut(capabilities), snapshotsShut(capabilities)]) {
    if (shut && reason.test(shut.because)) return ['refused', shut.because, shut.cure];
  }
  const isPassed =
    (reason.test('belongs to uid') && facts.targetUid !== undefined && facts.targetUid !== facts.uid) ||
    (reason.test('not dumpable') && !facts.targetDumpable);
  return [isPassed ? 'passed' : 'allowed', text];
}

function ptraceScope(capabilities: Capabilities): State {
  const { yamaScope } = capabilities.facts;
  if (yamaScope === undefined) return ['allowed', 'no Yama'];
  const shut = snapshotsShut(capabilities);
  if (shut && /yama/.test(shut.because)) return ['refused', String(yamaScope), shut.cure];
  return [yamaScope === 0 ? 'allowed' : 'passed', String(yamaScope)];
}

function tracer({ facts }: Capabilities): State {
  if (facts.tracerPid === 0) return ['allowed', 'none'];
  return ['refused', `traced by ${facts.tracerPid}`, `end process ${facts.tracerPid}`];
}

function openFiles({ facts }: Capabilities, limits: LimitProbe | undefined): State {
  const limit = facts.openFilesLimit;
  if (!limits || limits.openFiles < 0) return ['unknown', limit === undefined ? '' : String(limit)];
  if (limits.openFiles === 0) return ['allowed', limit === undefined ? '' : String(limit)];
  const raised = 2 ** Math.ceil(Math.log2((limit ?? 1024) * 4));
  return [
    'refused',
    `${limit ?? 'too few'}: too few for every thread on every CPU (${errnoName(limits.openFiles)})`,
    // The soft limit was raised already: what is short is the hard one.
    `sudo prlimit --pid $$ --nofile=${raised}:${raised}`,
  ];
}

function lockedMemory(limits: LimitProbe | undefined): State {
  if (!limits || limits.lockedMemory < 0) return ['unknown', ''];
  if (limits.lockedMemory === 0) return ['allowed', ''];
  return [
    'refused',
    `too little for the sample buffers (${errnoName(limits.lockedMemory)})`,
    'sudo prlimit --pid $$ --memlock=67108864:67108864',
  ];
}
