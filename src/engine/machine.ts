/**
 * Facts of this machine and of our own rights, read to NAME a cure. What is allowed is never decided from them:
 * the probe tries (native/capture/probe.h).
 */
import { readFileSync } from 'node:fs';
import type { KernelSymbolsState } from '../symbolize/protocol.ts';
import type { Shut } from './gates.ts';
import type { Probe } from './native.ts';
import type { EngineName } from './status.ts';
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
  readonly tracerPid: number;
}

/** Everything `select` and `doctor` decide from: what trying gave, and the facts that name cures. */
export interface Capabilities {
  readonly probe: Probe;
  readonly kernelSymbols: KernelSymbolsState;
  readonly facts: MachineFacts;
  /** Engines that were allowed and yet did not open. */
  readonly openRefusals: Partial<Record<EngineName, Shut>>;
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
    tracerPid: Number(target.get('TracerPid') ?? 0),
  };
}
