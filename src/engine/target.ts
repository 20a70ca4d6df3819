/** The target as /proc shows it: whether it can be profiled at all, and who it is. Read once, at attach. */
import { readFileSync, readlinkSync, statSync } from 'node:fs';
import { cleanText } from '../profile/clean-text.ts';
import type { Target } from './status.ts';

/** Why a pid cannot be a target; `exitCode` is the program's. */
export class TargetRefused extends Error {
  readonly exitCode: number;
  constructor(message: string, exitCode: number) {
    super(message);
    this.exitCode = exitCode;
  }
}

export interface ProcessStat {
  readonly name: string;
  readonly state: string;
  readonly isKernelThread: boolean;
  /** CPU time in clock ticks (100 a second). */
  readonly userTicks: number;
  readonly systemTicks: number;
  /** Of children that have ended and were waited for, and of theirs. */
  readonly waitedTicks: number;
  readonly parent: number;
  readonly startTicks: number;
  readonly threads: number;
  readonly residentPages: number;
}

const kernelThreadFlag = 0x00200000; // PF_KTHREAD, include/linux/sched.h

/** Fields of /proc/PID/stat; undefined when the process is gone. proc_pid_stat(5). */
export function readProcessStat(pid: number): ProcessStat | undefined {
  let text: string;
  try {
    text = readFileSync(`/proc/${pid}/stat`, 'latin1');
  } catch {
    return undefined;
  }
  const open = text.indexOf('(');
  const close = text.lastIndexOf(')');
  const fields = text.slice(close + 2).split(' ');
  const number = (index: number): number => Number(fields[index]);
  return {
    name: text.slice(open + 1, close),
    state: fields[0] as string,
    isKernelThread: (number(6) & kernelThreadFlag) !== 0,
    userTicks: number(11),
    systemTicks: number(12),
    waitedTicks: number(13) + number(14),
    parent: number(1),
    startTicks: number(19),
    threads: number(17),
    residentPages: number(21),
  };
}

/** Owner of the process's files in /proc: its effective uid, or root when it is not dumpable. Undefined when gone. */
export function ownerOf(pid: number): number | undefined {
  try {
    // The folder itself keeps the uid; what is in it does not. task_dump_owner(), fs/proc/base.c.
    return statSync(`/proc/${pid}/maps`).uid;
  } catch {
    return undefined;
  }
}

/** @throws TargetRefused when there is nothing to profile at this pid */
export function describeTarget(pid: number): Target {
  if (pid === process.pid) {
    throw new TargetRefused(`${pid} is prof-tui itself: choose another process`, 2);
  }
  const stat = readProcessStat(pid);
  if (!stat) throw new TargetRefused(`no such process: ${pid} (see \`ps\` for what runs)`, 3);
  if (stat.isKernelThread) {
    throw new TargetRefused(
      `${pid} (${cleanText(stat.name)}) is a kernel thread: it has no user code; use \`perf top -t ${pid}\``,
      1,
    );
  }
  if (stat.state === 'Z' || stat.state === 'X') {
    throw new TargetRefused(
      `${pid} (${cleanText(stat.name)}) is a zombie: it has ended and waits for its parent`,
      3,
    );
  }
  return {
    pid,
    name: cleanText(stat.name),
    exe: readExe(pid),
    command: readCommand(pid) || cleanText(stat.name),
    startedAt: startedAt(stat.startTicks),
  };
}

function readExe(pid: number): string {
  try {
    return cleanText(readlinkSync(`/proc/${pid}/exe`));
  } catch {
    return '';
  }
}

/** The command line in one line, cleaned; '' where it is empty or cannot be read. */
export function readCommand(pid: number): string {
  try {
    const words = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
    return cleanText(words.join(' ').trim());
  } catch {
    return '';
  }
}

function startedAt(startTicks: number): string {
  const boot = /^btime (\d+)$/m.exec(readFileSync('/proc/stat', 'latin1'))?.[1];
  const seconds = Number(boot ?? 0) + startTicks / 100;
  return new Date(seconds * 1000).toISOString();
}
