import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { serverStacks } from '../../test/helpers/synthetic-session.ts';
import { ViewBench } from '../../test/helpers/view-bench.ts';

test('a transform changes the tree, is named above it with what it leaves, and is undone', async () => {
  const bench = new ViewBench();
  const whole = bench.tree;
  await bench.find('renderPage');
  await bench.press('f');
  assert.deepEqual(bench.tree, ['all threads 47 0', 'renderPage 47 25', 'escapeHtml 22 22']);
  assert.equal(bench.where, 'tree: renderPage');
  assert.match(bench.head, /\[focus renderPage\] {2}all .* 47\.0% kept/);
  await bench.press('u');
  assert.deepEqual(bench.tree, whole);
  assert.equal(bench.where, 'tree: renderPage');
  assert.ok(!bench.head.includes('focus'));
  bench.view.close();
});

test('transforms stack up; u takes off the last one, U all of them', async () => {
  const bench = new ViewBench();
  const whole = bench.tree;
  await bench.find('uv_run');
  await bench.press('F');
  await bench.find('escapeHtml');
  await bench.press('d');
  await bench.find('longest_match');
  await bench.press('C');
  assert.match(bench.head, /\[subtree uv_run\] \[drop escapeHtml\] \[collapse module libz.so.1\] {2}all/);
  assert.deepEqual(bench.tree, [
    'all threads 77 0',
    'uv_run 77 0',
    'Server.handle 25 0',
    'renderPage 25 25',
    'fs::ReadFile 29 0',
    'read 29 0',
    '[kernel: no symbols] 29 29',
    'libz.so.1 23 23',
  ]);
  assert.equal(bench.where, 'tree: libz.so.1');
  await bench.press('u', 'u');
  assert.equal(bench.tree[0], 'all threads 99 0');
  await bench.press('M', 'U');
  assert.deepEqual(bench.tree, whole);
  bench.view.close();
});

test('merging and collapsing keep all time', async () => {
  const bench = new ViewBench();
  for (const [key, name] of [
    ['m', 'uv_run'],
    ['M', 'Server.handle'],
    ['c', 'read'],
    ['R', 'main'],
  ] as const) {
    await bench.find(name);
    await bench.press(key);
    assert.equal(bench.tree[0], 'all threads 100 0', key);
  }
  assert.deepEqual(bench.tree.slice(1), [
    'main 99 0',
    'renderPage 47 25',
    'escapeHtml 22 22',
    'fs::ReadFile 29 0',
    'read 29 29',
    'deflate_slow 23 6',
    'longest_match 17 17',
    '_start 1 1',
  ]);
  bench.view.close();
});

test('every view shows the transformed tree', async () => {
  const bench = new ViewBench();
  await bench.find('fs::ReadFile');
  await bench.press('F', '2');
  assert.deepEqual(
    bench.tree,
    ['fs::ReadFile 29 0', '[kernel: no symbols] 29 29'].map((line) =>
      line.replace(/^fs.*/, 'all threads 29 0'),
    ),
  );
  await bench.press('4');
  assert.equal(
    bench.tree.find((line) => line.startsWith('read ')),
    'read 29 0',
  );
  assert.ok(!bench.tree.some((line) => line.startsWith('main ')));
  await bench.press('3');
  assert.equal(bench.view.flame.layout.rows[1]?.length, 1);
  bench.view.close();
});

test('& keeps only stacks with a match, # looks for this name first', async () => {
  const bench = new ViewBench();
  await bench.press('&');
  assert.match(bench.view.state.structure.toast, /nothing to keep yet/);
  await bench.find('read');
  await bench.press('#', '&');
  assert.deepEqual(bench.tree.slice(0, 4), [
    'all threads 29 0',
    'main 29 0',
    'uv_run 29 0',
    'fs::ReadFile 29 0',
  ]);
  assert.match(bench.head, /\[keep read\]/);
  await bench.press('u', '/', ...'LONGEST', 'enter', '&');
  assert.match(bench.view.state.structure.toast, /no match/);
  await bench.press('/', ...'longest', 'enter', '&');
  assert.deepEqual(bench.tree.at(-1), 'longest_match 17 17');
  assert.equal(bench.tree[0], 'all threads 17 0');
  bench.view.close();
});

test('the living profile goes on under the transforms, late names too', async () => {
  const bench = new ViewBench();
  await bench.find('renderPage');
  await bench.press('f');
  bench.session.feeder.add([...serverStacks, { stack: ['main', 'renderPage', 'brand_new'], samples: 3 }]);
  bench.view.followTransforms(true);
  await turn();
  assert.equal(bench.tree[0], 'all threads 97 0');
  assert.ok(bench.tree.includes('brand_new 3 3'));
  bench.session.feeder.profile.setKernelCollapsed(true);
  bench.session.feeder.profile.settle();
  bench.view.tick();
  await turn();
  assert.equal(bench.tree[0], 'all threads 97 0');
  assert.equal(bench.where, 'tree: renderPage');
  bench.view.close();
});

