/** The files of a view: exports at a key, a recording that follows the session. All answers are lines for the footer. */
import { closeSync, existsSync, openSync } from 'node:fs';
import type { CaptureSession } from '../engine/session.ts';
import type { LiveSession } from '../engine/status.ts';
import type { RunSummary } from '../export/summary.ts';
import { formatOf, formatSpecs, type Options } from '../options.ts';
import type { ViewFiles } from '../tui/view-files.ts';
import { CommandError } from './command-error.ts';
import { openOutput, reasonOf, writeOutput } from './output-file.ts';
import { RecordingFile } from './recording-file.ts';
import { beginRun, summarizeRun } from './run-summary.ts';
import { piecesOf } from './write-format.ts';

/** Of a session that captures. */
export function filesOfSession(session: CaptureSession, options: Options): ViewFiles {
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
  return {
    ...exportsOf(session, options, () => summarizeRun(session, begin)),
    toggleRecording: () => (running === undefined ? start() : end()),
    get isRecording() {
      return running !== undefined && running.file.failure === undefined;
    },
    onNews: (listener) => {
      say = listener;
    },
    finish: end,
  };
}

/** Of a file that was opened: nothing is recorded any more. */
export function filesOfRecording(session: LiveSession, options: Options, run: () => RunSummary): ViewFiles {
  return {
    ...exportsOf(session, options, run),
    toggleRecording: () => 'a recording already',
    isRecording: false,
    onNews: () => {},
    finish: () => '',
  };
}

function exportsOf(
  session: LiveSession,
  options: Options,
  run: () => RunSummary,
): Pick<ViewFiles, 'suggestExport' | 'export'> {
  return {
    suggestExport: () => freeName(session, 'html'),
    export: (path) => {
      if (existsSync(path)) return `${path} is there already: give another name`;
      session.profile.settle(true);
      const format = formatOf(path);
      try {
        const output = openOutput({ ...options, format, output: path });
        const writing = { byThread: options.threads, program: new URL('./', import.meta.url) };
        writeOutput(output, () => piecesOf(format, run(), writing));
        return `${format} written to ${path}${isKnownEnding(path) ? '' : ' (no known ending)'}`;
      } catch (error) {
        if (error instanceof CommandError) return error.message;
        throw error;
      }
    },
  };
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
