/**
 * The processes of this machine for the picker: reads /proc and nothing else, so it disturbs nobody. What does not change
 * while a process runs one program is read once; its CPU is the difference between two readings.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { cleanText } from '../profile/clean-text.ts';
import { containerOf } from './container.ts';
import { readStatus } from './machine.ts';
import { ProcessRuntimes } from './process-runtime.ts';
import { type ProcessStat, readCommand, readProcessStat } from './target.ts';

export interface ProcessRow {
  readonly pid: number;
  readonly name: string;
  /** Command line, cleaned of control characters; the name where there is none. */
  readonly command: string;
  readonly user: string;
  /** '' outside of any container that can be told. */
  readonly container: string;
  /** `node`, `java`, `python`, `go` …; '' when none can be told. */
  readonly runtime: string;
  readonly threads: number;
  readonly residentBytes: number;
  readonly cpuTimeNs: number;
  /** Of one core, since the reading before; undefined at the first one. */
  readonly cpuShare: number | undefined;
}

interface Known {
  readonly stat: ProcessStat;
  readonly words: Pick<ProcessRow, 'name' | 'command' | 'user' | 'container' | 'runtime'>;
}

// USER_HZ and the page size of x86-64.
const tickNs = 1e7;
const pageBytes = 4096;

export class ProcessList {
  #known = new Map<number, Known>();
  readonly #runtimes = new ProcessRuntimes();
  #users: ReadonlyMap<number, string> | undefined;
  #readAtMs = 0;

  /** Every process with user code that runs now, but not ourselves; in no order. */
  read(nowMs: number): readonly ProcessRow[] {
    const before = this.#known;
    const spanNs = (nowMs - this.#readAtMs) * 1e6;
    this.#readAtMs = nowMs;
    this.#known = new Map();
    const rows: ProcessRow[] = [];
    for (const pid of pids()) {
      const stat = readProcessStat(pid);
      if (!stat || stat.isKernelThread || 'ZX'.includes(stat.state) || pid === process.pid) continue;
      const old = before.get(pid);
      const same = old?.stat.startTicks === stat.startTicks ? old : undefined;
      // An exec is another program under the same pid; its name changes with it.
      const words = same?.stat.name === stat.name ? same.words : this.#wordsOf(pid, stat);
      this.#known.set(pid, { stat, words });
      const cpuShare = same && spanNs > 0 ? (cpuNs(stat) - cpuNs(same.stat)) / spanNs : undefined;
      const { threads, residentPages } = stat;
      const residentBytes = residentPages * pageBytes;
      rows.push({ pid, ...words, threads, residentBytes, cpuTimeNs: cpuNs(stat), cpuShare });
    }
    return rows;
  }

  #wordsOf(pid: number, stat: ProcessStat): Known['words'] {
    const status = readStatus(pid);
    const uid = Number(status.get('Uid')?.split('\t')[1] ?? -1);
    const name = cleanText(stat.name);
    // A process that sees another pid than we do lives in a pid namespace of its own.
    const isApart = /\s/.test(status.get('NSpid') ?? '');
    const container = containerOf(readText(`/proc/${pid}/cgroup`)) || (isApart ? 'pid namespace' : '');
    const runtime = this.#runtimes.of(pid);
    return { name, command: readCommand(pid) || name, user: this.#userOf(uid), container, runtime };
  }

  #userOf(uid: number): string {
    this.#users ??= new Map(
      readText('/etc/passwd')
        .split('\n')
        .map((line) => line.split(':'))
        .map(([name = '', , id]) => [Number(id), cleanText(name)] as const),
    );
    return uid < 0 ? '?' : (this.#users.get(uid) ?? String(uid));
  }
}

function pids(): readonly number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number);
}

function cpuNs({ userTicks, systemTicks }: ProcessStat): number {
  return (userTicks + systemTicks) * tickNs;
}

/** '' for a file that cannot be read: the process has ended, or hides it. */
function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
