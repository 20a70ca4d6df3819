import assert from 'node:assert/strict';
import { test } from 'node:test';
import { StackFeeder } from '../../test/helpers/synthetic-session.ts';
import { allThreads } from './hottest-by-thread.ts';

/** `copy` is called from two places by thread 100; thread 101 waits in the kernel. */
function fed(): StackFeeder {
  const feeder = new StackFeeder();
  feeder.add([
    { stack: ['main', 'load', 'copy'], samples: 3 },
    { stack: ['main', 'store', 'copy'], samples: 4 },
    { stack: ['main', 'parse'], samples: 6 },
    { stack: ['main', 'idle', 'wait', 'kernel!do_wait', 'kernel!schedule'], samples: 3, tid: 101 },
    { stack: ['main', 'idle', 'wait', '?kernel'], samples: 2, tid: 101 },
    { stack: ['kernel!only'], samples: 1, tid: 103 },
    { stack: ['start'], samples: 2, tid: 102 },
  ]);
  return feeder;
}

function worked(feeder: StackFeeder, rowNs?: Float64Array) {
  const work = feeder.profile.hottestByThread({ threads: new Set(), rowNs });
  while (!work.step(() => true));
  return work.result;
}

test('the function with the most time of its own over all its places, from its hottest place', () => {
  const result = worked(fed());
  assert.deepEqual(result.get(0), { name: 'copy', caller: 'store', share: 7 / 13 });
  // What the kernel does for a function is the function's.
  assert.deepEqual(result.get(1), { name: 'wait', caller: 'idle', share: 1 });
  assert.deepEqual(result.get(3), { name: 'start', caller: undefined, share: 1 });
  assert.equal(result.get(2)?.name, 'only');
  assert.equal(result.get(allThreads)?.name, 'copy');
});

test('of a part of the run only that part counts; a thread without any has no hottest', () => {
  const feeder = fed();
  const rowNs = feeder.profile.copyRowNs();
  feeder.add([{ stack: ['main', 'late'], samples: 50 }]);
  assert.equal(worked(feeder).get(0)?.name, 'late');
  assert.equal(worked(feeder, rowNs).get(0)?.name, 'copy');
  rowNs.fill(0);
  assert.equal(worked(feeder, rowNs).size, 0);
});

test('more places than one look takes, of threads in turn: each thread counts its own rows alone', () => {
  const feeder = new StackFeeder();
  const row = (at: number) => {
    const place = { stack: ['main', `from${at % 3000}`, at % 5 === 0 ? 'often' : `f${at % 700}`] };
    return { ...place, samples: 1, tid: 100 + (at % 3) };
  };
  feeder.add(Array.from({ length: 6000 }, (_, at) => row(at)));
  const result = worked(feeder);
  assert.equal(result.size, 4);
  for (const thread of [0, 1, 2, allThreads]) {
    const { name, caller, share } = result.get(thread) ?? {};
    assert.deepEqual([name, caller?.slice(0, 4), share], ['often', 'from', 0.2]);
  }
});

test('nodes made anew while it works end it, and it says so', () => {
  const feeder = new StackFeeder();
  const stacks = Array.from({ length: 600 }, (_, at) => ({ stack: ['main', `f${at}`], samples: 1 }));
  feeder.add(stacks, false);
  const work = feeder.profile.hottestByThread({ threads: new Set() });
  assert.equal(
    work.step(() => true),
    false,
  );
  feeder.nameAll();
  assert.ok(work.step(() => true));
  assert.ok(work.isOutdated);
});
