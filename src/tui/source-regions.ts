/** The source panel as live regions: what is listed, what is missing for more, and the lines with their weights. */
import { ROOT } from '../profile/call-tree.ts';
import { count, duration, percent } from '../profile/format.ts';
import type { LiveView } from './live-view.ts';
import type { PanelRegions } from './output-regions.ts';
import { visible, wrap } from './panel-lines.ts';
import type { SourceRow } from './source-listing.ts';
import { baseOf } from './state.ts';
import { cutEnd, fitPieces, padEnd, padStart, shortenName } from './text.ts';
import { threadsLabel } from './thread-commands.ts';
import { spanText } from './timeline.ts';
import { cursorOf } from './views.ts';

/** Share of the function from which a line is called hot. */
const hotShare = 0.1;
const shareWidth = 7;
const labelWidth = 8;
/** Below this the text of a line needs the room of its own share. */
const widthForSelf = 59;

/** What a line spent in all, itself, and where it stands. */
function numbersOf(total: string, self: string, label: string, width: number): string {
  const cells = [padStart(total, shareWidth), padStart(self, shareWidth), padStart(label, labelWidth)];
  return width < widthForSelf ? `${cells[0]} ${padStart(label, labelWidth - 3)}` : cells.join(' ');
}

export function createSourceRegions(view: LiveView): PanelRegions {
  let head: readonly string[] = [];
  let rows: readonly SourceRow[] = [];
  return {
    title: { row: (_line, width) => view.theme.paint('title', titleOf(view, width)) },
    lines: {
      row(line, width, height) {
        // The first line of a frame makes the window for all of them.
        if (line === 0) {
          head = headOf(view, width).slice(0, Math.max(0, height - 1));
          rows = view.listing.window(height - head.length);
        }
        const row = rows[line - head.length];
        if (line < head.length) return head[line] ?? '';
        return row === undefined ? '' : rowLine(view, row, view.listing.top + line - head.length, width);
      },
      mouse(action, line) {
        if (action !== 'press') view.listing.move(action === 'wheel-up' ? -3 : 3);
        else if (rows[line - head.length] !== undefined)
          view.listing.selected = view.listing.top + line - head.length;
      },
    },
  };
}

function titleOf(view: LiveView, width: number): string {
  const { func, listing } = view.listing;
  const { ellipsis, micro } = view.theme.glyphs;
  const name = visible(func?.name ?? '', view.theme);
  const form = { source: 'hottest lines', assembly: 'hottest instructions', addresses: 'hottest addresses' };
  const pieces = [
    { text: listing === undefined ? 'reading' : form[listing.form], rank: 0 },
    { text: shortenName(name, Math.max(8, Math.floor(width / 2)), ellipsis), rank: 0 },
    { text: listing === undefined ? '' : duration(listing.totalNs, micro), rank: 1 },
    { text: visible(func?.module ?? '', view.theme), rank: 3 },
    { text: boundsText(view), rank: 2 },
  ];
  const line = fitPieces(pieces, '   ', width).map(({ text }) => text);
  return cutEnd(line.join('   '), width, ellipsis);
}

/** What of the run is counted, when it is not all: `last 60 s, only thread 101 node, within main` */
function boundsText(view: LiveView): string {
  const { state, source } = view;
  const base = baseOf(cursorOf(state, 'calls'));
  const texts = [
    state.span.kind === 'all' ? '' : spanText(state.span),
    state.threads.size === 0 ? '' : `only ${threadsLabel(view, state.threads)}`,
    base === ROOT ? '' : `within ${visible(source.tree.functionOf(base).name, view.theme)}`,
    state.transforms.length === 0 ? '' : 'transformed',
  ];
  return texts.filter((text) => text !== '').join(', ');
}

/** What is missing and how to get it, then the head of the columns. */
function headOf(view: LiveView, width: number): readonly string[] {
  const { theme } = view;
  const { listing, failure } = view.listing;
  const wrapped = (text: string) => wrap(visible(text, theme), width - 2, theme);
  if (failure !== '') return wrapped(`${theme.glyphs.warning} ${failure}`);
  if (listing === undefined) return ['lines and instructions are read by a helper process'];
  const { missing } = listing;
  const because = missing === undefined ? [] : wrapped(`${theme.glyphs.warning} ${missing.because}`);
  const cure = missing?.cure === undefined ? [] : wrapped(`to see more: ${missing.cure}`);
  const columns = numbersOf('TOTAL', 'SELF', 'LINE', width);
  return [
    ...because.map((line) => theme.paint('warning', line)),
    ...cure.map((line) => theme.paint('dim', line)),
    theme.paint('dim', cutEnd(` ${columns}`, width, theme.glyphs.ellipsis)),
  ];
}

function rowLine(view: LiveView, row: SourceRow, at: number, width: number): string {
  const { theme, listing } = view;
  const { ellipsis } = theme.glyphs;
  const isSelected = at === listing.selected;
  const mark = isSelected ? '>' : ' ';
  if (row.kind === 'title') {
    const text = shortenName(visible(row.text, theme), width - 2, ellipsis);
    return theme.paint(isSelected ? 'selected' : 'title', `${mark} ${text}`);
  }
  const { line } = row;
  const all = listing.listing?.totalNs ?? 0;
  const share = (ns: number) => (ns > 0 && all > 0 ? percent(ns / all) : '');
  const label = line.label || theme.glyphs.leaf;
  const numbers = `${mark}${numbersOf(share(line.totalNs), share(line.selfNs), label, width)}`;
  const text = cutEnd(`${numbers}  ${visible(line.text, theme)}`, width, ellipsis);
  if (isSelected) return theme.paint('selected', padEnd(text, width));
  return theme.paint(all > 0 && line.totalNs / all >= hotShare ? 'up' : 'plain', text);
}

/** Where a line stands among those with weight. */
export function placeText({ place, of }: { readonly place: number; readonly of: number }): string {
  return place === 1 ? `the hottest of ${count(of)}` : `number ${count(place)} of ${count(of)} by heat`;
}
