/** `open` and `export`: a file on the screen, as a report where there is no screen, or in another format. */
import type { Options } from '../options.ts';
import { hasScreen, showSession } from './live.ts';
import { openFile, runOf } from './open-file.ts';
import { openOutput, writeOutput } from './output-file.ts';
import { filesOfRecording } from './session-files.ts';
import { piecesOf } from './write-format.ts';

/** Shows the file in the live view's screen; without a terminal it is the text report on standard output. */
export async function openCommand(path: string, options: Options): Promise<void> {
  if (!hasScreen()) return exportCommand(path, { ...options, format: options.format ?? 'text' });
  const opened = openFile(path);
  const { session } = opened;
  opened.start();
  await showSession(
    session,
    options,
    filesOfRecording(session, options, () => runOf(opened)),
  );
}

/** Writes the file anew in another format. */
export async function exportCommand(path: string, options: Options): Promise<void> {
  const opened = openFile(path);
  await opened.finish();
  const run = runOf(opened);
  const output = openOutput(options);
  const writing = { byThread: options.threads, program: new URL('./', import.meta.url) };
  writeOutput(output, () => piecesOf(output.format, run, writing));
}
