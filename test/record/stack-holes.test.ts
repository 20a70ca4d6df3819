/** A stack with pages that were never touched: its callers are seen all the same, in copies of the usual size. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadNative } from '../../src/engine/native.ts';
import { startFixture } from '../helpers/target.ts';
import { waitForCpu } from '../helpers/truth.ts';

const kernelAndUser = 0;
const periodNs = 1e6;
const usualCopyBytes = 16384;

for (const variant of ['truth', 'noFramePointer'] as const) {
  test(`untouched pages in a stack cut its first copies only (${variant})`, async (t) => {
    const target = await startFixture(t, 'untouched', [60], { variant });
    const session = new (loadNative().Session)(target.pid);
    const { refusal } = await session.start(kernelAndUser, periodNs);
    assert.equal(refusal, undefined);
    await waitForCpu(target.pid, 1.5e9);
    await session.stop();
    const { samples, truncated, stackBytes } = session.state();
    assert(samples > 300, `${samples} samples`);
    assert(truncated <= samples / 4, `${truncated} of ${samples} stacks are cut`);
    // Larger copies would end at the same page.
    assert.equal(stackBytes, usualCopyBytes);
    await target.finish();
  });
}
