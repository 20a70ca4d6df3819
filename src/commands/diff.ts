/** `diff`: what changed between two files, as text on standard output or in a file. */
import { writeDiff } from '../export/diff-report.ts';
import type { Options } from '../options.ts';
import { openFile, runOf } from './open-file.ts';
import { openOutput, writeOutput } from './output-file.ts';

/** @throws CommandError */
export function diffCommand(first: string, second: string, options: Options): void {
  const [a, b] = [runOf(openFile(first)), runOf(openFile(second))];
  const output = openOutput({ ...options, format: 'text' });
  writeOutput(output, () => writeDiff(a, b, options.by));
}
