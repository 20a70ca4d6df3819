/**
 * The gates of this machine: for each thing that can refuse us, its state as found by trying, the cause, and the one
 * cure that opens it. A cure is never given for a gate that is open. Pure: capabilities in, gates out.
 */
import { errnoName } from './errno.ts';
import type { Capabilities } from './machine.ts';
import type { NativeRefusal } from './native.ts';
import type { Gate } from './status.ts';

const ESRCH = 3;

/** Why a gate is shut, and what opens it. */
export interface Shut {
  readonly because: string;
  readonly cure: string | undefined;
}

const asRoot = 'sudo prof-tui PID';

/** Why kernel + user samples of the target are refused; undefined when they are allowed. */
export function kernelSamplesShut(capabilities: Capabilities): Shut | undefined {
  const { probe, facts } = capabilities;
  if (probe.fullTarget === 0) return undefined;
  if (probe.fullTarget === ESRCH) return { because: 'the process has ended', cure: undefined };
  const blocked = perfBlocked(capabilities);
  if (blocked) return blocked;
  if (probe.userTarget !== 0) return targetShut(capabilities);
  return {
    because: `perf_event_paranoid=${facts.paranoid}, needs ≤ 1`,
    cure: 'sudo sysctl kernel.perf_event_paranoid=1',
  };
}

/** Why user-only samples of the target are refused; undefined when they are allowed. */
export function userSamplesShut(capabilities: Capabilities): Shut | undefined {
  if (capabilities.probe.userTarget === 0) return undefined;
  return perfBlocked(capabilities) ?? targetShut(capabilities);
}

/** perf_event_open is refused to us whatever the target. */
function perfBlocked({ probe, facts }: Capabilities): Shut | undefined {
  if (probe.userSelf === 0) return undefined;
  const errno = errnoName(probe.userSelf);
  if (facts.paranoid === undefined) return { because: 'this kernel has no perf_events', cure: undefined };
  if (facts.ownSeccomp) {
    return {
      because: `a seccomp filter refuses perf_event_open (${errno})`,
      cure: 'run prof-tui outside the filter; in a container: --cap-add PERFMON',
    };
  }
  if (facts.paranoid >= 3) {
    return {
      because: `perf_event_paranoid=${facts.paranoid}, needs ≤ 1`,
      cure: 'sudo sysctl kernel.perf_event_paranoid=1',
    };
  }
  return { because: `perf_event_open says ${errno}`, cure: asRoot };
}

/** perf works, but not on this target. */
function targetShut({ facts }: Capabilities): Shut {
  if (!facts.targetDumpable) return { because: 'the target is not dumpable', cure: asRoot };
  if (facts.targetUid !== undefined && facts.targetUid !== facts.uid) {
    return { because: `the target belongs to uid ${facts.targetUid}`, cure: asRoot };
  }
  return { because: 'the target is outside this user namespace', cure: 'run prof-tui on the host' };
}

/**
 * Why kallsyms does not name the kernel; undefined when it does. The rule is the kernel's kallsyms_show_value():
 * kptr_restrict 0 shows to whoever may profile the kernel or has CAP_SYSLOG, 1 to CAP_SYSLOG, 2 to nobody.
 */
export function kernelSymbolsShut({ kernelSymbols, facts }: Capabilities): Shut | undefined {
  if (kernelSymbols === 'shown') return undefined;
  if (kernelSymbols === 'missing') {
    return { because: 'kallsyms is empty (masked)', cure: 'unmask /proc/kallsyms in the container settings' };
  }
  if (kernelSymbols !== 'hidden') {
    return { because: `/proc/kallsyms ${kernelSymbols.replace('refused:', 'says ')}`, cure: asRoot };
  }
  const kptr = facts.kptrRestrict ?? 0;
  if (facts.hasSyslog) {
    return { because: `kptr_restrict=${kptr}`, cure: 'sudo sysctl kernel.kptr_restrict=1' };
  }
  if (facts.hasPerfmon) {
    const also = kptr >= 2 ? ' and sudo sysctl kernel.kptr_restrict=1' : '';
    return { because: `no CAP_SYSLOG, kptr_restrict=${kptr}`, cure: `add CAP_SYSLOG${also}` };
  }
  const needs: string[] = [];
  if (kptr !== 0) needs.push('kernel.kptr_restrict=0');
  if ((facts.paranoid ?? 0) >= 2) needs.push('kernel.perf_event_paranoid=1');
  const because =
    needs.length === 1 && kptr === 0 ? `perf_event_paranoid=${facts.paranoid}` : `kptr_restrict=${kptr}`;
  return { because, cure: needs.length > 0 ? `sudo sysctl ${needs.join(' ')}` : asRoot };
}

function ptraceShut({ probe, facts }: Capabilities): Shut | undefined {
  if (probe.ptrace !== 0) {
    return {
      because: `a seccomp filter refuses ptrace (${errnoName(probe.ptrace)})`,
      cure: 'run prof-tui outside the filter; in a container: --cap-add SYS_PTRACE',
    };
  }
  if (facts.tracerPid !== 0) {
    return { because: `the target is traced by ${facts.tracerPid}`, cure: `end process ${facts.tracerPid}` };
  }
  return undefined;
}

