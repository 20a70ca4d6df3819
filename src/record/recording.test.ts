/**
 * A recording written and read again: equal to the profile it was made from; cut anywhere, damaged anywhere or hostile,
 * what stands before is kept and nothing breaks.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { everyKind, syntheticRun } from '../../test/helpers/synthetic-run.ts';
import { nodeStacks, StackFeeder } from '../../test/helpers/synthetic-session.ts';
import { ROOT } from '../profile/call-tree.ts';
import { cleanText } from '../profile/clean-text.ts';
import type { Profile } from '../profile/profile.ts';
import { encodeBlock, fileHead, type ReadBytes } from './blocks.ts';
import { NotARecording, type Recording, readRecording } from './recording-reader.ts';
import { RecordingWriter } from './recording-writer.ts';
import { writeRecording } from './write-recording.ts';

function bytesOf(file: Buffer): ReadBytes {
  return (into, position) => file.copy(into, 0, position);
}

const read = (file: Buffer): Recording => readRecording(bytesOf(file));

/** Weight, samples and kind of each stack by its names. */
function stacksOf(profile: Profile): Map<string, string> {
  const { tree } = profile;
  const found = new Map<string, string>();
  for (let node = ROOT; node < tree.nodeCount; node++) {
    const path: string[] = [];
    for (let at = node; at > ROOT; at = tree.parentOf(at)) {
      const { name, module, kind } = tree.functionOf(at);
      // Names are cleaned when they are read; real ones were before they were written.
      path.unshift(`${kind} ${module}!${cleanText(name)}`);
    }
    if (tree.totalNs(node) > 0)
      found.set(path.join('\n'), `${tree.selfNs(node)} ns, ${tree.samplesOf(node)}`);
  }
  return found;
}

const whole = (profile: Profile): Buffer =>
  Buffer.concat([...writeRecording(profile, 'cpu', { tool: 'test' }, { state: 'ended' })]);

function withoutUnsampled(): Profile {
  const { profile } = syntheticRun(everyKind);
  profile.setUnsampled('[not sampled]', 0);
  profile.setUnsampled('[kernel: not sampled]', 0);
  return profile;
}

test('a recording gives back every stack, weight, thread, name and fact', () => {
  const profile = withoutUnsampled();
  const recording = read(whole(profile));
  const again = recording.profiles.get('cpu') as Profile;
  assert.deepEqual(stacksOf(again), stacksOf(profile));
  assert.deepEqual(again.threads, profile.threads);
  assert.deepEqual([again.weightNs, again.samples], [profile.weightNs, profile.samples]);
  assert.deepEqual([recording.head, recording.status], [{ tool: 'test' }, { state: 'ended' }]);
  assert.deepEqual([recording.isComplete, recording.unreadBytes], [true, 0]);
  assert.deepEqual(recording.tallies.get('cpu'), { samples: profile.samples, weightNs: profile.weightNs });
});

test('a recording gives back what is inlined at an address, with where it was written', () => {
  const profile = withoutUnsampled();
  const inlined = [
    { name: 'outer', runtime: 'go', script: '/src/a.go', line: 7 },
    { name: 'inner', runtime: 'go', script: '/src/b.go' },
    { name: 'bare', runtime: 'go' },
  ] as const;
  profile.setNames([{ frame: 0, name: 'goer', module: 'app', hasSymbol: true, runtime: 'go', inlined }]);
  profile.settle(true);
  const again = read(whole(profile)).profiles.get('cpu') as Profile;
  const functionsOf = ({ tree }: Profile) =>
    Array.from({ length: tree.nodeCount }, (_, node) => tree.functionOf(node)).flatMap(
      ({ name, runtime, script, line }) => (runtime === 'go' ? [{ name, script, line }] : []),
    );
  assert.deepEqual(functionsOf(again), functionsOf(profile));
  assert.deepEqual(stacksOf(again), stacksOf(profile));
  assert(functionsOf(again).some(({ name, line }) => name === 'outer' && line === 7));
});

