import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { SlicedWork } from './sliced-work.ts';

/** What the test before left of its turn is none of this one's. */
beforeEach(() => turn());

/** Work of `steps` steps of 1 ms each, on a clock that only the work moves. */
function bench(isUrgent = true, clock = { ms: 0 }) {
  let done = 0;
  const work = new SlicedWork(
    () => clock.ms,
    () => {
      done++;
    },
    isUrgent,
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
  await turn();
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

test('works that begin in one turn hold it no longer than one of them does', async () => {
  const clock = { ms: 0 };
  const works = [bench(true, clock), bench(true, clock), bench(true, clock)];
  for (const { start } of works) start(3);
  assert.equal(clock.ms, 4, 'the second one has a millisecond left');
  assert.deepEqual(
    works.map(({ done }) => done()),
    [1, 0, 0],
  );
  await turn();
  await turn();
  assert.deepEqual([clock.ms, ...works.map(({ done }) => done())], [9, 1, 1, 1]);
});

test('what nobody waits for does not begin before the next turn', async () => {
  const { work, start, done } = bench(false);
  start(1);
  assert.deepEqual([done(), work.isRunning], [0, true]);
  await turn();
  assert.deepEqual([done(), work.isRunning], [1, false]);
});

test('however many works there are, one slice a turn; what somebody waits for comes first', async () => {
  const clock = { ms: 0 };
  const following = bench(false, clock);
  const [first, second] = [bench(true, clock), bench(true, clock)];
  for (const { start } of [following, first, second]) start(12);
  const slices: number[] = [];
  for (let before = clock.ms; ; before = clock.ms) {
    await turn();
    if (clock.ms === before) break;
    slices.push(clock.ms - before);
    const [urgent, rest] = [first.done() + second.done(), following.done()];
    assert.ok(rest === 0 || urgent === 2, 'no work that follows is done before urgent work');
  }
  // Of the first one a slice was done at once.
  assert.deepEqual(slices, [4, 4, 4, 4, 4, 4, 4, 4]);
  assert.equal(following.done(), 1);
});
