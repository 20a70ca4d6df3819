/**
 * The live regions of the screen: head, body of the view, details and find prompt, drawn from the live view at every frame.
 * They hold no state of their own but the lines of the frame in hand.
 */
import { type CallTree, type NodeId, ROOT } from '../profile/call-tree.ts';
import { count, percent } from '../profile/format.ts';
import { type BannerContext, bannerLines, noticeLine } from './banner.ts';
import { detailLines } from './details.ts';
import { baselineText } from './difference-commands.ts';
import { createFlameBody } from './flame-body.ts';
import { createFunctionsBody } from './functions-body.ts';
import { headMouse } from './head-mouse.ts';
import { screenLayout } from './layout.ts';
import type { LiveView } from './live-view.ts';
import { createOutputRegions, type PanelRegions } from './output-regions.ts';
import { mouseInPanel } from './panel-mouse.ts';
import { asciiOnly } from './rows.ts';
import { lineWidth } from './screen/frame.ts';
import type { MouseAction, Region } from './screen/painter.ts';
import { createSourceRegions } from './source-regions.ts';
import { baseOf } from './state.ts';
import { cellWidth, clean, cutEnd, padEnd, shortenName } from './text.ts';
import { threadsLabel } from './thread-commands.ts';
import { createThreadsBody } from './threads-body.ts';
import { spanText, timelineLine, timelineOf } from './timeline.ts';
import { transformText } from './transform-commands.ts';
import { createTreeBody } from './tree-body.ts';
import type { ViewBody } from './view-body.ts';
import { cursorOf, type ViewName } from './views.ts';

export interface TreeRegions {
  readonly head: Region;
  readonly rows: Region;
  readonly details: Region;
  readonly prompt: Region;
  /** The banner alone, for screens that are not the tree. */
  readonly banner: Region;
  readonly output: PanelRegions;
  readonly source: PanelRegions;
  /** What the mouse does in the box of a panel. @param entry what of its list lies under it */
  panelMouse(action: MouseAction, entry: number | undefined): void;
  /** Once before each frame; `rowsHeight` is the height of the rows on the screen. */
  prepare(rowsHeight: number): void;
}

export function createRegions(view: LiveView): TreeRegions {
  let head: readonly string[] = [];
  let details: readonly string[] = [];
  const treeBody = createTreeBody(view);
  const bodies: Readonly<Record<ViewName, ViewBody>> = {
    tree: treeBody,
    'bottom-up': treeBody,
    flame: createFlameBody(view),
    functions: createFunctionsBody(view),
    threads: createThreadsBody(view),
  };
  const body = () => bodies[view.state.structure.view];
  return {
    head: { row: (line) => head[line] ?? '', ...headMouse(view) },
    details: { row: (line) => details[line] ?? '' },
    prompt: { row: (_line, width) => promptLine(view, width) },
    banner: {
      row: (line, width, height) => bannerLines(bannerOf(view), height > 1 ? 2 : 1, width)[line] ?? '',
    },
    output: createOutputRegions(view),
    source: createSourceRegions(view),
    panelMouse: (action, entry) => mouseInPanel(view, action, entry),
    rows: {
      row: (line, width, height) => body().row(line, width, height),
      mouse: (action, line, x) => body().mouse(action, line, x),
    },
    prepare(rowsHeight) {
      view.prepareBody(rowsHeight);
      body().prepare();
      head = headOf(view, body());
      details = detailsOf(view, body());
    },
  };
}

function bannerOf(view: LiveView): BannerContext {
  return {
    status: view.shownStatus,
    theme: view.theme,
    isPaused: view.state.isPaused,
    samplesSincePause: view.source.samplesSincePause,
    samples: view.source.samples,
    isRecording: view.files?.isRecording === true,
  };
}

function headOf(view: LiveView, body: ViewBody): readonly string[] {
  const { structure } = view.state;
  const { size, hasNotice } = structure;
  const layout = screenLayout(size, hasNotice, structure);
  const width = lineWidth(size);
  const lines = [...bannerLines(bannerOf(view), layout.bannerLines, width)];
  if (hasNotice)
    lines.push(noticeLine(view.notice() ?? '', view.theme, view.status.warnings.length > 0, width));
  if (layout.hasBreadcrumb) lines.push(breadcrumb(view, width));
  if (layout.hasTimeline) lines.push(timelineLine(timelineOf(view), width));
  if (layout.hasColumnHead) lines.push(body.head(width));
  return lines;
}

