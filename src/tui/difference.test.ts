import assert from 'node:assert/strict';
import { test } from 'node:test';
import { StackFeeder } from '../../test/helpers/synthetic-session.ts';
import { ViewBench } from '../../test/helpers/view-bench.ts';
import { createFlameBody } from './flame-body.ts';
import { columnHead, rowLine } from './rows.ts';
import { rowContext } from './tree-body.ts';

/** Before the mark 80 % in `a`; after it 80 % in `b`, half as much in a second, and `gone` is gone. */
async function changed(): Promise<ViewBench> {
  const bench = new ViewBench([
    { stack: ['main', 'a'], samples: 80 },
    { stack: ['main', 'b'], samples: 10 },
    { stack: ['gone'], samples: 10 },
  ]);
  bench.session.feeder.advance(10e9);
  await bench.press('b');
  bench.session.feeder.advance(10e9);
  bench.session.feeder.add([
    { stack: ['main', 'a'], samples: 10 },
    { stack: ['main', 'b'], samples: 40 },
  ]);
  bench.view.tick();
  return bench;
}

/** The row of a function on the screen, without colours. */
function rowOf(bench: ViewBench, name: string): string {
  const { view } = bench;
  const node = view.rows.rows.find((at) => view.tree.functionOf(at).name === name);
  assert.ok(node !== undefined, `no row ${name}`);
  return plainRow(bench, node);
}

function plainRow({ view }: ViewBench, node: number): string {
  return rowLine(rowContext(view), node, false).replaceAll(/\x1b\[[\d;]*m/g, '');
}

test('D shows how shares differ from the baseline, signed; what is gone too, what changed most first', async () => {
  const bench = await changed();
  await bench.press('D', 'E');
  assert.match(columnHead(rowContext(bench.view)), /DIFF.* DIFF S/);
  assert.match(bench.head, /difference from before 00:10/);
  assert.match(rowOf(bench, 'a'), /^ +-60\.0 +-60\.0 /);
  assert.match(rowOf(bench, 'b'), /^ +\+70\.0 +\+70\.0 /);
  assert.match(rowOf(bench, 'gone'), /^ +-10\.0 +-10\.0 /);
  const order = bench.view.rows.rows.map((node) => bench.view.tree.functionOf(node).name);
  assert.deepEqual(
    order.filter((name) => name === 'a' || name === 'b'),
    ['b', 'a'],
  );
  // What there is now stands in place of the change: 10 and 40 of 50.
  assert.match(columnHead(rowContext(bench.view)), /DIFF S +NOW LAST 30s/);
  assert.match(rowOf(bench, 'a'), /^ +-60\.0 +-60\.0 +20\.0% /);
  assert.match(rowOf(bench, 'b'), / 80\.0% /);
  assert.match(rowOf(bench, 'gone'), /^ +-10\.0 +-10\.0 +0\.0% /);
  await bench.press('%');
  // 40 periods in 10 s.
  assert.match(rowOf(bench, 'b'), / 40 ms /);
  // 80 periods in 10 s before, 10 in 10 s after.
  assert.match(rowOf(bench, 'a'), /^ +-71 ms/);
  assert.match(rowOf(bench, 'b'), /^ +\+30 ms/);
  await bench.press('D');
  assert.ok(!bench.head.includes('difference'));
  assert.equal(bench.tree[0], 'all threads 150 0');
  bench.view.close();
});

test('the difference goes along into the flame view, the functions and the transforms', async () => {
  const bench = await changed();
  await bench.press('D', '4');
  assert.match(rowOf(bench, 'a'), /^ +-60\.0 +-60\.0 /);
  await bench.press('3');
  const body = createFlameBody(bench.view);
  body.prepare();
  const lines = Array.from({ length: 4 }, (_, line) => body.row(line, 99, 20)).join('\n');
  assert.match(lines, /b \+70\.0 \+\+/);
  assert.match(lines, /a -60\.0 -/);
  await bench.press('1');
  await bench.find('main');
  await bench.press('m');
  assert.match(rowOf(bench, 'b'), /^ +\+70\.0 +\+70\.0 /);
  await bench.press('2', 'E');
  assert.match(rowOf(bench, 'b'), /^ +\+70\.0 +\+70\.0 /);
  assert.match(rowOf(bench, 'gone'), /^ +-10\.0 +-10\.0 /);
  await bench.press('U', 'E');
  await bench.find('a');
  await bench.press('l', 'l');
  assert.equal(bench.where, 'bottom-up: main');
  assert.match(plainRow(bench, bench.view.state.selected), /^ +-60\.0 /);
  bench.view.close();
});

test('without a baseline, while paused and after a reset nothing is compared, and that is said', async () => {
  const bench = await changed();
  await bench.press('space', 'D');
  assert.match(bench.view.state.structure.toast, /needs the live view/);
  await bench.press('b');
  assert.match(bench.view.state.structure.toast, /space resumes/);
  await bench.press('space', 'D', 'space');
  assert.match(rowOf(bench, 'gone'), /-10\.0/);
  await bench.press('space', 'r');
  assert.equal(bench.view.state.isDifference, false);
  await bench.press('D');
  assert.match(bench.view.state.structure.toast, /no baseline yet/);
  bench.view.close();
});

test('the baseline is compared with a window of time too, and marked anew on demand', async () => {
  const bench = await changed();
  bench.session.feeder.advance(100e9);
  bench.session.feeder.add([{ stack: ['main', 'a'], samples: 100 }]);
  bench.view.tick();
  await bench.press('D', 'v', 'E');
  assert.match(rowOf(bench, 'a'), /^ +\+20\.0 /);
  await bench.press('v', 'v', 'v', 'v', 'b');
  bench.session.feeder.add([{ stack: ['main', 'b'], samples: 50 }]);
  bench.view.tick();
  await bench.press('D', 'D', 'E');
  assert.match(rowOf(bench, 'b'), /^ +\+80\.0 /);
  bench.view.close();
});

test('between engines: what ran then and what runs now is said; wall time has a baseline of its own', async () => {
  const bench = await changed();
  const { session } = bench;
  session.tick({ running: 'ctimer', planned: 'ctimer', mechanism: 'timer_create in the target' });
  await bench.press('D');
  assert.match(bench.head, /difference from before 00:10: cpu then, ctimer now/);
  assert.match(rowOf(bench, 'main'), /\+10\.0/);
  const wall = new StackFeeder();
  wall.add([{ stack: ['main', 'waits'], samples: 50 }]);
  Object.defineProperty(session, 'profile', { get: () => wall.profile });
  session.tick({ running: 'wall', unit: 'wall' });
  bench.view.tick();
  await bench.press('j');
  assert.match(bench.head, /no difference: this is wall time, the baseline CPU time\x1b/);
  await bench.press('b');
  wall.add([{ stack: ['main', 'waits'], samples: 50 }]);
  bench.view.tick();
  await bench.press('j');
  assert.match(bench.head, /difference from before 00:00\x1b/);
  bench.view.close();
});
