/** From what the user typed to one process: a pid, or a part of a name that fits just one. */
import { readdirSync, readFileSync } from 'node:fs';
import type { Target } from '../engine/status.ts';
import { describeTarget, readProcessStat, TargetRefused } from '../engine/target.ts';
import { UsageError } from '../options.ts';

/** @throws UsageError, TargetRefused */
export function findTarget(text: string): Target {
  if (/^\d+$/.test(text)) {
    const pid = Number(text);
    // Above pid_max nothing can be: the kernel's limit is 2^22.
    if (pid === 0 || pid > 4_194_304) throw new TargetRefused(`no such process: ${text}`, 3);
    return describeTarget(mainThreadOf(pid));
  }
  if (/^[-+]?[\d.]+$/.test(text)) throw new UsageError(`not a pid: ${text}`);
  return describeTarget(findByName(text));
}

/** A thread id names its process, as kill and perf take it. */
function mainThreadOf(pid: number): number {
  try {
    const group = /^Tgid:\s+(\d+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1];
    return group === undefined ? pid : Number(group);
  } catch {
    return pid;
  }
}

function findByName(part: string): number {
  const own = new Set([process.pid, process.ppid]);
  const found = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((name) => ({ pid: Number(name), stat: readProcessStat(Number(name)) }))
    .filter(({ pid, stat }) => stat && !stat.isKernelThread && stat.state !== 'Z' && !own.has(pid))
    .map(({ pid, stat }) => ({ pid, name: stat?.name ?? '', command: commandOf(pid) }));
  const exact = found.filter(({ name }) => name === part);
  const matches = exact.length > 0 ? exact : found.filter(({ name }) => name.includes(part));
  const wide = matches.length > 0 ? matches : found.filter(({ command }) => command.includes(part));
  const [first, second] = wide;
  if (!first)
    throw new TargetRefused(`no such process: nothing that runs is called ${JSON.stringify(part)}`, 3);
  if (second) {
    const list = wide.slice(0, 5).map(({ pid, name }) => `${pid} ${name}`);
    throw new UsageError(
      `${JSON.stringify(part)} fits ${wide.length} processes (${list.join(', ')}…): give the pid`,
    );
  }
  return first.pid;
}

function commandOf(pid: number): string {
  try {
    // The last words of our own launcher hold the searched text too; only the program's own path counts.
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0')[0] ?? '';
  } catch {
    return '';
  }
}