/** Three seconds of samples, written as capture writes them: tables and names come as they are met. */
function growing(): { file: Buffer; ends: readonly number[] } {
  const pieces: Buffer[] = [];
  const ends: number[] = [];
  let clockMs = 0;
  const write = (blocks: Uint8Array): void => {
    pieces.push(Buffer.from(blocks));
    ends.push(pieces.reduce((sum, piece) => sum + piece.length, 0));
  };
  const writer = new RecordingWriter(write, { tool: 'test' }, () => clockMs);
  for (let second = 0; second < 3; second++) {
    writer.tables({
      frames: {
        kind: Uint8Array.of(0),
        module: Uint32Array.of(0),
        address: BigUint64Array.of(0xffff_ffff_8100_0000n + BigInt(second)),
        functionStart: BigUint64Array.of(0n),
      },
      stacks: { parent: Uint32Array.of(second), frame: Uint32Array.of(second) },
      modules: second === 0 ? [{ id: 0, path: '/bin/x', buildId: 'ab12', fd: 9, openedBy: 'root' }] : [],
      threads: second === 0 ? [{ index: 0, thread: { tid: 7, name: 'main' } }] : [],
    });
    writer.names([{ frame: second, name: `level_${second}`, module: 'x', hasSymbol: true }]);
    writer.samples('cpu', 0, {
      // Rings are not ordered among each other.
      timeNs: Float64Array.of(second * 1e9 + 5000, second * 1e9),
      weightNs: Float64Array.of(1_000_003, 7),
      thread: Uint32Array.of(0, 0),
      stack: Uint32Array.of(second + 1, 1),
      samples: Uint32Array.of(1, 0),
    });
    clockMs += 1000;
    writer.status({ state: 'live', elapsedNs: (second + 1) * 1e9, same: 'throughout' });
  }
  writer.end();
  return { file: Buffer.concat(pieces), ends };
}

test('what is held is handed on each second, with what it refers to', () => {
  const { file, ends } = growing();
  // Head, three seconds, end.
  assert.equal(ends.length, 5);
  const weights = ends
    .slice(0, 4)
    .map((end) => read(file.subarray(0, end)).tallies.get('cpu')?.weightNs ?? 0);
  assert.deepEqual(weights, [0, 1_000_010, 2_000_020, 3_000_030]);
  const { profiles, status, lastNs } = read(file.subarray(0, ends[3]));
  assert.deepEqual(status, { state: 'live', elapsedNs: 3e9, same: 'throughout' });
  assert.equal(lastNs, 2e9 + 5000);
  assert.match([...stacksOf(profiles.get('cpu') as Profile).keys()].join(), /level_0\n.*level_1\n.*level_2/);
  assert.equal(profiles.get('cpu')?.modules[0]?.buildId, 'ab12');
});

test('cut at every byte: it opens, and a longer prefix never shows less', () => {
  const { file, ends } = growing();
  let before = 0;
  for (let length = 0; length <= file.length; length++) {
    const prefix = file.subarray(0, length);
    if (length < (ends[0] as number)) {
      assert.throws(() => read(prefix), NotARecording, `${length} bytes`);
      continue;
    }
    const recording = read(prefix);
    const weightNs = recording.tallies.get('cpu')?.weightNs ?? 0;
    assert(weightNs >= before, `${length} bytes: ${weightNs} after ${before}`);
    assert.equal(recording.profiles.get('cpu')?.tree.totalNs(ROOT), weightNs);
    assert.equal(recording.isComplete, length === file.length);
    assert(recording.unreadBytes < 400);
    before = weightNs;
  }
  assert.equal(before, 3_000_030);
});

