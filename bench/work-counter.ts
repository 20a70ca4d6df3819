/** How much work a fixture gets done, from a counter that it keeps. */
import { spawnSync } from 'node:child_process';
import { closeSync, openSync, readFileSync, readlinkSync, readSync } from 'node:fs';
import { livingCpuNs, waitForCpu } from '../test/helpers/truth.ts';

const windowCpuNs = 0.7e9;

/** Work units per ns of the target's own CPU, over a window of it. */
export async function unitsPerCpu(pid: number, readUnits: () => number): Promise<number> {
  const [units, cpuNs] = [readUnits(), livingCpuNs(pid)];
  await waitForCpu(pid, windowCpuNs);
  return (readUnits() - units) / (livingCpuNs(pid) - cpuNs);
}

/** The u64 in the target's memory that a variable of this name is: reading it costs the target nothing. */
export function workCounter(pid: number, name: string): { read(): number; close(): void } {
  const binary = readlinkSync(`/proc/${pid}/exe`);
  const { stdout } = spawnSync('nm', [binary], { encoding: 'utf8' });
  const [, offset] = new RegExp(`^([0-9a-f]+) [bBdD] ${name}$`, 'm').exec(stdout) ?? [];
  const [, base] = /^([0-9a-f]+)-/.exec(readFileSync(`/proc/${pid}/maps`, 'utf8')) ?? [];
  if (offset === undefined || base === undefined) throw new Error(`no variable ${name} in ${binary}`);
  const address = BigInt(`0x${base}`) + BigInt(`0x${offset}`);
  const memory = openSync(`/proc/${pid}/mem`, 'r');
  const bytes = Buffer.alloc(8);
  const read = () => {
    readSync(memory, bytes, { position: address });
    return Number(bytes.readBigUInt64LE());
  };
  return { read, close: () => closeSync(memory) };
}

/** Bytes that a process has written so far, for programs that write one for each unit: /proc/PID/io, wchar. */
export function bytesWritten(pid: number): number {
  const [, bytes] = /^wchar: (\d+)$/m.exec(readFileSync(`/proc/${pid}/io`, 'utf8')) ?? [];
  return Number(bytes);
}
