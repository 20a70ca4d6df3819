/**
 * Files of every format that we read, damaged at random: each is refused in one line or read in part, whatever it says.
 * The random numbers are the same in each run, and so is the number of tries.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gunzipSync, gzipSync } from 'node:zlib';
import { exported } from '../../test/helpers/exported.ts';
import { syntheticRun } from '../../test/helpers/synthetic-run.ts';
import { ROOT } from '../profile/call-tree.ts';
import type { Profile } from '../profile/profile.ts';
import { importedSession } from '../replay/imported-session.ts';
import { replay } from '../replay/replay.ts';
import { type Block, encodeBlock, fileHead, fileHeadBytes, type ReadBytes, readBlock } from './blocks.ts';
import { importProfile } from './import/import-profile.ts';
import { NotImportable } from './import/imported.ts';
import { NotARecording, readRecording } from './recording-reader.ts';

const tries = 250;

/** A 32-bit linear congruential generator, of whose states the high bits are used. */
function randomFrom(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

/** One of: flipped bits, a piece cut out, a piece doubled, the end gone, extreme bytes. */
function damaged(file: Buffer, random: (below: number) => number): Buffer {
  const at = random(file.length);
  const length = 1 + random(16);
  const copy = Buffer.from(file);
  switch (random(5)) {
    case 0:
      for (let i = 0; i < length; i++) {
        const place = random(copy.length);
        copy[place] = (copy[place] as number) ^ (1 << random(8));
      }
      return copy;
    case 1:
      return Buffer.concat([file.subarray(0, at), file.subarray(at + length)]);
    case 2:
      return Buffer.concat([file.subarray(0, at + length), file.subarray(at)]);
    case 3:
      return file.subarray(0, at);
    default:
      return copy.fill(random(2) === 0 ? 0xff : 0x39, at, Math.min(file.length, at + length));
  }
}

function assertSound(profile: Profile): void {
  const { tree } = profile;
  assert(Number.isFinite(profile.weightNs) && profile.weightNs >= 0);
  for (let node = ROOT; node < tree.nodeCount; node++) {
    assert(tree.totalNs(node) >= tree.selfNs(node) && tree.selfNs(node) >= 0);
    assert.doesNotMatch(tree.functionOf(node).name, /[\u0000-\u001f\u007f-\u009f]/);
  }
}

const run = syntheticRun();
const speedscope = exported('speedscope', run);
const cpuprofile = {
  nodes: Array.from({ length: 20 }, (_, i) => ({
    id: i + 1,
    callFrame: { functionName: `f${i}`, url: 'file:///x.js', lineNumber: i },
    children: i < 19 ? [i + 2] : [],
  })),
  samples: Array.from({ length: 60 }, (_, i) => 1 + (i % 20)),
  timeDeltas: Array.from({ length: 60 }, (_, i) => 100 + i),
};
const perfScript = Array.from(
  { length: 30 },
  (_, i) =>
    `app x ${i}/${i + 1} [001] 13.54${i}:  200${i} cycles:u: \n\t 7${i} f${i}(int)+0x1 (/bin/x)\n\t ffffffff8100 [unknown] ([kernel])\n\n`,
).join('');

const files: Readonly<Record<string, Buffer>> = {
  folded: exported('folded', run),
  speedscope,
  'cut speedscope': speedscope.subarray(0, 3000),
  'pprof, unpacked': gunzipSync(exported('pprof', run)),
  'perf script': Buffer.from(perfScript),
  cpuprofile: Buffer.from(JSON.stringify(cpuprofile)),
};

for (const [name, file] of Object.entries(files)) {
  test(`fuzz: ${name}`, () => {
    const random = randomFrom(42);
    for (let i = 0; i < tries; i++) {
      try {
        const imported = importProfile(damaged(file, random));
        assertSound(imported.profile);
        importedSession(imported, 'x', new Date(0).toISOString());
      } catch (error) {
        if (!(error instanceof NotImportable)) throw new Error(`try ${i}`, { cause: error });
        assert.doesNotMatch(error.message, /\n/);
      }
    }
  });
}

test('fuzz: damaged gzip', () => {
  const random = randomFrom(43);
  const file = gzipSync(files['pprof, unpacked'] as Buffer);
  for (let i = 0; i < tries; i++) {
    try {
      assertSound(importProfile(damaged(file, random)).profile);
    } catch (error) {
      if (!(error instanceof NotImportable)) throw new Error(`try ${i}`, { cause: error });
    }
  }
});

/** Reads bytes as a file is read. */
function reader(file: Buffer): ReadBytes {
  return (into, position) => file.copy(into, 0, position);
}

function blocksOf(file: Buffer): Block[] {
  const blocks: Block[] = [];
  for (let at = fileHeadBytes; ; ) {
    const block = readBlock(reader(file), at);
    if (!('payload' in block)) return blocks;
    blocks.push(block);
    at = block.end;
  }
}

test('fuzz: a recording whose blocks are damaged and have right checksums', () => {
  const random = randomFrom(44);
  const file = exported('proftui', run);
  const blocks = blocksOf(file);
  for (let i = 0; i < tries; i++) {
    const hit = random(blocks.length);
    const pieces = blocks.map(({ tag, payload }, at) =>
      encodeBlock(tag, at === hit && payload.length > 0 ? damaged(payload, random) : payload),
    );
    try {
      const recording = readRecording(reader(Buffer.concat([fileHead(), ...pieces])));
      for (const profile of recording.profiles.values()) assertSound(profile);
      assertSound(replay(recording).session.profile);
    } catch (error) {
      if (!(error instanceof NotARecording)) throw new Error(`try ${i}`, { cause: error });
    }
  }
});
