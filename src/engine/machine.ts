/**
 * Facts of this machine and of our own rights, read to NAME a cure. What is allowed is never decided from them:
 * the probe tries (native/capture/probe.h).
 */
import { closeSync, openSync, readFileSync, readlinkSync, readSync } from 'node:fs';
import type { KernelSymbolsState } from '../symbolize/protocol.ts';
import type { Shut } from './gates.ts';
import type { Probe } from './native.ts';
import { ownerOf } from './target.ts';

export interface MachineFacts {
  /** Undefined when the file is absent: a kernel without perf_events. */
  readonly paranoid: number | undefined;
  readonly kptrRestrict: number | undefined;
  readonly maxSampleRate: number | undefined;
  readonly yamaScope: number | undefined;
  readonly uid: number;
  readonly hasPerfmon: boolean;
  readonly hasSyslog: boolean;
  readonly hasPtrace: boolean;
  readonly ownSeccomp: boolean;
  readonly openFilesLimit: number | undefined;
  /** The target's effective uid; undefined when unknown. A root-owned /proc entry of another uid means not dumpable. */
  readonly targetUid: number | undefined;
  readonly targetDumpable: boolean;
  readonly targetSeccomp: boolean;
  /** The target's filter may be the one we run under ourselves: as many filters, the same namespaces and group. */
  readonly sharesOurFilter: boolean;
  readonly targetIs64Bit: boolean;
  /** The target's threads keep a shadow stack (CET). */
  readonly targetShadowStack: boolean;
  readonly targetStopped: boolean;
  readonly tracerPid: number;
}

/** Everything `select` and `doctor` decide from: what trying gave, and the facts that name cures. */
export interface Capabilities {
  readonly probe: Probe;
  readonly kernelSymbols: KernelSymbolsState;
  readonly facts: MachineFacts;
  /** The user allows code of ours in the target. */
  readonly mayInject: boolean;
  /** Rungs that were allowed and yet did not open, by `rungName` of select.ts. */
  readonly openRefusals: Readonly<Record<string, Shut>>;
}

// Bit numbers of include/uapi/linux/capability.h.
const capabilityBits = { ptrace: 19n, sysAdmin: 21n, syslog: 34n, perfmon: 38n } as const;

function readSysctl(name: string): number | undefined {
  try {
    return Number(readFileSync(`/proc/sys/kernel/${name}`, 'latin1'));
  } catch {
    return undefined;
  }
}

/** The fields of /proc/PID/status by name; empty when the process is gone. */
export function readStatus(pid: number | 'self'): Map<string, string> {
  const fields = new Map<string, string>();
  try {
    for (const line of readFileSync(`/proc/${pid}/status`, 'latin1').split('\n')) {
      const colon = line.indexOf(':');
      if (colon > 0) fields.set(line.slice(0, colon), line.slice(colon + 1).trim());
    }
  } catch {
    // Gone: no fields.
  }
  return fields;
}

function openFilesLimit(): number | undefined {
  const line = /^Max open files\s+\S+\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'latin1'));
  return line ? Number(line[1]) : undefined;
}

/** The same rule as native/capture/injector/target_view.cc, which has the last word. */
function sharesFilter(
  pid: number,
  own: ReadonlyMap<string, string>,
  target: ReadonlyMap<string, string>,
): boolean {
  // Kernels before 5.9 do not count the filters.
  if (!target.has('Seccomp_filters')) return false;
  const fields = ['Seccomp', 'Seccomp_filters', 'NoNewPrivs'];
  if (fields.some((field) => target.get(field) !== own.get(field))) return false;
  try {
    const sameNamespace = (kind: string) =>
      readlinkSync(`/proc/${pid}/ns/${kind}`) === readlinkSync(`/proc/self/ns/${kind}`);
    const cgroupOf = (process: number | 'self') => readFileSync(`/proc/${process}/cgroup`, 'latin1');
    return ['pid', 'mnt', 'user'].every(sameNamespace) && cgroupOf(pid) === cgroupOf('self');
  } catch {
    return false;
  }
}

/** By the ELF header of the executable: class 2, machine 62 (EM_X86_64). Unreadable counts as yes. */
function is64Bit(pid: number): boolean {
  const header = Buffer.alloc(20);
  try {
    const file = openSync(`/proc/${pid}/exe`, 'r');
    const size = readSync(file, header, 0, header.length, 0);
    closeSync(file);
    return size < header.length || (header[4] === 2 && header.readUInt16LE(18) === 62);
  } catch {
    return true;
  }
}

export function readMachineFacts(pid: number): MachineFacts {
  const own = readStatus('self');
  const target = readStatus(pid);
  const effective = BigInt(`0x${own.get('CapEff') ?? '0'}`);
  const has = (bit: bigint): boolean => (effective & (1n << bit)) !== 0n;
  const targetUid = target.get('Uid')?.split('\t')[1];
  return {
    paranoid: readSysctl('perf_event_paranoid'),
    kptrRestrict: readSysctl('kptr_restrict'),
    maxSampleRate: readSysctl('perf_event_max_sample_rate'),
    yamaScope: readSysctl('yama/ptrace_scope'),
    uid: process.geteuid?.() ?? 0,
    hasPerfmon: has(capabilityBits.perfmon) || has(capabilityBits.sysAdmin),
    hasSyslog: has(capabilityBits.syslog),
    hasPtrace: has(capabilityBits.ptrace),
    ownSeccomp: Number(own.get('Seccomp') ?? 0) !== 0,
    openFilesLimit: openFilesLimit(),
    targetUid: targetUid === undefined ? undefined : Number(targetUid),
    // The kernel gives /proc/PID of a non-dumpable process to root. proc(5).
    targetDumpable: targetUid === undefined || Number(targetUid) === 0 || ownerOf(pid) === Number(targetUid),
    targetSeccomp: Number(target.get('Seccomp') ?? 0) !== 0,
    sharesOurFilter: sharesFilter(pid, own, target),
    targetIs64Bit: is64Bit(pid),
    targetShadowStack: (target.get('x86_Thread_features') ?? '').includes('shstk'),
    targetStopped: /^[Tt]/.test(target.get('State') ?? ''),
    tracerPid: Number(target.get('TracerPid') ?? 0),
  };
}
