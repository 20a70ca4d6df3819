/**
 * The engine switcher as lines: a row per ask with what it sees, its state and why; below, for the chosen one, the
 * reason in full and the cure to copy, then the rates. Pure; the box around it is drawn elsewhere.
 */
import type { EngineRow, SessionStatus } from '../engine/status.ts';
import { hintLine, type PanelLine, visible, wrap } from './panel-lines.ts';
import { rateSteps } from './rates.ts';
import { cellWidth, cutEnd, padEnd } from './text.ts';
import type { Theme } from './theme.ts';

/** Inner widths from which on a column is there. */
const widthForWhy = 56;
const widthForSees = 76;

/** @param room lines there are for all; rows scroll so that the chosen one is among them */
export function engineLines(
  status: SessionStatus,
  chosen: number,
  theme: Theme,
  width: number,
  room: number,
): readonly PanelLine[] {
  const { engines } = status;
  const row = engines[chosen];
  const plain = (text: string): PanelLine => ({
    text: cutEnd(text, width, theme.glyphs.ellipsis),
    isChosen: false,
  });
  const hints = plain(hintLine('engine', theme, width));
  const rates = plain(rateLine(status, width));
  // Said of the chosen row, in full: first why, then the cure, for a cut must not take the reason.
  const about = row ? [...reasonLines(row, status, theme, width), ...cureLines(row, theme, width)] : [];
  const leastRows = Math.min(engines.length, 2);
  const shownAbout = about.slice(0, Math.max(0, room - leastRows - 2)).map(plain);
  const left = room - shownAbout.length - 2;
  const hasHead = left > engines.length;
  const hasBlanks = left >= engines.length + 4;
  const rows = rowLines(status, chosen, theme, width, Math.max(1, hasHead ? left - 1 : left));
  const blank = hasBlanks ? [plain('')] : [];
  const kept = hasBlanks ? [plain('switching keeps the tree; samples of each engine are counted apart')] : [];
  const head = hasHead ? [plain(headLine(theme, width))] : [];
  return [...head, ...rows, ...blank, ...shownAbout, ...kept, ...blank, rates, hints].slice(
    -Math.max(1, room),
  );
}

interface Cells {
  readonly name: string;
  readonly sees: string;
  readonly state: string;
  readonly why: string;
}

function lineOf(mark: string, cells: Cells, width: number): string {
  const sees = width >= widthForSees ? padEnd(cells.sees, 22) : '';
  const why = width >= widthForWhy ? cells.why : '';
  return `${mark} ${padEnd(cells.name, 11)}${sees}${padEnd(cells.state, 12)}${why}`.trimEnd();
}

function headLine({ glyphs }: Theme, width: number): string {
  const mark = ' '.repeat(2 + cellWidth(glyphs.live));
  return lineOf(mark, { name: 'NAME', sees: 'SEES', state: 'STATE', why: 'WHY' }, width);
}

function rowLines(
  status: SessionStatus,
  chosen: number,
  theme: Theme,
  width: number,
  room: number,
): PanelLine[] {
  const { engines } = status;
  const first = Math.max(0, Math.min(chosen - room + 1, engines.length - room));
  return engines.slice(first, first + room).map((row, at) => {
    const isChosen = first + at === chosen;
    const runs = isRunning(row, status) ? theme.glyphs.live : ' '.repeat(cellWidth(theme.glyphs.live));
    const cells = {
      name: row.ask,
      sees: row.sees,
      state: stateOf(row, status, theme),
      why: visible(row.why, theme),
    };
    const text = lineOf(`${isChosen ? '>' : ' '} ${runs}`, cells, width);
    return { text: cutEnd(text, width, theme.glyphs.ellipsis), isChosen, entry: first + at };
  });
}

function isRunning({ ask }: EngineRow, { running, state }: SessionStatus): boolean {
  return state === 'live' && ask === running;
}

function stateOf(row: EngineRow, status: SessionStatus, { glyphs }: Theme): string {
  if (status.switching?.to === row.ask && status.switching.from !== row.ask)
    return `starts ${glyphs.ellipsis}`;
  if (isRunning(row, status)) return 'ACTIVE';
  if (row.runs === undefined) return 'refused';
  return row.ask === 'auto' ? `${glyphs.arrow} ${row.runs}` : 'ready';
}

function reasonLines(row: EngineRow, status: SessionStatus, theme: Theme, width: number): string[] {
  const why = visible(row.why, theme);
  if (row.runs === undefined) return wrap(`${row.ask} is refused here: ${why}`, width, theme);
  if (row.ask === 'auto') return wrap(`auto runs ${row.runs}: ${why}`, width, theme);
  if (isRunning(row, status))
    return wrap(
      `${row.ask} runs (${visible(status.mechanism ?? why, theme)}), asked ${status.asked}`,
      width,
      theme,
    );
  return wrap(`${row.ask} can run (${why})`, width, theme);
}

function cureLines({ cure, ask, runs }: EngineRow, theme: Theme, width: number): string[] {
  if (cure === undefined) return runs === undefined ? [`nothing on this machine enables ${ask}`] : [];
  const note = 'y copies this line';
  const label = runs === undefined ? 'to enable:' : 'for more:';
  const line = `${label}  ${visible(cure, theme)}`;
  const isWide = cellWidth(line) + 3 + note.length <= width;
  return isWide ? [padEnd(line, width - note.length) + note] : wrap(`${line}  (${note})`, width, theme);
}

/** `rate   19  49 [99] 199  499  997 Hz` */
function rateLine({ frequencyHz, highestHz }: SessionStatus, width: number): string {
  const hz = Math.round(frequencyHz);
  const allowed = rateSteps.filter((step) => step <= (highestHz ?? step));
  const steps = allowed.includes(hz) ? allowed : [...allowed, hz].sort((a, b) => a - b);
  const list = steps.map((step) => (step === hz ? `[${step}]` : ` ${step} `)).join('');
  const line = `rate ${list} Hz`;
  return cellWidth(line) <= width ? line : `rate [${hz}] Hz`;
}
