import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ViewBench } from '../../test/helpers/view-bench.ts';
import { createTheme } from './theme.ts';
import { timelineLine } from './timeline.ts';

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
  assert.match(plain(99), /^00:00 =+\[%%%%%\] +01:40 {3}window 00:50-01:00 {3}\[ \] move$/);
  for (let width = 20; width < 200; width++)
    assert.ok(plain(width).length <= width, `${width}: ${plain(width)}`);
  assert.equal(plain(30), 'window 00:50-01:00   [ ] move');
});
