import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { serverStacks } from '../../test/helpers/synthetic-session.ts';
import { ViewBench } from '../../test/helpers/view-bench.ts';
import { routeInput } from './input-router.ts';
import { viewNames } from './views.ts';

test('Tab goes round through all views, Shift-Tab back', async () => {
  const bench = new ViewBench();
  const seen: string[] = [];
  for (const _ of viewNames) {
    await bench.press('tab');
    seen.push(bench.view.state.structure.view);
  }
  assert.deepEqual(seen, [...viewNames.slice(1), viewNames[0]]);
  await bench.press('shift+tab');
  assert.equal(bench.view.state.structure.view, viewNames.at(-1));
  bench.view.close();
});

test('the function under the cursor goes along to every view that has it', async () => {
  const bench = new ViewBench();
  await bench.find('renderPage');
  for (const [key, where] of [
    ['2', 'bottom-up: renderPage'],
    ['3', 'flame: renderPage'],
    ['4', 'functions: renderPage'],
    ['1', 'tree: renderPage'],
  ] as const) {
    await bench.press(key);
    assert.equal(bench.where, where);
  }
  await bench.press('4');
  await bench.find('longest_match');
  await bench.press('1');
  assert.equal(bench.where, 'tree: longest_match');
  bench.view.close();
});

test('a function that spends nothing itself is not at the top upside down: that cursor stays', async () => {
  const bench = new ViewBench();
  await bench.find('main');
  await bench.press('2');
  assert.equal(bench.where, 'bottom-up: all threads');
  await bench.press('1');
  assert.equal(bench.where, 'tree: main');
  bench.view.close();
});

test('a caller under the cursor is shown where it called from', async () => {
  const bench = new ViewBench();
  await bench.press('2');
  await bench.find('longest_match');
  await bench.press('l', 'l', 'l', 'l');
  assert.equal(bench.where, 'bottom-up: uv_run');
  await bench.press('1');
  assert.equal(bench.where, 'tree: uv_run');
  bench.view.close();
});

test('a thread is no function: its number selects nothing elsewhere', async () => {
  const bench = new ViewBench();
  await bench.press('5', 'j', 'j');
  assert.equal(bench.where, 'threads: thread-101 101');
  for (const key of ['4', '5', '2', '5', '1']) await bench.press(key);
  assert.equal(bench.where, 'tree: all threads');
  await bench.find('renderPage');
  await bench.press('5');
  assert.equal(bench.where, 'threads: thread-101 101');
  bench.view.close();
});

test('every key in every view, in any order, leaves a row selected that is there', async () => {
  const bench = new ViewBench();
  let seed = 5;
  const keys = [
    ...'jkhlgGEWo12345iInN{}sS%,Kt#&fFmMcCdRuUv[]bD',
    'enter',
    'escape',
    'tab',
    'ctrl+d',
    'ctrl+u',
    'space',
  ];
  for (let i = 0; i < 1500; i++) {
    seed = (seed * 48_271) % 2_147_483_647;
    const key = keys[seed % keys.length] as string;
    routeInput(bench.view, { type: 'key', key }, () => {});
    if (i % 5 === 0) {
      bench.session.feeder.advance(1e9);
      bench.session.feeder.add(serverStacks);
      bench.view.tick();
      await turn();
    }
    bench.view.prepareBody(i % 7 === 0 ? 5 : 20);
    const { state, tree, rows, flame } = bench.view;
    assert.ok(state.selected >= 0 && state.selected < tree.nodeCount, `${key} at ${i}: ${state.selected}`);
    const isThere =
      state.structure.view === 'flame'
        ? flame.layout.frames.has(state.selected)
        : rows.indexOf(state.selected) >= 0;
    assert.ok(isThere, `${key} at ${i} in ${state.structure.view}`);
  }
  bench.view.close();
});
