/** Of what is listed for `a` only that counts which the view shows. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { periodNs } from '../../test/helpers/synthetic-session.ts';
import { ViewBench } from '../../test/helpers/view-bench.ts';
import type { Listing, ListingRequest } from '../engine/listing.ts';

/** `read` is called from two places, by two threads, in two minutes. */
function readers(): { readonly bench: ViewBench; samples(): Promise<number> } {
  const bench = new ViewBench([
    { stack: ['main', 'load', 'read'], samples: 8 },
    { stack: ['main', 'poll', 'read'], samples: 4, tid: 101 },
    { stack: ['main', 'poll', 'read', 'copy'], samples: 2, tid: 101 },
  ]);
  const { session, view } = bench;
  session.feeder.advance(100e9);
  session.feeder.add([{ stack: ['main', 'load', 'read'], samples: 1 }]);
  view.tick();
  let asked: ListingRequest | undefined;
  session.list = (request: ListingRequest): Promise<Listing> => {
    asked = request;
    return new Promise(() => {});
  };
  return {
    bench,
    /** Of the function under the cursor. */
    async samples() {
      await bench.press('a');
      assert.ok(asked !== undefined);
      const hot = view.source.profile.hotAddresses(asked.func, asked.scope);
      await bench.press('escape');
      return Math.round(hot.reduce((sum, { totalNs }) => sum + totalNs, 0) / periodNs);
    },
  };
}

test('the whole run, what is zoomed into, a window of time, one thread', async () => {
  const { bench, samples } = readers();
  await bench.find('read');
  assert.equal(await samples(), 15);
  await bench.find('poll');
  await bench.press('enter', 'l', 'j');
  assert.equal(bench.where, 'tree: read');
  assert.equal(await samples(), 6);
  await bench.press('4');
  assert.equal(await samples(), 6);
  await bench.press('1', 'escape', 'v');
  await bench.find('read');
  assert.equal(await samples(), 1);
  await bench.press('v', 'v', 'v', 'v', '5', 'G', 'enter');
  await bench.find('read');
  assert.equal(await samples(), 6);
  bench.view.close();
});

test('what transforms leave out does not count, and what is merged away counts where it goes', async () => {
  const { bench, samples } = readers();
  await bench.find('load');
  await bench.press('d');
  await bench.find('read');
  assert.equal(await samples(), 6);
  await bench.find('copy');
  await bench.press('m');
  await bench.find('read');
  assert.equal(await samples(), 6);
  await bench.press('U');
  await bench.find('copy');
  await bench.press('d');
  await bench.find('read');
  assert.equal(await samples(), 13);
  bench.view.close();
});

test('a paused view counts what it shows, whatever comes later: of all, of a window, of what came since a baseline', async () => {
  const { bench, samples } = readers();
  const { session, view } = bench;
  const later = () => {
    session.feeder.advance(1e9);
    session.feeder.add([{ stack: ['main', 'load', 'read'], samples: 20 }]);
    view.tick();
  };
  await bench.find('read');
  await bench.press('space');
  later();
  assert.equal(await samples(), 15);
  await bench.press('space');
  assert.equal(await samples(), 35);
  await bench.press('v', 'space');
  later();
  assert.equal(await samples(), 21);
  await bench.press('space', 'v', 'v', 'v', 'v', 'b');
  later();
  await bench.press('D');
  await bench.find('read');
  assert.equal(await samples(), 20);
  bench.view.close();
});

test('the threads of a row are those of what is shown', async () => {
  const { bench } = readers();
  const { view } = bench;
  const threads = async () => {
    const work = view.source.nodeThreads(view.state.selected);
    work?.step(() => false);
    return work?.result.map(({ tid, weightNs }) => `${tid}: ${Math.round(weightNs / periodNs)}`);
  };
  await bench.find('main');
  assert.deepEqual(await threads(), ['100: 9', '101: 6']);
  await bench.press('space');
  bench.session.feeder.add([{ stack: ['main', 'load', 'read'], samples: 20 }]);
  view.tick();
  assert.deepEqual(await threads(), ['100: 9', '101: 6']);
  await bench.press('space', 'v');
  assert.deepEqual(await threads(), ['100: 21']);
  bench.view.close();
});

test('a frozen view counts what stands on its nodes', async () => {
  const { bench, samples } = readers();
  await bench.find('poll');
  await bench.press('enter', 'space', 'l', 'j');
  assert.equal(await samples(), 6);
  bench.view.close();
});