test('a flipped bit: the blocks before it are kept, nothing after it is taken', () => {
  const { file } = growing();
  for (let at = 0; at < file.length; at++) {
    const damaged = Buffer.from(file);
    damaged[at] = (damaged[at] as number) ^ (1 << (at % 8));
    let weightNs = 0;
    try {
      const recording = read(damaged);
      weightNs = recording.tallies.get('cpu')?.weightNs ?? 0;
      const isMinor = at === 10 || at === 11;
      assert.equal(recording.isComplete, isMinor, `byte ${at}`);
    } catch (error) {
      assert(error instanceof NotARecording, `byte ${at}: ${error}`);
    }
    assert([0, 1_000_010, 2_000_020, 3_000_030].includes(weightNs), `byte ${at}: ${weightNs}`);
  }
});

test('which engine span saw which stack comes back', () => {
  const profile = withoutUnsampled();
  const [first] = [...profile.rows()];
  assert.ok(first);
  profile.addSamples(first.rows, 4);
  const { profiles } = read(whole(profile));
  const ofSpan = (from: Profile, span: number): readonly unknown[] =>
    [...from.placedStacks()]
      .filter((each) => each.span === span)
      .map(({ thread, weightNs, samples }) => [thread.tid, weightNs, samples]);
  const again = profiles.get('cpu') as Profile;
  assert.deepEqual(ofSpan(again, 4), ofSpan(profile, 0));
  assert.deepEqual(ofSpan(again, 0), ofSpan(profile, 0));
  assert.equal(again.weightNs, profile.weightNs);
});

test('names of thousands of letters: more blocks, and all of them come back', () => {
  const { profile } = syntheticRun(
    Array.from({ length: 3000 }, (_, i) => ({ stack: ['main', `${'x'.repeat(9000)}${i}`], samples: 1 })),
  );
  const again = read(whole(profile)).profiles.get('cpu');
  assert.equal(again?.weightNs, profile.weightNs);
  assert.deepEqual(
    again?.tables.frames.nameOf(3000)?.name.slice(-8),
    profile.tables.frames.nameOf(3000)?.name.slice(-8),
  );
});

test('a reset forgets the weights before it, not the tables', () => {
  const pieces: Buffer[] = [];
  const writer = new RecordingWriter((blocks) => pieces.push(Buffer.from(blocks)), {});
  const profile = withoutUnsampled();
  for (const rows of profile.tables.rows()) writer.tables(rows);
  for (const { span, rows } of profile.rows()) writer.samples('cpu', span, rows);
  writer.reset();
  for (const { rows } of profile.rows()) writer.samples('wall', 1, rows);
  writer.end();
  const { profiles } = read(Buffer.concat(pieces));
  assert.equal(profiles.get('cpu')?.tree.totalNs(ROOT), 0);
  assert.equal(profiles.get('wall')?.weightNs, profile.weightNs);
});

test('an unknown block is skipped, another major version refused, other files named', () => {
  const { file, ends } = growing();
  const [head = 0] = ends;
  const withNews = Buffer.concat([
    file.subarray(0, head),
    encodeBlock('NEWS', Buffer.from('?')),
    file.subarray(head),
  ]);
  assert.equal(read(withNews).tallies.get('cpu')?.weightNs, 3_000_030);
  const future = Buffer.from(file);
  future.writeUInt16LE(7, 8);
  assert.throws(() => read(future), /version 7; this prof-tui reads version 1/);
  assert.throws(() => read(Buffer.from('main;work 7\n')), /not a recording/);
  assert.throws(() => read(Buffer.alloc(0)), /not a recording/);
});