/** Why the target's memory, and with it where its threads sleep, cannot be read; undefined when it can. */
export function memoryShut(capabilities: Capabilities): Shut | undefined {
  const { probe, facts } = capabilities;
  if (probe.readMemory === 0) return undefined;
  const mayByOwner = facts.targetDumpable && facts.targetUid === facts.uid;
  if (!mayByOwner && !facts.hasPtrace) return targetShut(capabilities);
  if (facts.ownSeccomp) {
    return {
      because: `a seccomp filter refuses process_vm_readv (${errnoName(probe.readMemory)})`,
      cure: 'run prof-tui outside the filter; in a container: --cap-add SYS_PTRACE',
    };
  }
  if ((facts.yamaScope ?? 0) >= 1 && !facts.hasPtrace) {
    return {
      because: `yama.ptrace_scope=${facts.yamaScope}`,
      cure: 'prof-tui record -- CMD, or sudo sysctl kernel.yama.ptrace_scope=0',
    };
  }
  return targetShut(capabilities);
}

/** Why the target's threads cannot be stopped and read from outside; undefined when they can. */
export function snapshotsShut(capabilities: Capabilities): Shut | undefined {
  return ptraceShut(capabilities) ?? memoryShut(capabilities);
}

const seccompOfTarget: Shut = {
  because: 'target runs under a seccomp filter',
  cure: undefined,
};

/**
 * Why timers of ours cannot run inside the target; undefined when they can, as far as can be told without touching
 * it. Never harming the target comes first: what is not known to be safe is shut.
 */
export function injectionShut(capabilities: Capabilities): Shut | undefined {
  const { facts, mayInject } = capabilities;
  if (!mayInject) return { because: '--no-inject', cure: undefined };
  const shut = snapshotsShut(capabilities);
  if (shut) return shut;
  if (!facts.targetIs64Bit) return { because: 'the target is not a 64-bit x86 program', cure: undefined };
  if (facts.targetShadowStack) return { because: 'the target uses a shadow stack', cure: undefined };
  if (facts.targetStopped) return { because: 'the target is stopped', cure: 'kill -CONT PID' };
  if (facts.targetSeccomp && !facts.sharesOurFilter) return seccompOfTarget;
  return undefined;
}

/** Why timers in the target did not start, by the call that was refused (native/capture/injector). */
export function shutOfInjection({ syscall, errno }: NativeRefusal): Shut {
  const name = errnoName(errno);
  const because = injectionReasons[syscall] ?? `${syscall} is refused in the target (${name})`;
  return syscall === 'seccomp' ? seccompOfTarget : { because, cure: undefined };
}

const injectionReasons: Readonly<Record<string, string>> = {
  ctimer: 'another profiler samples this target',
  elf: 'the target is not a 64-bit x86 program',
  exec: 'the target became another program meanwhile',
  handler: 'an earlier profiler has not left the target yet',
  handshake: 'the target did not run in time',
  injector: 'the helper process for the attach did not run',
  mmap: 'the target may not map executable or shared memory',
  ptrace: 'no thread of the target can be stopped without disturbing it',
  shstk: 'the target uses a shadow stack',
  stack: 'a thread of the target has nearly no stack left',
  stopped: 'the target is stopped',
  vdso: 'the target has no room for our code',
};

/** Why an engine that was allowed did not open: a limit of this process, not a permission. */
export function shutOfOpen({ syscall, errno }: NativeRefusal): Shut {
  const name = errnoName(errno);
  if (name === 'EMFILE' || name === 'ENFILE') {
    return { because: 'no file descriptors are left (open files limit)', cure: 'ulimit -n 4096' };
  }
  if (syscall === 'mmap') {
    return {
      because: 'no locked memory is left for sample buffers',
      cure: 'sudo sysctl kernel.perf_event_mlock_kb=2064',
    };
  }
  return { because: `${syscall} says ${name}`, cure: asRoot };
}

/** Cures as they can be pasted: with the target's pid in place of the word. */
export function withPid<T extends { readonly cure: string | undefined }>(
  items: readonly T[],
  pid: number,
): T[] {
  return items.map((item) => ({ ...item, cure: item.cure?.replace('PID', String(pid)) }));
}

function gate(name: string, shut: Shut | undefined, shutState: Gate['state'] = 'refused'): Gate {
  if (!shut) return { name, state: 'allowed', because: '', cure: undefined };
  return { name, state: shutState, because: shut.because, cure: shut.cure };
}

/** Every gate, in the order in which they matter. */
export function listGates(capabilities: Capabilities): readonly Gate[] {
  return [
    gate('kernel samples', kernelSamplesShut(capabilities)),
    gate('user samples', userSamplesShut(capabilities)),
    gate('kernel symbols', kernelSymbolsShut(capabilities), 'hidden'),
    gate('ptrace', ptraceShut(capabilities)),
    gate('target memory', memoryShut(capabilities)),
    gate('target timers', injectionShut(capabilities)),
  ];
}
