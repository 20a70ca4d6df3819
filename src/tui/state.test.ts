import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ROOT } from '../profile/call-tree.ts';
import { type Action, baseOf, initialState, mostOpen, reduce, type UiState } from './state.ts';

const size = { columns: 100, rows: 30 };
const after = (state: UiState, ...actions: readonly Action[]) => actions.reduce(reduce, state);
const start = initialState(size);

test('what moves with cursor or data keeps the structure, so React does not commit', () => {
  const moving: readonly Action[] = [
    { type: 'select', node: 3 },
    { type: 'open', nodes: [3], byUser: true },
    { type: 'close', nodes: [3] },
    { type: 'zoom', node: 3 },
    { type: 'zoom-out' },
    { type: 'sort' },
    { type: 'reverse' },
    { type: 'unit' },
    { type: 'names' },
    { type: 'paused', isPaused: true },
    { type: 'find', query: { text: 'x', isExact: false } },
    { type: 'remap', successorOf: (node) => node },
    { type: 'start-over' },
    { type: 'notice', hasNotice: false },
    { type: 'toast', text: '' },
    { type: 'popup', popup: undefined },
  ];
  for (const action of moving) assert.equal(after(start, action).structure, start.structure, action.type);
});

test('the prompt commits when it opens and closes, not at each letter', () => {
  const open = after(start, { type: 'prompt', text: '' });
  assert.notEqual(open.structure, start.structure);
  assert.equal(after(open, { type: 'prompt', text: 'a' }).structure, open.structure);
  assert.equal(after(open, { type: 'prompt', text: undefined }).structure.isFinding, false);
});

test('zoom goes in and out one step, and not twice into the same node', () => {
  const zoomed = after(
    start,
    { type: 'zoom', node: 2 },
    { type: 'zoom', node: 2 },
    { type: 'zoom', node: 5 },
  );
  assert.deepEqual(zoomed.zoom, [2, 5]);
  assert.equal(baseOf(zoomed), 5);
  assert.equal(baseOf(after(zoomed, { type: 'zoom-out' }, { type: 'zoom-out' }, { type: 'zoom-out' })), ROOT);
});

test('a remap moves selection, open nodes and zoom; what fell to the root is no zoom', () => {
  const state = after(
    start,
    { type: 'open', nodes: [1, 2, 3], byUser: true },
    { type: 'zoom', node: 2 },
    { type: 'zoom', node: 3 },
    { type: 'select', node: 3 },
  );
  const successors = new Map([
    [1, 7],
    [2, 8],
    [3, 8],
  ]);
  const moved = after(state, { type: 'remap', successorOf: (node) => successors.get(node) ?? ROOT });
  assert.equal(moved.selected, 8);
  assert.deepEqual([...moved.open].sort(), [ROOT, 7, 8]);
  assert.deepEqual(moved.zoom, [8]);
  assert.deepEqual(after(state, { type: 'remap', successorOf: () => ROOT }).zoom, []);
});

test('nodes of the bottom-up tree made anew move its cursor alone, on the screen or not', () => {
  const moves = {
    type: 'remap',
    model: 'callers',
    successorOf: (node: number) => (node > 4 ? node - 3 : node),
  } as const;
  const inCallers = after(
    start,
    { type: 'select', node: 5 },
    { type: 'view', view: 'bottom-up' },
    { type: 'open', nodes: [6, 9], byUser: true },
    { type: 'select', node: 9 },
  );
  const moved = after(inCallers, moves);
  assert.equal(moved.selected, 6);
  assert.deepEqual([...moved.open].sort(), [ROOT, 3, 6]);
  const away = after(inCallers, { type: 'view', view: 'tree' }, moves);
  assert.equal(away.selected, 5);
  assert.equal(after(away, { type: 'view', view: 'bottom-up' }).selected, 6);
});

test('rows that a search opens again and again: the first ones opened close when there are too many', () => {
  let state = start;
  for (let match = 1; match <= mostOpen; match += 100) {
    const above = Array.from({ length: 100 }, (_, at) => match + at);
    state = after(state, { type: 'open', nodes: [1, ...above], byUser: true });
  }
  state = after(state, { type: 'open', nodes: [1, mostOpen + 1, mostOpen + 2], byUser: true });
  assert.equal(state.open.size, mostOpen);
  for (const node of [ROOT, 1, mostOpen + 1, mostOpen + 2])
    assert.ok(state.open.has(node), `${node} is open`);
  assert.ok(!state.open.has(2));
});

test('only the user’s own opening stops the view from opening by itself', () => {
  assert.equal(after(start, { type: 'open', nodes: [1], byUser: false }).hasOpened, false);
  assert.equal(after(start, { type: 'open', nodes: [1], byUser: true }).hasOpened, true);
  assert.equal(after(start, { type: 'close', nodes: [1] }).hasOpened, true);
});

test('sort and unit go round', () => {
  const sorts = [1, 2, 3].map(
    (times) => after(start, ...Array.from({ length: times }, () => ({ type: 'sort' }) as const)).sort,
  );
  assert.deepEqual(sorts, ['self', 'name', 'total']);
  const units = [1, 2, 3].map(
    (times) => after(start, ...Array.from({ length: times }, () => ({ type: 'unit' }) as const)).unit,
  );
  assert.deepEqual(units, ['time', 'samples', 'percent']);
});

test('each model keeps its cursor, tree and flame share one', () => {
  const inTree = after(start, { type: 'select', node: 5 }, { type: 'zoom', node: 4 }, { type: 'sort' });
  const inFlame = after(inTree, { type: 'view', view: 'flame' });
  assert.deepEqual([inFlame.selected, inFlame.zoom, inFlame.sort], [5, [4], 'self']);
  const inCallers = after(inFlame, { type: 'view', view: 'bottom-up' });
  assert.deepEqual([inCallers.selected, inCallers.zoom, inCallers.sort], [ROOT, [], 'total']);
  const moved = after(inCallers, { type: 'select', node: 9 }, { type: 'view', view: 'functions' });
  assert.deepEqual([moved.selected, moved.sort], [ROOT, 'self']);
  const back = after(moved, { type: 'view', view: 'tree' });
  assert.deepEqual([back.selected, back.zoom], [5, [4]]);
  assert.equal(after(back, { type: 'view', view: 'bottom-up' }).selected, 9);
});

test('nodes made anew move the cursor of the call tree while another view is on the screen', () => {
  const away = after(
    start,
    { type: 'select', node: 5 },
    { type: 'zoom', node: 5 },
    { type: 'view', view: 'bottom-up' },
    { type: 'select', node: 5 },
    { type: 'remap', successorOf: (node) => (node === 5 ? 8 : node) },
  );
  assert.equal(away.selected, 5);
  const back = after(away, { type: 'view', view: 'tree' });
  assert.deepEqual([back.selected, back.zoom], [8, [8]]);
  assert.deepEqual(after(away, { type: 'leave-subtree' }, { type: 'view', view: 'tree' }).zoom, []);
});

test('a change of view commits, a flip and a choice of threads do not', () => {
  assert.notEqual(after(start, { type: 'view', view: 'flame' }).structure, start.structure);
  assert.equal(after(start, { type: 'view', view: 'tree' }).structure, start.structure);
  const changed = after(start, { type: 'flip' }, { type: 'threads', threads: new Set([1]) });
  assert.equal(changed.structure, start.structure);
  assert.deepEqual([changed.isFlipped, [...changed.threads]], [true, [1]]);
});
