/** Processes that stand still: what the picker looks like with them is known. */
import type { ProcessRow } from '../../src/engine/process-list.ts';
import type { ProcessSource } from '../../src/tui/picker.ts';

function row(pid: number, command: string, change: Partial<ProcessRow> = {}): ProcessRow {
  return {
    pid,
    name: command.split(' ')[0] ?? '',
    command,
    user: 'app',
    container: '',
    runtime: '',
    threads: 1,
    residentBytes: 18 * 2 ** 20,
    cpuTimeNs: 1e9,
    cpuShare: 0.01,
    ...change,
  };
}

const rows: readonly ProcessRow[] = [
  row(4242, 'node /srv/app/server.js --port 80', {
    runtime: 'Node.js',
    cpuShare: 0.987,
    threads: 11,
    cpuTimeNs: 723e9,
  }),
  row(771, 'postgres: writer', { container: 'docker 3f2a9c81d4e7', cpuShare: 0.31, user: 'postgres' }),
  row(900, 'java -jar \x1b[2Jsearch.jar', { threads: 64, residentBytes: 2.4 * 2 ** 30, cpuShare: 0.12 }),
  row(1, 'init', { user: 'root', cpuShare: 0 }),
  ...Array.from({ length: 300 }, (_, at) => row(2000 + at, `worker --shard ${at}`, { cpuShare: 0.001 })),
];

export const syntheticProcesses: ProcessSource = {
  read: () => rows,
  look: (pid) =>
    pid === 1
      ? { runs: undefined, limits: [{ because: 'not yours: it runs as root', cure: 'sudo prof-tui 1' }] }
      : {
          runs: 'ctimer (timer_create in the target)',
          limits: [{ because: 'perf_event_paranoid=2', cure: 'sudo sysctl kernel.perf_event_paranoid=1' }],
        },
};
