/**
 * The output panel as live regions: a title that says whose output it is and where the window stands, and the lines.
 * Holds no state of its own.
 */
import { count } from '../profile/format.ts';
import type { LiveView } from './live-view.ts';
import { type OutputWindow, outputWindow, scrolledTop } from './output-window.ts';
import { asciiOnly } from './rows.ts';
import { lineWidth } from './screen/frame.ts';
import type { Region } from './screen/painter.ts';
import { clean, cutEnd, fitPieces } from './text.ts';

/** Of a panel that takes the whole screen below the banner. */
export interface PanelRegions {
  readonly title: Region;
  readonly lines: Region;
}

export function createOutputRegions(view: LiveView): PanelRegions {
  let window: OutputWindow = { shown: [], top: 0, isAtEnd: true };
  return {
    title: {
      row: (_line, width) =>
        view.theme.paint('title', titleOf(view, windowOf(view, width, view.outputHeight), width)),
    },
    lines: {
      row(line, width, height) {
        view.outputHeight = height;
        // The first line of a frame makes the window for all of them.
        if (line === 0) window = windowOf(view, width, height);
        return visible(view, window.shown[line] ?? '');
      },
      mouse: (action) => {
        if (action !== 'press') scrollOutput(view, action === 'wheel-up' ? -3 : 3);
      },
    },
  };
}

/** Moves the window by so many lines of the output. */
export function scrollOutput(view: LiveView, rows: number): void {
  const { command, state } = view;
  if (command === undefined) return;
  const width = lineWidth(state.structure.size);
  const top = scrolledTop(command.output.lines, state.outputTop, rows, width, view.outputHeight);
  view.dispatch({ type: 'output-top', top });
}

function windowOf(view: LiveView, width: number, height: number): OutputWindow {
  const output = view.command?.output.lines ?? { first: 0, lines: [] };
  return outputWindow(output, view.state.outputTop, width, height);
}

function titleOf(view: LiveView, window: OutputWindow, width: number): string {
  const { lines, first } = view.command?.output.lines ?? { first: 0, lines: [] };
  const name = clean(view.command?.name ?? '');
  const pieces = [
    { text: `output of ${name}`, rank: 0 },
    { text: lines.length === 0 ? 'nothing so far' : '', rank: 0 },
    { text: window.isAtEnd ? '' : `from line ${count(window.top + 1)}`, rank: 1 },
    { text: lines.length === 0 ? '' : `${count(first + lines.length)} lines`, rank: 2 },
    { text: first > 0 ? `the last ${count(lines.length)} kept` : '', rank: 3 },
  ];
  const line = fitPieces(pieces, '  ', width).map((piece) => piece.text);
  return cutEnd(visible(view, line.join('  ')), width, view.theme.glyphs.ellipsis);
}

function visible(view: LiveView, text: string): string {
  return view.theme.isAscii ? asciiOnly(text) : text;
}
