/**
 * The live regions of the tree screen: head, rows, details and find prompt, drawn from the live view at every frame.
 * They hold no state of their own but the lines of the frame in hand.
 */
import { ROOT } from '../profile/call-tree.ts';
import { count, percent } from '../profile/format.ts';
import { type BannerContext, bannerLines, noticeLine } from './banner.ts';
import { detailLines } from './details.ts';
import { screenLayout, treeColumns } from './layout.ts';
import type { LiveView } from './live-view.ts';
import { createOutputRegions, type OutputRegions } from './output-regions.ts';
import { asciiOnly, columnHead, type RowContext, rowLine } from './rows.ts';
import { lineWidth } from './screen/frame.ts';
import type { MouseAction, Region } from './screen/painter.ts';
import { baseOf } from './state.ts';
import { cellWidth, clean, cutEnd, padEnd, shortenName } from './text.ts';
import { scrollBy, select, toggleOpen } from './tree-commands.ts';

export interface TreeRegions {
  readonly head: Region;
  readonly rows: Region;
  readonly details: Region;
  readonly prompt: Region;
  /** The banner alone, for screens that are not the tree. */
  readonly banner: Region;
  readonly output: OutputRegions;
  /** Once before each frame; `rowsHeight` is the height of the rows on the screen. */
  prepare(rowsHeight: number): void;
}

export function createRegions(view: LiveView): TreeRegions {
  let head: readonly string[] = [];
  let details: readonly string[] = [];
  let context = rowContext(view);
  return {
    head: { row: (line) => head[line] ?? '' },
    details: { row: (line) => details[line] ?? '' },
    prompt: { row: (_line, width) => promptLine(view, width) },
    banner: {
      row: (line, width, height) => bannerLines(bannerOf(view), height > 1 ? 2 : 1, width)[line] ?? '',
    },
    output: createOutputRegions(view),
    rows: {
      row(line) {
        const node = view.rows.rows[view.rows.top + line];
        return node === undefined ? '' : rowLine(context, node, node === view.state.selected);
      },
      mouse: (action, line) => mouseOnRows(view, action, line),
    },
    prepare(rowsHeight) {
      view.prepareRows(rowsHeight);
      context = rowContext(view);
      head = headOf(view, context);
      details = detailsOf(view);
    },
  };
}

function rowContext(view: LiveView): RowContext {
  const { state, tree, theme } = view;
  const found = view.found();
  return {
    tree,
    theme,
    columns: treeColumns(state.structure.size),
    unit: state.unit,
    sort: state.sort,
    isWall: view.status.unit === 'wall',
    isReversed: state.isReversed,
    hasFullNames: state.hasFullNames,
    samples: view.source.samples,
    baseDepth: tree.depthOf(baseOf(state)),
    isOpen: (node) => view.isOpen(node),
    isMatch: (node) => found?.nodes.has(node) ?? false,
  };
}

function bannerOf(view: LiveView): BannerContext {
  return {
    status: view.status,
    theme: view.theme,
    isPaused: view.state.isPaused,
    samplesSincePause: view.source.samplesSincePause,
    samples: view.source.samples,
  };
}

function headOf(view: LiveView, context: RowContext): readonly string[] {
  const { size, hasNotice } = view.state.structure;
  const layout = screenLayout(size, hasNotice);
  const width = lineWidth(size);
  const lines = [...bannerLines(bannerOf(view), layout.bannerLines, width)];
  if (hasNotice)
    lines.push(noticeLine(view.notice() ?? '', view.theme, view.status.warnings.length > 0, width));
  if (layout.hasBreadcrumb) lines.push(breadcrumb(view, width));
  if (layout.hasColumnHead) lines.push(columnHead(context));
  return lines;
}

/** Where the view is zoomed to, and on the right what changes the picture: search, unit, fold. */
function breadcrumb(view: LiveView, width: number): string {
  const { state, tree, theme } = view;
  const { crumb, ellipsis } = theme.glyphs;
  const path: string[] = [];
  for (let at = baseOf(state); at > ROOT; at = tree.parentOf(at)) {
    path.unshift(shortenName(visible(view, tree.functionOf(at).name), 30, ellipsis));
  }
  const settings = [
    findText(view),
    state.unit === 'percent' ? '' : `unit ${state.unit}`,
    view.source.profile.kernelCollapsed ? 'kernel folded' : '',
    state.hasFullNames ? 'full names' : '',
  ];
  const right = cutEnd(settings.filter((text) => text !== '').join('   '), Math.floor(width * 0.6), ellipsis);
  const left = shortenName(['all', ...path].join(` ${crumb} `), width - cellWidth(right) - 2, ellipsis);
  return theme.paint('dim', padEnd(left, width - cellWidth(right)) + right);
}

/** `find /render/ 12 rows, 31.0% of time` */
function findText(view: LiveView): string {
  const { find } = view.state;
  const found = find === undefined ? undefined : view.found();
  if (find === undefined || found === undefined) return '';
  const pattern = shortenName(visible(view, find.text), 24, view.theme.glyphs.ellipsis);
  return `find ${find.isExact ? pattern : `/${pattern}/`} ${foundText(view)}`;
}

function foundText(view: LiveView): string {
  const found = view.found();
  if (found === undefined || found.nodes.size === 0) return 'no match';
  const word = found.nodes.size === 1 ? 'match' : 'matches';
  return `${count(found.nodes.size)} ${word}, ${percent(found.share)} of time`;
}

function promptLine(view: LiveView, width: number): string {
  const { prompt } = view.state;
  const { theme } = view;
  const counted = prompt === '' ? 'regex, capitals match exactly' : foundText(view);
  const hint = `   ${counted}   ${theme.glyphs.enter} accept  esc cancel`;
  const typed = `/${visible(view, prompt)}${theme.glyphs.cursor}`;
  const room = width - cellWidth(typed);
  return (
    theme.paint('title', shortenName(typed, width, theme.glyphs.ellipsis)) +
    theme.paint('dim', cutEnd(hint, Math.max(0, room), theme.glyphs.ellipsis))
  );
}

function detailsOf(view: LiveView): readonly string[] {
  const { size, hasNotice } = view.state.structure;
  const { detailLines: lines } = screenLayout(size, hasNotice);
  if (lines === 0) return [];
  const node = view.state.selected;
  const facts = lines === 2 ? view.facts.of(node) : { threads: [], callers: undefined };
  const unsampled = view.status.accounting;
  const context = { tree: view.tree, node, theme: view.theme, unsampled, ...facts };
  return detailLines(context, lines, lineWidth(size));
}

function mouseOnRows(view: LiveView, action: MouseAction, line: number): void {
  const node = view.rows.rows[view.rows.top + line];
  if (action !== 'press') scrollBy(view, action === 'wheel-up' ? -3 : 3);
  else if (node !== undefined && node === view.state.selected) toggleOpen(view, node);
  else if (node !== undefined) select(view, node);
}

function visible(view: LiveView, text: string): string {
  return view.theme.isAscii ? asciiOnly(clean(text)) : clean(text);
}
