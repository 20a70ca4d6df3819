/** Which writer makes which format: the one place that knows them all. */
import { readFileSync } from 'node:fs';
import { writeCpuProfile } from '../export/cpuprofile.ts';
import { writeFirefox } from '../export/firefox.ts';
import { writeFolded } from '../export/folded.ts';
import { type PageSource, writeHtml } from '../export/html.ts';
import { writeJfr } from '../export/jfr.ts';
import { writeJson } from '../export/json.ts';
import { writeMarkdown } from '../export/markdown.ts';
import { writeOtlp } from '../export/otlp.ts';
import { writePprof } from '../export/pprof.ts';
import { writeSpeedscope } from '../export/speedscope.ts';
import type { RunSummary } from '../export/summary.ts';
import { writeText } from '../export/text.ts';
import type { Format } from '../options.ts';
import type { Piece } from './output-file.ts';
import { recordingPieces } from './recording-file.ts';

export interface WriteOptions {
  /** Keep stacks apart by thread where the format leaves the choice (folded). */
  readonly byThread: boolean;
  /** The folder of the built program: the HTML report's page lies there. */
  readonly program: URL;
}

export function piecesOf(
  format: Format,
  run: RunSummary,
  { byThread, program }: WriteOptions,
): Iterable<Piece> {
  switch (format) {
    case 'text':
      return writeText(run);
    case 'json':
      return writeJson(run);
    case 'folded':
      return writeFolded(run, byThread);
    case 'md':
      return writeMarkdown(run);
    case 'speedscope':
      return writeSpeedscope(run);
    case 'pprof':
      return writePprof(run);
    case 'html':
      return writeHtml(run, pageIn(program));
    case 'firefox':
      return writeFirefox(run);
    case 'jfr':
      return writeJfr(run);
    case 'cpuprofile':
      return writeCpuProfile(run);
    case 'otlp':
      return writeOtlp(run);
    case 'proftui':
      return recordingPieces(run);
  }
}

function pageIn(program: URL): PageSource {
  const read = (name: string): string => readFileSync(new URL(name, program), 'utf8').trim();
  return { script: read('flame-page.js'), style: read('flame-page.css') };
}