test('a paused view is transformed as it stands; resuming goes on with the transforms', async () => {
  const bench = new ViewBench();
  await bench.press('space');
  bench.session.feeder.add(serverStacks);
  bench.view.tick();
  await bench.find('renderPage');
  await bench.press('f');
  assert.equal(bench.tree[0], 'all threads 47 0');
  await bench.press('space');
  assert.equal(bench.tree[0], 'all threads 94 0');
  assert.equal(bench.where, 'tree: renderPage');
  await bench.press('space');
  bench.session.feeder.add(serverStacks);
  bench.session.feeder.profile.setKernelCollapsed(true);
  bench.session.feeder.profile.settle();
  bench.view.tick();
  await bench.press('u');
  assert.equal(bench.tree[0], 'all threads 200 0');
  await bench.press('f', 'space');
  assert.equal(bench.tree[0], 'all threads 141 0');
  assert.equal(bench.where, 'tree: renderPage');
  bench.view.close();
});

test('the choice of threads holds under transforms', async () => {
  const bench = new ViewBench();
  await bench.find('uv_run');
  await bench.press('F', '5', 'j', 'j', 'enter');
  assert.deepEqual(bench.tree.slice(0, 2), ['thread 101 thread-101 23 0', 'uv_run 23 0']);
  bench.view.close();
});

test('keys pressed while a large tree is worked out mean the tree that comes', async () => {
  const names = Array.from({ length: 300 }, (_, at) => `f${at}`);
  const stacks = names.flatMap((a) =>
    names.slice(0, 100).map((b) => ({ stack: ['main', a, b, 'leaf'], samples: 1 })),
  );
  const bench = new ViewBench([...stacks, { stack: ['main', 'last', 'f3'], samples: 9 }]);
  await bench.find('last');
  const { view } = bench;
  await bench.press('f', 'd', 'u');
  while (view.source.isTransforming) await turn();
  assert.deepEqual(view.state.transforms.length, 1);
  assert.deepEqual(bench.tree, ['all threads 9 0', 'last 9 0', 'f3 9 9']);
  bench.view.close();
});

test('the root, a thread and marked time refuse what does not mean them', async () => {
  const bench = new ViewBench();
  for (const key of ['f', 'F', 'm', 'M', 'c', 'C', 'R', 'd', 'u', 'U']) {
    await bench.press(key);
    assert.deepEqual(bench.view.state.transforms, [], key);
    assert.match(bench.view.state.structure.toast, /choose a function first|nothing to undo/);
  }
  await bench.press('2', 'j', 'F');
  assert.match(bench.view.state.structure.toast, /one place in the tree/);
  bench.view.close();
});

test('counting anew keeps the transforms: they are applied to what comes', async () => {
  const bench = new ViewBench();
  await bench.find('renderPage');
  await bench.press('f', 'r');
  assert.deepEqual(bench.tree, []);
  bench.session.feeder.add(serverStacks);
  bench.view.followTransforms(true);
  await turn();
  assert.equal(bench.tree[0], 'all threads 47 0');
  assert.match(bench.head, /\[focus renderPage\]/);
  await bench.press('escape');
  assert.equal(bench.tree[0], 'all threads 100 0');
  bench.view.close();
});

test('a thread that is entered has its tree transformed, too; zoom, search and window go along', async () => {
  const bench = new ViewBench([
    { stack: ['main', 'pool', 'work'], samples: 40 },
    { stack: ['main', 'pool', 'work'], samples: 30, tid: 101 },
    { stack: ['main', 'pool', 'idle'], samples: 20, tid: 101 },
  ]);
  await bench.find('pool');
  await bench.press('m');
  await bench.find('idle');
  await bench.press('d', '5', 'g', 'j', 'enter');
  assert.deepEqual(bench.tree, ['thread 101 thread-101 30 0', 'main 30 0', 'work 30 30']);
  assert.match(bench.head, /\[merge pool\] \[drop idle\]/);
  await bench.press('3', '4');
  assert.ok(bench.tree.includes('work 30 30') && !bench.tree.some((line) => line.startsWith('pool')));
  await bench.press('5', 'g', 'enter');
  assert.deepEqual(bench.tree, ['all threads 70 0', 'main 70 0', 'work 70 70']);
  await bench.press('v', '/', ...'work', 'enter');
  for (const view of ['2', '3', '4', '5', '1']) {
    await bench.press(view);
    assert.match(bench.head, /last 10 s/);
    assert.match(bench.head, /find \/work\//);
  }
  bench.view.close();
});
