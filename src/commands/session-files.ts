/** The files of a view: exports at a key, a recording that follows the session. All answers are lines for the footer. */
import { closeSync, existsSync, openSync } from 'node:fs';
import type { CaptureSession } from '../engine/session.ts';
import type { LiveSession } from '../engine/status.ts';
import type { RunSummary } from '../export/summary.ts';
import { type Format, formatOf, formatSpecs, type Options } from '../options.ts';
import type { ViewFiles } from '../tui/view-files.ts';
import { CommandError } from './command-error.ts';
import { exportApart } from './export-apart.ts';
import { openOutput, reasonOf, writeOutput } from './output-file.ts';
import { RecordingFile } from './recording-file.ts';
import { beginRun, summarizeRun } from './run-summary.ts';
import { piecesOf } from './write-format.ts';

/**
 * Of a session that captures.
 * @param push has something to say to the user, too
 */
export function filesOfSession(
  session: CaptureSession,
  options: Options,
  push?: { onNews(say: (line: string) => void): void },
): ViewFiles {
  const begin = beginRun(session);
  let say = (_: string): void => {};
  let running: { readonly path: string; readonly fd: number; readonly file: RecordingFile } | undefined;
  const end = (): string => {
    if (running === undefined) return '';
    const { path, fd, file } = running;
    running = undefined;
    file.end();
    closeSync(fd);
    const cut = file.failure === undefined ? '' : `, cut: ${file.failure}`;
    return `recording in ${path} (${Math.ceil(file.bytes / 1024)} KiB${cut})`;
  };
  const start = (): string => {
    const path = freeName(session, 'proftui');
    try {
      // Never over a file that is there.
      const fd = openSync(path, 'wx', 0o600);
      const file = new RecordingFile(session, begin, fd, (reason) => say(`recording ends: ${reason}`));
      running = { path, fd, file };
      return `recording to ${path}`;
    } catch (error) {
      return `cannot record to ${path}: ${reasonOf(error)}`;
    }
  };
  const threads = options.threads ? ['--threads'] : [];
  const exports = exportsOf(session, (format, path) =>
    exportApart(summarizeRun(session, begin), format, path, threads),
  );
  return {
    ...exports,
    toggleRecording: () => (running === undefined ? start() : end()),
    get isRecording() {
      return running !== undefined && running.file.failure === undefined;
    },
    onNews: (listener) => {
      say = listener;
      push?.onNews(listener);
    },
    finish: async () => {
      const line = end();
      await exports.ended();
      return line;
    },
  };
}

/** Of a file that was opened: nothing is recorded any more. */
export function filesOfRecording(session: LiveSession, options: Options, run: () => RunSummary): ViewFiles {
  return {
    ...exportsOf(session, (format, path) => exportHere(run(), format, path, options)),
    toggleRecording: () => 'a recording already',
    isRecording: false,
    onNews: () => {},
    finish: async () => '',
  };
}

/** Of two files that are compared: what is exported is the report. */
export function filesOfComparison(
  session: LiveSession,
  options: Options,
  report: () => Iterable<string>,
): ViewFiles {
  return {
    suggestExport: () => freeName(session, 'txt'),
    export: async (path) => {
      if (existsSync(path)) return takenText(path);
      const failure = told(() => {
        writeOutput(openOutput({ ...options, format: 'text', output: path }), report);
      });
      return failure ?? `the report is in ${path}`;
    },
    toggleRecording: () => 'two files are compared: x writes the report',
    isRecording: false,
    onNews: () => {},
    finish: async () => '',
  };
}

/** @param write @returns why it could not be written; undefined when it is there */
function exportsOf(
  session: LiveSession,
  write: (format: Format, path: string) => Promise<string | undefined>,
): Pick<ViewFiles, 'suggestExport' | 'export'> & { ended(): Promise<unknown> } {
  let last: Promise<unknown> = Promise.resolve();
  return {
    suggestExport: () => freeName(session, 'html'),
    export: async (path) => {
      if (existsSync(path)) return takenText(path);
      session.profile.settle(true);
      const format = formatOf(path);
      const writing = write(format, path);
      last = Promise.allSettled([last, writing]);
      const note = isKnownEnding(path) ? '' : ' (no known ending)';
      return (await writing) ?? `${format} written to ${path}${note}`;
    },
    ended: () => last,
  };
}

/** In this process, as a whole: nothing is captured meanwhile. */
async function exportHere(
  run: RunSummary,
  format: Format,
  path: string,
  options: Options,
): Promise<string | undefined> {
  return told(() => {
    const output = openOutput({ ...options, format, output: path });
    const writing = { byThread: options.threads, program: new URL('./', import.meta.url) };
    writeOutput(output, () => piecesOf(format, run, writing));
  });
}

function takenText(path: string): string {
  return `${path} is there already: give another name`;
}

/** @returns why `write` failed, in words for the user */
function told(write: () => void): string | undefined {
  try {
    write();
    return undefined;
  } catch (error) {
    if (error instanceof CommandError) return error.message;
    throw error;
  }
}

function isKnownEnding(path: string): boolean {
  return Object.values(formatSpecs).some(({ endings }) => endings.some((ending) => path.endsWith(ending)));
}

/** `prof-tui-node-4242-20260102-030405.html` in the working folder. */
function freeName({ status }: LiveSession, ending: string): string {
  const { name, pid } = status.target;
  const time = new Date().toISOString().replaceAll(/[-:]/g, '').replace('T', '-').slice(0, 15);
  const stem = ['prof-tui', name.replaceAll(/[^\w.-]/g, '_').slice(0, 40), pid > 0 ? pid : '', time]
    .filter((part) => part !== '')
    .join('-');
  for (let again = 1; ; again++) {
    const path = `${stem}${again > 1 ? `-${again}` : ''}.${ending}`;
    if (!existsSync(path)) return path;
  }
}