/** What changes the tree and where the view is zoomed to; on the right what changes the picture: search, unit, fold. */
function breadcrumb(view: LiveView, width: number): string {
  const { state, theme } = view;
  const settings = [
    keptText(view),
    state.threads.size === 0 ? '' : `only ${threadsLabel(view, state.threads)}`,
    state.span.kind === 'all' ? '' : spanText(state.span),
    baselineText(view),
    findText(view),
    state.unit === 'percent' ? '' : `unit ${state.unit}`,
    view.source.profile.kernelCollapsed ? 'kernel folded' : '',
    state.hasFullNames ? 'full names' : '',
  ];
  const right = cutEnd(
    settings.filter((text) => text !== '').join('   '),
    Math.floor(width * 0.6),
    theme.glyphs.ellipsis,
  );
  const left = shortenName(placeText(view), width - cellWidth(right) - 2, theme.glyphs.ellipsis);
  return theme.paint('dim', padEnd(left, width - cellWidth(right)) + right);
}

/** `all › main`; of the models that are summed over it: `bottom-up of all › main   zoom read` */
function placeText(view: LiveView): string {
  // Threads are not places in the tree: transforms leave them alone.
  return (view.model === 'threads' ? '' : transformsText(view)) + viewPlaceText(view);
}

function viewPlaceText(view: LiveView): string {
  const { state } = view;
  const calls = pathText(view, view.source.tree, baseOf(cursorOf(state, 'calls')), 'all');
  if (view.model === 'calls') return calls;
  if (view.model === 'threads') return `threads ${count(view.tree.childrenOf(ROOT).length)}`;
  const own = pathText(view, view.tree, baseOf(state), '');
  return `${state.structure.view} of ${calls}${own === '' ? '' : `   zoom ${own}`}`;
}

/** The stack of transforms, first applied first: `focus read, drop main   ` */
function transformsText(view: LiveView): string {
  const { ellipsis } = view.theme.glyphs;
  const texts = view.state.transforms.map(
    (transform) => `[${shortenName(visible(view, transformText(transform)), 34, ellipsis)}]`,
  );
  return texts.length === 0 ? '' : `${texts.join(' ')}  `;
}

/** How much of the time the transforms leave, when it is not all. */
function keptText(view: LiveView): string {
  const { keptShare } = view.source;
  return view.model === 'threads' || keptShare > 0.9995 ? '' : `${percent(keptShare)} kept`;
}

function pathText(view: LiveView, tree: CallTree, base: NodeId, root: string): string {
  const { crumb, ellipsis } = view.theme.glyphs;
  const path: string[] = [];
  for (let at = base; at > ROOT; at = tree.parentOf(at)) {
    path.unshift(shortenName(visible(view, tree.functionOf(at).name), 30, ellipsis));
  }
  return [root, ...path].filter((text) => text !== '').join(` ${crumb} `);
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
  const totals = view.found()?.totals;
  if (totals === undefined) return 'counting';
  if (totals.count === 0) return 'no match';
  const word = totals.count === 1 ? 'match' : 'matches';
  return `${count(totals.count)} ${word}, ${percent(totals.share)} of time`;
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

function detailsOf(view: LiveView, body: ViewBody): readonly string[] {
  const { structure } = view.state;
  const { size, hasNotice } = structure;
  const { detailLines: lines } = screenLayout(size, hasNotice, structure);
  if (lines === 0) return [];
  if (body.details !== undefined) return body.details(lines);
  const node = view.state.selected;
  const facts = lines === 2 ? factsOf(view, node) : { threads: [], callers: undefined };
  const unsampled = view.status.accounting;
  const context = { tree: view.tree, node, theme: view.theme, unsampled, ...facts };
  return detailLines(context, lines, lineWidth(size));
}

function factsOf(view: LiveView, node: NodeId) {
  if (view.model === 'calls') return view.facts.of(node);
  if (view.model === 'functions') return { threads: [], callers: view.sandwich.parts('callers')?.length };
  return { threads: [], callers: view.tree.childrenOf(node).length };
}

function visible(view: LiveView, text: string): string {
  return view.theme.isAscii ? asciiOnly(clean(text)) : clean(text);
}
