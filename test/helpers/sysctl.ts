/**
 * Kernel settings belong to the whole machine: whoever profiles holds the machine lock shared, whoever changes a
 * setting holds it exclusive, across test files and checkouts. Old values come back in `finally`, and by a guard
 * process of its own session when this one is killed: it waits for its pipe to close.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';

const lockFile = '/tmp/prof-tui-sysctl.lock';

/** Runs `work` while nobody changes kernel settings: hold it from before a recording until its names are read. */
export async function withSteadyMachine<T>(work: () => Promise<T>): Promise<T> {
  const guard = await startGuard('--shared', []);
  try {
    return await work();
  } finally {
    await endGuard(guard);
  }
}

/**
 * Runs `work` with these kernel settings (`kernel.kptr_restrict`: 2), alone on the machine. Needs root.
 * Do not call it inside withSteadyMachine: it would wait for itself.
 */
export async function withSysctls<T>(
  settings: Readonly<Record<string, number>>,
  work: () => Promise<T>,
): Promise<T> {
  const files = Object.keys(settings).map(fileOf);
  const guard = await startGuard('--exclusive', files);
  const oldValues = files.map((file) => readFileSync(file, 'utf8'));
  try {
    for (const [name, value] of Object.entries(settings)) writeFileSync(fileOf(name), `${value}\n`);
    return await work();
  } finally {
    files.forEach((file, index) => {
      writeFileSync(file, oldValues[index] ?? '');
    });
    await endGuard(guard);
  }
}

export function readSysctl(name: string): number {
  return Number(readFileSync(fileOf(name), 'utf8'));
}

function fileOf(name: string): string {
  return `/proc/sys/${name.replaceAll('.', '/')}`;
}

/**
 * The guard takes the lock, notes the values, says so, and sleeps on its standard input; at its end it writes the
 * values back and only then lets the lock go. Signals of the terminal do not reach it.
 */
const guardScript = `
trap '' INT TERM HUP
old=
for file in "$@"; do old="$old $(cat "$file")"; done
echo locked
cat > /dev/null
for value in $old; do echo "$value" > "$1"; shift; done
`;

async function startGuard(mode: '--shared' | '--exclusive', files: readonly string[]): Promise<ChildProcess> {
  const args = [mode, lockFile, 'sh', '-c', guardScript, 'guard', ...files];
  const guard = spawn('flock', args, { stdio: ['pipe', 'pipe', 'inherit'], detached: true });
  const [first] = await Promise.race([
    once(guard.stdout as NonNullable<typeof guard.stdout>, 'data'),
    once(guard, 'exit').then(([code]) => {
      throw new Error(`the sysctl guard ended with ${code}`);
    }),
  ]);
  if (String(first).trim() !== 'locked') throw new Error(`the sysctl guard said: ${first}`);
  return guard;
}

async function endGuard(guard: ChildProcess): Promise<void> {
  const exited = once(guard, 'exit');
  guard.stdin?.end();
  await exited;
}
