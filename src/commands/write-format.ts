/** Which writer makes which format: the one place that knows them all. */
import { writeFirefox } from '../export/firefox.ts';
import { writeFolded } from '../export/folded.ts';
import { writeJfr } from '../export/jfr.ts';
import { writeJson } from '../export/json.ts';
import { writeMarkdown } from '../export/markdown.ts';
import { writePprof } from '../export/pprof.ts';
import { writeSpeedscope } from '../export/speedscope.ts';
import type { RunSummary } from '../export/summary.ts';
import { writeText } from '../export/text.ts';
import type { Format } from '../options.ts';
import type { Piece } from './output-file.ts';

/** @param byThread keep stacks apart by thread where the format leaves the choice (folded) */
export function piecesOf(format: Format, run: RunSummary, byThread: boolean): Iterable<Piece> {
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
    case 'firefox':
      return writeFirefox(run);
    case 'jfr':
      return writeJfr(run);
  }
}
