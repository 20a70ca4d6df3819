/** `diff`: what changed between two files: the difference view on a terminal, else a report on standard output or in a file. */
import { basename } from 'node:path';
import { comparability, writeDiff } from '../export/diff-report.ts';
import type { Options } from '../options.ts';
import { comparison } from '../replay/comparison.ts';
import { hasScreen, showSession } from './live.ts';
import { openFile, runOf } from './open-file.ts';
import { openOutput, writeOutput } from './output-file.ts';
import { filesOfComparison } from './session-files.ts';

/** @throws CommandError */
export async function diffCommand(first: string, second: string, options: Options): Promise<void> {
  const files = [openFile(first), openFile(second)] as const;
  for (const file of files) await file.finish();
  const [a, b] = [runOf(files[0]), runOf(files[1])];
  const report = (): Iterable<string> => writeDiff(a, b, options.by);
  if (!hasScreen() || options.output !== undefined) {
    writeOutput(openOutput({ ...options, format: 'text' }), report);
    return;
  }
  const [before, after] = namesOf(first, second);
  const session = comparison(
    { name: before, session: files[0].session },
    { name: after, session: files[1].session },
    comparability(a, b),
  );
  await showSession(session, options, filesOfComparison(session, options, report));
}

/** As short as tells them apart. */
function namesOf(first: string, second: string): readonly [string, string] {
  const [a, b] = [basename(first), basename(second)];
  return a === b ? [first, second] : [a, b];
}
