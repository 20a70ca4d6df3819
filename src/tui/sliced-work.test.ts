import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { SlicedWork } from './sliced-work.ts';

/** Work of `steps` steps of 1 ms each, on a clock that only the work moves. */
function bench() {
  const clock = { ms: 0 };
  let done = 0;
  const work = new SlicedWork(
    () => clock.ms,
    () => {
      done++;
    },
  );
  const start = (steps: number) => {
    let left = steps;
    work.start((isOver) => {
      while (left > 0) {
        left--;
        clock.ms++;
        if (left > 0 && isOver()) return false;
      }
      return true;
    });
  };
  return { clock, work, start, done: () => done };
}

test('short work is done at once, long work in slices of 4 ms with turns of the event loop between', async () => {
  const { clock, work, start, done } = bench();
  start(3);
  assert.deepEqual([done(), clock.ms, work.isRunning], [1, 3, false]);
  start(10);
  assert.deepEqual([done(), clock.ms, work.isRunning], [1, 7, true]);
  await turn();
  assert.equal(clock.ms, 11);
  await turn();
  assert.deepEqual([done(), clock.ms, work.isRunning], [2, 13, false]);
});

test('it is due again after a second, after dear work later: two percent of a core', () => {
  const { clock, work, start } = bench();
  assert.ok(work.isDue);
  start(2);
  clock.ms += 999;
  assert.ok(!work.isDue);
  clock.ms++;
  assert.ok(work.isDue);
});

test('dear work waits fifty times its cost', async () => {
  const { clock, work, start } = bench();
  start(40);
  while (work.isRunning) await turn();
  clock.ms += 1999;
  assert.ok(!work.isDue);
  clock.ms++;
  assert.ok(work.isDue);
});

test('a new start gives up the work before; stopped work never ends', async () => {
  const { work, start, done } = bench();
  start(100);
  start(2);
  await turn();
  assert.equal(done(), 1);
  start(100);
  work.stop();
  await turn();
  assert.deepEqual([done(), work.isRunning], [1, false]);
});
