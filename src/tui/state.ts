/**
 * What the user has chosen to see, and the one reducer that changes it. `structure` is what React draws: its
 * reference stays the same while only the cursor or the data move, so those never commit.
 */
import type { SessionStatus } from '../engine/status.ts';
import { type NodeId, ROOT } from '../profile/call-tree.ts';
import type { NameQuery } from '../profile/name-query.ts';
import { type TimeSpan, wholeRun } from '../profile/time-span.ts';
import type { Transform } from '../profile/transform.ts';
import type { ScreenSize } from './screen/frame.ts';
import {
  type Cursor,
  cursorOf,
  exchangeCursors,
  initialCursor,
  type ModelName,
  type ViewName,
  withCursor,
} from './views.ts';

export const sortOrders = ['total', 'self', 'name'] as const;
export type SortOrder = (typeof sortOrders)[number];
export const units = ['percent', 'time', 'samples'] as const;
export type Unit = (typeof units)[number];

export type Popup =
  /** The launched command's output. */
  | { readonly kind: 'output' }
  /** The hottest lines of a function; `LiveView.listing` holds them. */
  | { readonly kind: 'source' }
  /** `chosen` is an entry of those that `filter` leaves. */
  | { readonly kind: 'palette'; readonly filter: string; readonly chosen: number }
  /** The prompt for the name of an export. */
  | { readonly kind: 'export'; readonly path: string }
  | { readonly kind: 'help'; readonly filter: string; readonly scroll: number }
  /** The status is the one at opening: figures that move would make every tick a commit. */
  | { readonly kind: 'why'; readonly status: SessionStatus; readonly gate: number }
  /** `chosen` is a row of `status.engines`. */
  | { readonly kind: 'engine'; readonly status: SessionStatus; readonly chosen: number };

export interface Structure {
  readonly size: ScreenSize;
  readonly view: ViewName;
  readonly popup: Popup | undefined;
  /** The find prompt is open. */
  readonly isFinding: boolean;
  /** A line with a cause stands under the banner. */
  readonly hasNotice: boolean;
  /** Transforms change the tree, or differences are shown: the line that says so stands on small screens, too. */
  readonly isTransformed: boolean;
  /** A part of the run is shown: a line says which. */
  readonly hasTimeline: boolean;
  readonly toast: string;
}

/** Its cursor is that of the model on the screen. */
export interface UiState extends Cursor {
  readonly structure: Structure;
  /** Cursors of the models that are not on the screen. */
  readonly parked: Readonly<Partial<Record<ModelName, Cursor>>>;
  /** The root of the flame view stands at the bottom. */
  readonly isFlipped: boolean;
  readonly unit: Unit;
  readonly hasFullNames: boolean;
  readonly isPaused: boolean;
  readonly find: NameQuery | undefined;
  /** What is typed in the open find prompt. */
  readonly prompt: string;
  /** Whether the user opened or closed a node: until then the view may open the hottest path by itself. */
  readonly hasOpened: boolean;
  /** Line of the command's output that the panel begins at; undefined: it follows the end. */
  readonly outputTop: number | undefined;
  /** Thread indexes that all views are bounded to; empty for all threads. */
  readonly threads: ReadonlySet<number>;
  /** The part of the run that is shown. */
  readonly span: TimeSpan;
  /** Shares are shown as differences from the baseline. */
  readonly isDifference: boolean;
  /** What changes the tree, in the order in which it is applied. */
  readonly transforms: readonly Transform[];
}

export type Action =
  | { readonly type: 'view'; readonly view: ViewName }
  | { readonly type: 'flip' }
  | { readonly type: 'threads'; readonly threads: ReadonlySet<number> }
  | { readonly type: 'span'; readonly span: TimeSpan }
  | { readonly type: 'difference'; readonly isDifference: boolean }
  | { readonly type: 'transforms'; readonly transforms: readonly Transform[] }
  /** What is zoomed into in the call tree bounds the other models: one step out. */
  | { readonly type: 'leave-subtree' }
  | { readonly type: 'select'; readonly node: NodeId }
  | { readonly type: 'open'; readonly nodes: Iterable<NodeId>; readonly byUser: boolean }
  | { readonly type: 'close'; readonly nodes: Iterable<NodeId> }
  | { readonly type: 'zoom'; readonly node: NodeId }
  | { readonly type: 'zoom-out' }
  | { readonly type: 'sort' }
  | { readonly type: 'reverse' }
  | { readonly type: 'unit' }
  | { readonly type: 'names' }
  | { readonly type: 'paused'; readonly isPaused: boolean }
  | { readonly type: 'prompt'; readonly text: string | undefined }
  | { readonly type: 'find'; readonly query: NameQuery | undefined }
  /** Of the call tree, unless another model is named. */
  | { readonly type: 'remap'; readonly model?: ModelName; readonly successorOf: (node: NodeId) => NodeId }
  | { readonly type: 'start-over' }
  | { readonly type: 'popup'; readonly popup: Popup | undefined }
  | { readonly type: 'output-top'; readonly top: number | undefined }
  | { readonly type: 'toast'; readonly text: string }
  | { readonly type: 'notice'; readonly hasNotice: boolean }
  | { readonly type: 'resize'; readonly size: ScreenSize };

/** Of one view. What opens everything below a row opens fewer (tree-commands.ts). */
export const mostOpen = 40_000;

