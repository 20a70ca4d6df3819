/**
 * The five views and the models they read. The tree and the flame view show one model, so they share selection, open
 * nodes and zoom; each other model has its own, kept while another view is on the screen.
 */
import { type NodeId, ROOT } from '../profile/call-tree.ts';
import type { SortOrder, UiState } from './state.ts';

/** In the order of the keys 1 to 5 and of Tab. */
export const viewNames = ['tree', 'bottom-up', 'flame', 'functions', 'threads'] as const;
export type ViewName = (typeof viewNames)[number];

/** The call tree; functions and their callers; functions; threads. */
export type ModelName = 'calls' | 'callers' | 'functions' | 'threads';

const models: Readonly<Record<ViewName, ModelName>> = {
  tree: 'calls',
  'bottom-up': 'callers',
  flame: 'calls',
  functions: 'functions',
  threads: 'threads',
};

export function modelOf(view: ViewName): ModelName {
  return models[view];
}

/** Where the user is in one model. */
export interface Cursor {
  readonly selected: NodeId;
  readonly open: ReadonlySet<NodeId>;
  /** Roots zoomed into, the innermost last. */
  readonly zoom: readonly NodeId[];
  readonly sort: SortOrder;
  readonly isReversed: boolean;
  /** Whether the user opened or closed a node: until then the view may open the hottest path by itself. */
  readonly hasOpened: boolean;
}

const firstSort: Readonly<Record<ModelName, SortOrder>> = {
  calls: 'total',
  callers: 'total',
  functions: 'self',
  threads: 'total',
};

export function initialCursor(model: ModelName): Cursor {
  return {
    selected: ROOT,
    open: new Set([ROOT]),
    zoom: [],
    sort: firstSort[model],
    isReversed: false,
    hasOpened: false,
  };
}

export function cursorOf(state: UiState, model: ModelName): Cursor {
  const { view } = state.structure;
  return modelOf(view) === model ? state : (state.parked[model] ?? initialCursor(model));
}

/** The same state with one model's cursor changed, whether it is on the screen or parked. */
export function withCursor(state: UiState, model: ModelName, change: Partial<Cursor>): UiState {
  if (modelOf(state.structure.view) === model) return { ...state, ...change };
  const cursor = { ...cursorOf(state, model), ...change };
  return { ...state, parked: { ...state.parked, [model]: cursor } };
}

/** Goes to another view; `structure.view` is changed by the caller. */
export function exchangeCursors(state: UiState, to: ViewName): UiState {
  const [from, wanted] = [modelOf(state.structure.view), modelOf(to)];
  if (from === wanted) return state;
  const { selected, open, zoom, sort, isReversed, hasOpened } = state;
  const parked = { ...state.parked, [from]: { selected, open, zoom, sort, isReversed, hasOpened } };
  return { ...state, ...cursorOf(state, wanted), parked };
}
