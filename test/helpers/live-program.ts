/**
 * test/helpers/live-entry.ts as a program, bundled once per test file, so that each of the many terminals of a test starts
 * as fast as the product does.
 */
import { join } from 'node:path';
import { bundleProgram } from './bundle-program.ts';
import { openTerminal, type TerminalOptions, type TestTerminal } from './terminal.ts';

const bundle = await bundleProgram(join(import.meta.dirname, 'live-entry.ts'));

export type Story =
  | 'still'
  | 'node'
  | 'timed'
  | 'warned'
  | 'picker'
  | 'picker-late'
  | 'launched'
  | 'live'
  | 'many'
  | 'hostile'
  | 'hostile-places'
  | 'empty'
  | 'one'
  | 'wide'
  | 'deep'
  | 'ends'
  | 'late-names'
  | 'throws-in-render'
  | 'throws-in-timer'
  | 'rejects'
  | 'talks';

/** The words of a shell that start a story. */
export function liveCommand(story: Story, ...flags: readonly string[]): readonly string[] {
  return [process.execPath, bundle, story, ...flags];
}

export function openLive(
  story: Story,
  options: TerminalOptions & { readonly flags?: readonly string[] } = {},
): TestTerminal {
  return openTerminal(liveCommand(story, ...(options.flags ?? [])), options);
}
