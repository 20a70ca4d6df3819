import assert from 'node:assert/strict';
import { test } from 'node:test';
import { WaitedTime } from './waited-time.ts';

/** One look at every process: the kernel's sum as it is read, then what ended meanwhile, then the comparison. */
function look(waited: WaitedTime, ns: number): number {
  waited.look(ns);
  waited.compare();
  return waited.unseenNs;
}

test('children that nobody saw are told when the next look is over', () => {
  const waited = new WaitedTime(100);
  assert.equal(look(waited, 100), 0);
  assert.equal(look(waited, 130), 0);
  assert.equal(look(waited, 130), 30);
  assert.equal(look(waited, 130), 30);
});

test('a followed child that ends is no unseen time, whenever the kernel adds it', () => {
  const waited = new WaitedTime(0);
  // The sum holds it already in the look that finds it gone.
  waited.look(50);
  waited.beginEnd();
  waited.compare();
  assert.equal(look(waited, 50), 0, 'its own books are not closed yet');
  waited.settle(45);
  assert.equal(look(waited, 50), 5, 'what was used before we were in it');
});

test('unseen time never falls, and what was followed beyond the kernel’s sum is not owed', () => {
  const waited = new WaitedTime(0);
  look(waited, 20);
  assert.equal(look(waited, 20), 20);
  waited.beginEnd();
  waited.settle(500);
  assert.equal(look(waited, 400), 20);
  assert.equal(look(waited, 530), 20);
  assert.equal(look(waited, 530), 30);
});

test('what a process that is gone has waited for is known from its children, when it was read too early', () => {
  const waited = new WaitedTime(100);
  look(waited, 110);
  look(waited, 110);
  assert.equal(waited.knownNs, 110);
  waited.beginEnd();
  waited.settle(60);
  assert.equal(waited.knownNs, 170, 'ten unseen and sixty followed');
});
