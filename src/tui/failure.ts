/** How a screen that did not end by its user ends the program. */
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Ending, raise } from './screen/ending.ts';

/** The screen broke; the message names the log that holds the stack. The terminal has been given back. */
export class LiveViewFailed extends Error {}

/**
 * Returns after an end by the user; a signal ends the process as it would have.
 * @throws LiveViewFailed
 */
export function endAs(ending: Ending): void {
  if (ending.kind === 'signal') raise(ending.signal);
  if (ending.kind === 'gone') raise('SIGHUP');
  if (ending.kind === 'error') throw failure(ending.error);
}

/** The stack goes to a file of its own, so that the message fits on a line. */
function failure(error: unknown): LiveViewFailed {
  const cause = error instanceof Error ? error : new Error(String(error));
  const path = join(mkdtempSync(join(tmpdir(), 'prof-tui-')), 'error.log');
  writeFileSync(path, `${cause.stack ?? cause.message}\n`, { mode: 0o600 });
  return new LiveViewFailed(`the live view failed: ${cause.message} (details in ${path})`, { cause });
}
