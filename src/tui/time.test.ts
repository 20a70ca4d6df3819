import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ViewBench } from '../../test/helpers/view-bench.ts';
import { createRegions } from './regions.ts';
import { rowLine } from './rows.ts';
import { createTheme } from './theme.ts';
import { secondAt, timelineLine } from './timeline.ts';
import { rowContext } from './tree-body.ts';

/** Ten samples in `early` in the first second, thirty in `late` two minutes later. */
function twoTimes(): ViewBench {
  const bench = new ViewBench([{ stack: ['main', 'early'], samples: 10 }]);
  bench.session.feeder.advance(120e9);
  bench.session.feeder.add([{ stack: ['main', 'late'], samples: 30, tid: 101 }]);
  bench.view.tick();
  return bench;
}

test('v: whole run, the last seconds, decay; every view and the threads follow', async () => {
  const bench = twoTimes();
  assert.equal(bench.tree[0], 'all threads 40 0');
  await bench.press('v');
  assert.deepEqual(bench.tree, ['all threads 30 0', 'main 30 0', 'late 30 30']);
  assert.match(bench.head, /last 10 s/);
  assert.match(bench.head, /window 01:51-02:01/);
  await bench.press('4');
  assert.ok(!bench.tree.some((line) => line.startsWith('early')));
  await bench.press('5');
  assert.deepEqual(bench.tree, ['all threads 30 0', 'thread-101 101 30 30']);
  await bench.press('1', 'v', 'v');
  assert.equal(bench.tree[0], 'all threads 40 0');
  assert.match(bench.head, /last 300 s/);
  await bench.press('v');
  assert.match(bench.head, /decay, half in 10 s/);
  assert.ok(bench.view.tree.samplesOf(0) < 31);
  await bench.press('v');
  assert.ok(!bench.head.includes('window'));
  bench.view.close();
});

test('[ and ] move a window that stands still while capture goes on; space goes back to the whole run', async () => {
  const bench = twoTimes();
  await bench.press('[');
  assert.ok(bench.view.state.isPaused);
  assert.match(bench.head, /PAUSED/);
  assert.match(bench.head, /window 01:46-01:56/);
  assert.deepEqual(bench.tree, []);
  bench.session.feeder.add([{ stack: ['main', 'new'], samples: 5 }]);
  bench.view.tick();
  await bench.press(']');
  assert.match(bench.head, /window 01:51-02:01/);
  assert.match(bench.head, /\+5 samples/);
  await bench.press(']');
  assert.match(bench.view.state.structure.toast, /this is the end/);
  for (let at = 0; at < 40; at++) await bench.press('[');
  assert.match(bench.head, /window 00:00-00:10/);
  assert.deepEqual(bench.tree, ['all threads 10 0', 'main 10 0', 'early 10 10']);
  assert.match(bench.view.state.structure.toast, /the beginning/);
  await bench.press('space');
  assert.ok(!bench.view.state.isPaused);
  assert.equal(bench.tree[0], 'all threads 45 0');
  bench.view.close();
});

test('a frozen view can be moved in time; the cursor and the transforms stay', async () => {
  const bench = twoTimes();
  await bench.find('early');
  await bench.press('m', 'space', '[');
  for (let at = 0; at < 40; at++) await bench.press('[');
  assert.deepEqual(bench.tree, ['all threads 10 0', 'main 10 10']);
  assert.equal(bench.where, 'tree: main');
  await bench.press('v');
  assert.deepEqual(bench.tree, ['all threads 40 0', 'main 40 10', 'late 30 30']);
  bench.view.close();
});

test('the kernel part is folded under a window, too: the cursor stays', async () => {
  const bench = twoTimes();
  await bench.find('late');
  await bench.press('v', 'K');
  assert.equal(bench.where, 'tree: late');
  assert.equal(bench.tree[0], 'all threads 30 0');
  bench.view.close();
});

test('r starts anew: the log too', async () => {
  const bench = twoTimes();
  await bench.press('v', 'r');
  assert.deepEqual(bench.tree, []);
  bench.session.feeder.add([{ stack: ['main', 'new'], samples: 5 }]);
  bench.view.tick();
  await bench.press('v', 'v');
  assert.equal(bench.tree[0], 'all threads 5 0');
  bench.view.close();
});

