/**
 * Tools of the machine that a test needs: missing ones are a skip that names the Debian package, and a failure in
 * CI, which installs them.
 */
import { spawnSync } from 'node:child_process';
import type { TestContext } from 'node:test';

/** True when the command can be run; else the test is skipped (in CI: throws). */
export function hasTool(t: TestContext, command: string, debianPackage: string): boolean {
  if (spawnSync('sh', ['-c', `command -v ${command}`]).status === 0) return true;
  return hasNot(t, `needs ${command} (Debian package ${debianPackage})`);
}

/** The same for what a command of this repository installs. */
export function hasPart(t: TestContext, isThere: boolean, command: string): boolean {
  return isThere || hasNot(t, `needs \`${command}\``);
}

function hasNot(t: TestContext, reason: string): false {
  if (process.env['CI'] !== undefined) throw new Error(reason);
  t.skip(reason);
  return false;
}