export function initialState(size: ScreenSize): UiState {
  return {
    structure: {
      size,
      view: 'tree',
      popup: undefined,
      isFinding: false,
      hasNotice: false,
      isTransformed: false,
      hasTimeline: false,
      toast: '',
    },
    ...initialCursor('calls'),
    parked: {},
    isFlipped: false,
    unit: 'percent',
    hasFullNames: false,
    isPaused: false,
    find: undefined,
    prompt: '',
    hasOpened: false,
    outputTop: undefined,
    threads: new Set(),
    span: wholeRun,
    isDifference: false,
    transforms: [],
  };
}

/** The node whose subtree is shown. */
export function baseOf(state: Pick<Cursor, 'zoom'>): NodeId {
  return state.zoom.at(-1) ?? ROOT;
}

export function reduce(state: UiState, action: Action): UiState {
  switch (action.type) {
    case 'view':
      return withStructure(exchangeCursors(state, action.view), { view: action.view });
    case 'flip':
      return { ...state, isFlipped: !state.isFlipped };
    case 'threads':
      return { ...state, threads: action.threads };
    case 'span':
      return withStructure({ ...state, span: action.span }, { hasTimeline: action.span.kind !== 'all' });
    case 'difference':
      return withNeeds({ ...state, isDifference: action.isDifference });
    case 'transforms': {
      const { transforms } = action;
      // Another tree: its hottest path is opened anew.
      const other = withCursor({ ...state, transforms }, 'calls', { hasOpened: false });
      return withNeeds(other);
    }
    case 'leave-subtree':
      return withCursor(state, 'calls', { zoom: cursorOf(state, 'calls').zoom.slice(0, -1) });
    case 'select':
      return action.node === state.selected ? state : { ...state, selected: action.node };
    case 'open':
      return {
        ...state,
        open: opened(state.open, action.nodes),
        hasOpened: state.hasOpened || action.byUser,
      };
    case 'close':
      return { ...state, open: without(state.open, action.nodes), hasOpened: true };
    case 'zoom':
      return action.node === baseOf(state)
        ? state
        : { ...state, zoom: [...state.zoom, action.node], open: opened(state.open, [action.node]) };
    case 'zoom-out':
      return { ...state, zoom: state.zoom.slice(0, -1) };
    case 'sort':
      return { ...state, sort: next(sortOrders, state.sort) };
    case 'reverse':
      return { ...state, isReversed: !state.isReversed };
    case 'unit':
      return { ...state, unit: next(units, state.unit) };
    case 'names':
      return { ...state, hasFullNames: !state.hasFullNames };
    case 'paused':
      return { ...state, isPaused: action.isPaused };
    case 'prompt':
      return withStructure({ ...state, prompt: action.text ?? '' }, { isFinding: action.text !== undefined });
    case 'find':
      return { ...state, find: action.query };
    case 'remap':
      return remap(state, action.successorOf, action.model ?? 'calls');
    case 'start-over':
      return { ...state, selected: ROOT, open: new Set([ROOT]), zoom: [], hasOpened: false, parked: {} };
    case 'popup':
      return withStructure(state, { popup: action.popup });
    case 'output-top':
      return { ...state, outputTop: action.top };
    case 'toast':
      return withStructure(state, { toast: action.text });
    case 'notice':
      return withStructure(state, { hasNotice: action.hasNotice });
    case 'resize':
      return withStructure(state, { size: action.size });
  }
}

function withNeeds(state: UiState): UiState {
  return withStructure(state, { isTransformed: state.transforms.length > 0 || state.isDifference });
}

/** Keeps the reference when nothing changes, so that React does not commit for nothing. */
function withStructure(state: UiState, change: Partial<Structure>): UiState {
  const isSame = Object.entries(change).every(
    ([key, value]) => state.structure[key as keyof Structure] === value,
  );
  return isSame ? state : { ...state, structure: { ...state.structure, ...change } };
}

/** Nodes of a model were made anew: everything that names one follows to where it is now. */
function remap(state: UiState, successorOf: (node: NodeId) => NodeId, model: ModelName): UiState {
  const cursor = cursorOf(state, model);
  const zoom = cursor.zoom.map(successorOf).filter((node) => node !== ROOT);
  return withCursor(state, model, {
    selected: successorOf(cursor.selected),
    open: new Set(Array.from(cursor.open, successorOf)),
    zoom: zoom.filter((node, at) => node !== zoom[at - 1]),
  });
}

/** With more nodes, the ones opened first closed again when they are too many: a search opens some at each match. */
function opened(open: ReadonlySet<NodeId>, nodes: Iterable<NodeId>): ReadonlySet<NodeId> {
  const newest = new Set(nodes);
  const all = new Set(newest.size === 0 ? open : without(open, newest));
  for (const node of newest) all.add(node);
  for (const node of all) {
    if (all.size <= mostOpen) break;
    if (node !== ROOT) all.delete(node);
  }
  return all;
}

function without(nodes: ReadonlySet<NodeId>, removed: Iterable<NodeId>): ReadonlySet<NodeId> {
  const kept = new Set(nodes);
  for (const node of removed) kept.delete(node);
  return kept;
}

function next<T>(values: readonly T[], current: T): T {
  return values[(values.indexOf(current) + 1) % values.length] as T;
}
