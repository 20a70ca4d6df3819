import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FrameKind } from '../profile/frames.ts';
import type { HotAddress } from '../profile/hot-addresses.ts';
import { runtimeAddress } from '../profile/runtime-place.ts';
import type { FrameLine } from '../symbolize/protocol.ts';
import { generatedBlocks } from './generated-lines.ts';

const func = { id: 1, name: 'burn', module: 'jit', kind: 'jit' as const, script: '/srv/a.lua' };

function hot(id: number, totalNs: number, kind: FrameKind = 'exec-anon', address = BigInt(id)): HotAddress {
  return { frame: { id, kind, module: -1, address, functionStart: 0n }, selfNs: 0, totalNs };
}

async function linesOfBlocks(hots: readonly HotAddress[], lines: readonly FrameLine[]) {
  const blocks = await generatedBlocks(
    func,
    hots,
    () => undefined,
    async (ids) => lines.filter(({ frame }) => ids.includes(frame)),
  );
  return blocks?.map(({ title, lines: shown }) => [
    title.replace(/ {3}.*/, ''),
    ...shown.filter(({ label }) => label !== '').map(({ label, totalNs }) => `${label}: ${totalNs}`),
  ]);
}

test('a jitdump: lines by file with their weights, and what has none, so that nothing is lost', async () => {
  const lines = [
    { frame: 1, file: '/srv/a.lua', line: 7 },
    { frame: 2, file: '/srv/a.lua', line: 7 },
    { frame: 3, file: '/srv/b.lua', line: 2 },
  ];
  assert.deepEqual(await linesOfBlocks([hot(1, 30), hot(2, 10), hot(3, 5), hot(4, 2)], lines), [
    ['/srv/a.lua', '7: 40'],
    ['/srv/b.lua', '2: 5'],
    ['no line known', '?: 2'],
  ]);
});

test('no line of any address: nothing', async () => {
  assert.equal(await linesOfBlocks([hot(1, 30)], []), undefined);
});

test('a function that the runtime names at some frames and a jitdump at others: an address is never read as a line', async () => {
  const told = hot(9, 50, 'runtime', runtimeAddress({ function: 3, line: 12 }));
  const made = hot(10, 20, 'exec-anon', 0x7f00_0000_1000n);
  assert.deepEqual(await linesOfBlocks([told, made], []), [
    ['/srv/a.lua', '12: 50'],
    ['no line known', '?: 20'],
  ]);
});