const hostile: Readonly<Record<string, readonly [tag: string, payload: readonly number[] | string]>> = {
  'more rows than bytes': ['SAMP', [0, 0, 0xff, 0xff, 0xff, 0x7f]],
  'a number without an end': ['SAMP', [0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]],
  'a stack that does not exist': ['SAMP', [0, 0, 1, 0, 0, 0, 99, 1]],
  'a thread that does not exist': ['SAMP', [0, 0, 1, 0, 0, 9, 0, 1]],
  'an unknown unit': ['SAMP', [9, 0, 0]],
  'a time before the beginning': ['SAMP', [0, 0, 1, 1, 0, 0, 0, 1]],
  'a stack on itself': ['STKS', [4, 1, 0, 0]],
  'a stack on a later one': ['STKS', [4, 1, 9, 0]],
  'a table that leaves a gap': ['FRMS', [9, 0]],
  'a frame of unknown kind': ['FRMS', [3, 1, 77, 0, ...new Array(16).fill(0)]],
  'a name of no frame': ['NAMS', '[[99,"x","y",true]]'],
  'a name that is a number': ['NAMS', '[[0,1,"y",true]]'],
  'threads that are no list': ['THRD', '{"length":1e9}'],
  'a thread index without bound': ['THRD', '[[4294967295,1,"x"]]'],
  'a status that is no object': ['STAT', '[1]'],
  'no JSON': ['STAT', '{"a":'],
};

for (const [name, [tag, payload]] of Object.entries(hostile)) {
  test(`hostile block: ${name}: what stands before it is kept`, () => {
    const { file, ends } = growing();
    const good = file.subarray(0, ends[3]);
    const block = encodeBlock(
      tag,
      typeof payload === 'string' ? Buffer.from(payload) : Uint8Array.from(payload),
    );
    const recording = read(Buffer.concat([good, block, file.subarray(ends[3])]));
    assert.equal(recording.tallies.get('cpu')?.weightNs, 3_000_030);
    assert.deepEqual([recording.isComplete, recording.unreadBytes > 0], [false, true]);
  });
}

test('a block that claims to be far larger than it is sets no memory aside', () => {
  const { file, ends } = growing();
  const block = encodeBlock('STAT', Buffer.from('{}'));
  block.writeUInt32LE(0xffff_fff0, 4);
  const { tallies, unreadBytes } = read(Buffer.concat([file.subarray(0, ends[3]), block]));
  assert.deepEqual([tallies.get('cpu')?.weightNs, unreadBytes], [3_000_030, 16]);
  assert.throws(() => read(Buffer.concat([fileHead(), block])), NotARecording);
});

test('names in a file may hold anything: control codes do not come through', () => {
  const { file, ends } = growing();
  const named = encodeBlock('NAMS', Buffer.from(JSON.stringify([[0, 'a\u001b[2Jb', 'm\u0007', true]])));
  const { profiles } = read(Buffer.concat([file.subarray(0, ends[3]), named]));
  assert.match([...stacksOf(profiles.get('cpu') as Profile).keys()].join(), /m·!a·\[2Jb/);
});

test('a recording keeps where functions of a language runtime were written; what is not right of it is left out', () => {
  const { file, ends } = growing();
  const originsOf = (rows: unknown): unknown[] => {
    const block = encodeBlock('NAMS', Buffer.from(JSON.stringify(rows)));
    const { tree } = read(Buffer.concat([file.subarray(0, ends[3]), block])).profiles.get('cpu') as Profile;
    const { runtime, script, line } = tree.functionOf(1);
    return [runtime, script, line];
  };
  const row = [0, 'f', 'js', true];
  assert.deepEqual(originsOf([[...row, 'java', '/a.java', 7]]), ['java', '/a.java', 7]);
  assert.deepEqual(originsOf([[...row, 'node', '', 0]]), ['node', undefined, undefined]);
  assert.deepEqual(originsOf([[...row, 'node', 5, -1]]), ['node', undefined, undefined]);
  assert.deepEqual(originsOf([[...row, 'node', '/a.js', 1.5]]), ['node', '/a.js', undefined]);
  // As version 0.1 wrote it.
  assert.deepEqual(originsOf([[...row, '/srv/a.js:12']]), ['node', '/srv/a.js', 12]);
  const { profiles } = read(whole(profileWithOrigin()));
  const { tree } = profiles.get('cpu') as Profile;
  assert.deepEqual(tree.functionOf(tree.nodeCount - 1).script, '/srv/page.js');
});

function profileWithOrigin(): Profile {
  const feeder = new StackFeeder();
  feeder.add(nodeStacks.slice(0, 1));
  return feeder.profile;
}