test('the line of the timeline: brackets around what is shown, at any width', () => {
  const timeline = {
    theme: createTheme({ ascii: true, color: false }),
    first: 0,
    last: 99,
    shown: { from: 50, to: 60 },
    weightNs: (second: number) => (second < 50 ? 1 : second < 60 ? 4 : 0),
  };
  const plain = (width: number) => timelineLine(timeline, width).replaceAll(/\x1b\[[\d;]*m/g, '');
  assert.match(plain(99), /^00:00 =+\[%%%%%\] +01:40 {3}window 00:50-01:00 {3}\[ \] or drag$/);
  for (let width = 20; width < 200; width++)
    assert.ok(plain(width).length <= width, `${width}: ${plain(width)}`);
  assert.equal(plain(30), 'window 00:50-01:00   [ ] or d~');
});

test('the second under a cell is the one drawn there, brackets or not', () => {
  const timeline = {
    theme: createTheme({ ascii: true, color: false }),
    first: 100,
    last: 159,
    shown: { from: 120, to: 140 },
    weightNs: (second: number) => (second === 130 ? 4 : 0),
  };
  const width = 110;
  const line = timelineLine(timeline, width).replaceAll(/\x1b\[[\d;]*m/g, '');
  const busiest = line.indexOf('%');
  assert.equal(secondAt(timeline, width, busiest), 130);
  assert.equal(secondAt(timeline, width, line.indexOf('[') + 1), 120);
  assert.equal(secondAt(timeline, width, line.indexOf(']')), 139);
  assert.equal(secondAt(timeline, width, 0), 100);
  assert.equal(secondAt(timeline, width, width), 159);
  assert.equal(secondAt(timeline, 30, 5), undefined);
});

/** One sample a second in `a` for a minute, then two seconds in three in `b`. */
function twoMinutes(): ViewBench {
  const bench = new ViewBench([]);
  for (let second = 0; second < 120; second++) {
    bench.session.feeder.advance(1e9);
    const name = second < 60 || second % 3 === 0 ? 'a' : 'b';
    bench.session.feeder.add([{ stack: ['main', name], samples: 10 }]);
  }
  bench.view.tick();
  return bench;
}

function rowOf({ view }: ViewBench, name: string): string {
  const node = view.rows.rows.find((at) => view.tree.functionOf(at).name === name);
  assert.ok(node !== undefined, `no row ${name}`);
  return rowLine(rowContext(view), node, false).replaceAll(/\x1b\[[\d;]*m/g, '');
}

test('the change is seen against the window before, of the length that was chosen', async () => {
  const bench = twoMinutes();
  await bench.press('v', 'v');
  assert.match(bench.head, /last 60 s/);
  assert.match(bench.head, /Δ60s/);
  assert.match(rowOf(bench, 'b'), /^ +66\.7% +66\.7% +\+66\.7 /);
  assert.match(rowOf(bench, 'a'), /^ +33\.3% +33\.3% +-66\.7 /);
  for (const [key, back] of [
    ['2', '1'],
    ['4', '1'],
  ] as const) {
    await bench.press(key);
    assert.match(rowOf(bench, 'b'), /\+66\.7 /);
    await bench.press(back);
  }
  await bench.find('main');
  await bench.press('m');
  assert.match(rowOf(bench, 'b'), /^ +66\.7% +66\.7% +\+66\.7 /);
  await bench.press('v');
  // Of the 300 s before nothing is known.
  assert.match(bench.head, /Δ5m/);
  assert.doesNotMatch(rowOf(bench, 'b'), /[+-]\d/);
  bench.view.close();
});

test('a drag over the timeline chooses its seconds; a click within goes back to the whole run', async () => {
  const bench = twoMinutes();
  await bench.press('v');
  const { head } = createRegions(bench.view);
  const shownSpan = () => {
    const { span } = bench.view.state;
    return span.kind === 'fixed' ? [span.from, span.to] : span.kind;
  };
  const settle = () => bench.press('ctrl+l');
  const timeline = bench.head.split('\n').findIndex((line) => line.includes('00:00'));
  assert.ok(timeline > 0, bench.head);
  head.mouse?.('press', timeline, 20);
  head.drag?.(10, false);
  head.drag?.(40, true);
  await settle();
  const [from = 0, to = 0] = shownSpan();
  assert.ok(Number(to) - Number(from) > 20, `${from}-${to}`);
  assert.match(bench.head, /PAUSED/);
  head.mouse?.('press', timeline, 30);
  head.drag?.(30, true);
  assert.equal(shownSpan(), 'all');
  assert.ok(!bench.view.state.isPaused);
  await bench.press('v');
  head.mouse?.('press', timeline, 20);
  head.drag?.(20, true);
  const [clicked = 0, end = 0] = shownSpan();
  assert.equal(Number(end) - Number(clicked), 10);
  bench.view.close();
});

test('of a window the bars are those of its own time', async () => {
  const bench = new ViewBench([]);
  const { feeder } = bench.session;
  for (let second = 0; second < 60; second++) {
    feeder.add([{ stack: ['main', second < 30 ? 'early' : 'late'], samples: 10 }]);
    feeder.advance(1e9);
  }
  // Long ago: nothing of it is in the last 30 s.
  feeder.advance(300e9);
  feeder.add([{ stack: ['main', 'now'], samples: 10 }]);
  bench.view.tick();
  await bench.press('v', 'v');
  for (let at = 0; at < 40; at++) await bench.press('[');
  assert.match(bench.head, /window 00:00-01:00/);
  assert.match(bench.head, /WINDOW/);
  const { tree } = bench.view;
  const out = new Float64Array(12);
  const barsOf = (name: string): boolean[] => {
    for (let node = 0; node < tree.nodeCount; node++) {
      if (tree.functionOf(node).name !== name) continue;
      tree.history(node, out);
      return [...out].map((ns) => ns > 0);
    }
    return [];
  };
  assert.deepEqual(barsOf('early'), [...Array(6).fill(true), ...Array(6).fill(false)]);
  assert.deepEqual(barsOf('late'), [...Array(6).fill(false), ...Array(6).fill(true)]);
  assert.deepEqual(barsOf('main'), Array(12).fill(true));
  bench.view.close();
});
