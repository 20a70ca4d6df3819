/**
 * Closes the gates of this machine for one command: each function gives the words to put before it. No gate here
 * touches the machine itself (sysctl.ts does), so such tests can run beside each other.
 */
import { chmodSync, cpSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { buildFixture } from './fixtures.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

export type RefusedCall =
  | 'perf_event_open'
  | 'ptrace'
  | 'process_vm_readv'
  | 'timer_create'
  | 'timer_settime'
  | 'memfd_create'
  | 'rt_sigaction'
  | 'pidfd_open'
  | 'mmap_exec'
  | 'mprotect_exec';

/** The command and its children get this error from these system calls (`kill`: they are killed by SIGSYS). */
export function refusing(
  error: 'EPERM' | 'EACCES' | 'ENOSYS' | 'ENOMEM' | 'EMFILE' | 'kill',
  ...calls: RefusedCall[]
): string[] {
  return [buildFixture('noperf'), error, ...calls, '--'];
}

/** An ordinary user without any right but these capabilities. PERFMON goes by number: old setpriv lacks its name. */
export function asNobody(...capabilities: ('cap_38' | 'syslog' | 'sys_ptrace' | 'ipc_lock')[]): string[] {
  const list = capabilities.map((capability) => `+${capability}`).join(',');
  const kept = list === '' ? [] : [`--inh-caps=${list}`, `--ambient-caps=${list}`];
  return ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups', ...kept];
}

/** Root of a new user namespace: looks like root, has no right outside. */
export function inUserNamespace(): string[] {
  return ['unshare', '-Ur'];
}

/** Resource limits, soft and hard: open files, bytes of locked memory. */
export function limited(limits: { readonly openFiles?: number; readonly lockedBytes?: number }): string[] {
  const flags = [
    limits.openFiles === undefined ? [] : [`--nofile=${limits.openFiles}:${limits.openFiles}`],
    limits.lockedBytes === undefined ? [] : [`--memlock=${limits.lockedBytes}:${limits.lockedBytes}`],
  ];
  return ['prlimit', ...flags.flat()];
}

/** True when the test may go on; else it is skipped with its reason. In CI root is a must, so there it throws. */
export function mayActAsRoot(t: TestContext, reason: string): boolean {
  if (process.getuid?.() === 0) return true;
  if (process.env['CI'] !== undefined) throw new Error(`needs root: ${reason}`);
  t.skip(`needs root: ${reason}`);
  return false;
}

/**
 * A copy of the built program that every user may read, since the clone may lie in a private folder.
 * @returns path of its bin/prof-tui.js
 */
export function installForEveryone(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'prof-tui-public-'));
  t.after(() => rmSync(folder, { recursive: true }));
  for (const part of ['package.json', 'bin', 'dist', 'native/build/Release']) {
    cpSync(join(root, part), join(folder, part), {
      recursive: true,
      filter: (source) => !source.includes('obj.target') && !source.includes('/.deps'),
    });
  }
  openToAll(folder);
  return join(folder, 'bin/prof-tui.js');
}

function openToAll(path: string): void {
  const isFolder = statSync(path).isDirectory();
  chmodSync(path, isFolder ? 0o755 : statSync(path).mode | 0o444);
  if (isFolder) for (const name of readdirSync(path)) openToAll(join(path, name));
}
