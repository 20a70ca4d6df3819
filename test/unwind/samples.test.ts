/** Captured samples, and stacks made by hand for the ends that a captured one does not reach. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { replay } from './replay.ts';
import { answerOf, type Lookup, type Sample, toText } from './sample.ts';

const folder = join(import.meta.dirname, 'samples');
const captured = readdirSync(folder).map(
  (name) => JSON.parse(readFileSync(join(folder, name), 'utf8')) as Sample,
);

const lookups: readonly Lookup[] = ['tables', 'slow'];

for (const lookup of lookups) {
  for (const sample of captured) {
    test(`captured sample, ${lookup}: ${sample.title}`, () => {
      assert.deepEqual(replay(['samples'], toText(sample, lookup)), [answerOf(sample)]);
    });
  }
}

function captureOf(title: string): Sample {
  const sample = captured.find((each) => each.title === title);
  assert.ok(sample, title);
  return sample;
}

test('a copy that ends inside a frame keeps the frames before it', () => {
  const sample = captureOf('rules.S, rule_rsp');
  const stack = Buffer.from(sample.stack, 'base64').subarray(0, 24).toString('base64');
  assert.deepEqual(replay(['samples'], toText({ ...sample, stack }, 'tables')), [
    answerOf({ frames: sample.frames.slice(0, 2), end: 'truncated_copy' }),
  ]);
});

test('an empty copy leaves the sampled frame', () => {
  const sample = captureOf('rules.S, rule_rbp');
  assert.deepEqual(replay(['samples'], toText({ ...sample, stack: '' }, 'tables')), [
    answerOf({ frames: sample.frames.slice(0, 1), end: 'truncated_copy' }),
  ]);
});

test('call-frame data without its search table: tables still work, slow look-ups fall back to rbp', () => {
  const sample = captureOf('rules.S, rule_rsp');
  const modules = sample.modules.map((module) => ({ ...module, hdr: '' }));
  assert.deepEqual(replay(['samples'], toText({ ...sample, modules }, 'tables')), [answerOf(sample)]);
  assert.deepEqual(replay(['samples'], toText({ ...sample, modules }, 'slow')), [
    answerOf({ frames: sample.frames.slice(0, 1), end: 'bad_fp' }),
  ]);
});

/** A thread in executable memory without call-frame data, whose stack is the given words. */
interface Words {
  readonly pc?: number;
  readonly rbp?: number;
  readonly stack: readonly number[];
  readonly code?: readonly { readonly at: number; readonly bytes: string }[];
}

const sp = 0x7000_0000;

function unwindWords({ pc = 0x1010, rbp = 0, stack, code = [] }: Words): string | undefined {
  const bytes = Buffer.alloc(stack.length * 8);
  for (const [index, word] of stack.entries()) bytes.writeBigUInt64LE(BigInt(word), index * 8);
  const lines = [
    'range 1000 2000 0 -',
    ...code.map(({ at, bytes }) => `code ${at.toString(16)} ${bytes}`),
    `regs ${[0, 0, 0, 0, 0, 0, rbp, sp, 0, 0, 0, 0, 0, 0, 0, 0, pc].map((value) => value.toString(16)).join(' ')}`,
    `stack ${bytes.toString('hex') || '-'}`,
    'unwind tables',
  ];
  return replay(['samples'], `${lines.join('\n')}\n`)[0];
}

/** Saved rbp and return address at rsp + 16, the outermost frame at rsp + 32. */
const twoFrames = [0, 0, sp + 32, 0x1100, 0, 0x1200];
const pythonTrampoline = '4883ec08ffd14883c408c3';
const signalReturn = '48c7c00f0000000f05';

/** A signal frame at `slot`: 40 bytes of ucontext, then r8-r15 rdi rsi rbp rbx rdx rax rcx rsp rip. */
function signalFrame({
  rbp,
  rsp,
  rip,
}: {
  readonly rbp: number;
  readonly rsp: number;
  readonly rip: number;
}) {
  const registers = Array.from({ length: 17 }, () => 0);
  registers[10] = rbp;
  registers[15] = rsp;
  registers[16] = rip;
  return [0, 0, 0, 0, 0, ...registers];
}

const cases: readonly (Words & { readonly title: string; readonly chain: string })[] = [
  { title: 'frame pointers end at rbp 0', rbp: sp + 16, stack: twoFrames, chain: 'root 1010 10ff 11ff' },
  { title: 'a return address 0 is the root', rbp: sp, stack: [sp + 16, 0], chain: 'root 1010' },
  { title: 'rbp 0 in the sampled frame proves nothing', rbp: 0, stack: twoFrames, chain: 'bad_fp 1010' },
  { title: 'rbp below rsp', rbp: sp - 8, stack: twoFrames, chain: 'bad_fp 1010' },
  { title: 'rbp not aligned', rbp: sp + 4, stack: twoFrames, chain: 'bad_fp 1010' },
  { title: 'rbp 1 MiB away', rbp: sp + (1 << 20), stack: twoFrames, chain: 'bad_fp 1010' },
  { title: 'rbp just past the copy', rbp: sp + 48, stack: twoFrames, chain: 'truncated_copy 1010' },
  {
    title: 'a return address that no mapping holds is kept as the last frame',
    rbp: sp,
    stack: [sp + 16, 0x9000, 0, 0],
    chain: 'no_map 1010 8fff',
  },
  { title: 'a pc that no mapping holds', pc: 0x9000, stack: twoFrames, chain: 'no_map 9000' },
  {
    title: 'push rbp: the return address is at rsp',
    rbp: sp + 16,
    stack: [0x1300, 0, ...twoFrames.slice(2)],
    code: [{ at: 0x1010, bytes: '554889e5' }],
    chain: 'root 1010 12ff 10ff 11ff',
  },
  {
    title: 'endbr64: the return address is at rsp',
    rbp: sp + 16,
    stack: [0x1300, 0, ...twoFrames.slice(2)],
    code: [{ at: 0x1010, bytes: 'f30f1efa55' }],
    chain: 'root 1010 12ff 10ff 11ff',
  },
  {
    title: 'mov rbp, rsp: the saved rbp is at rsp',
    rbp: 0x1234,
    stack: [sp + 16, 0x1300, ...twoFrames.slice(2)],
    code: [{ at: 0x1010, bytes: '4889e5' }],
    chain: 'root 1010 12ff 10ff 11ff',
  },
  {
    title: 'pop rbp: the saved rbp is at rsp',
    rbp: sp,
    stack: [sp + 16, 0x1300, ...twoFrames.slice(2)],
    code: [{ at: 0x1010, bytes: '5dc3' }],
    chain: 'root 1010 12ff 10ff 11ff',
  },
  {
    title: 'ret: the return address is at rsp, also when the page before is unreadable',
    rbp: sp + 16,
    stack: [0x1300, 0, ...twoFrames.slice(2)],
    code: [{ at: 0x1010, bytes: 'c3' }],
    chain: 'root 1010 12ff 10ff 11ff',
  },
  ...[
    { pc: 0x1010, stack: [0x1300, 0, ...twoFrames.slice(2)], where: 'at its sub' },
    { pc: 0x1014, stack: [0, 0x1300, ...twoFrames.slice(2)], where: 'at its call' },
    { pc: 0x1016, stack: [0, 0x1300, ...twoFrames.slice(2)], where: 'at its add' },
    { pc: 0x101a, stack: [0x1300, 0, ...twoFrames.slice(2)], where: 'at its ret' },
  ].map(({ pc, stack, where }) => ({
    title: `python's trampoline keeps no rbp, ${where}`,
    ...{ pc, stack, rbp: sp + 16 },
    code: [{ at: 0x1000, bytes: `${'90'.repeat(16)}${pythonTrampoline}${'90'.repeat(16)}` }],
    chain: `root ${pc.toString(16)} 12ff 10ff 11ff`,
  })),
  {
    title: "python's trampoline keeps no rbp, as a caller",
    rbp: sp + 32,
    stack: [0x1116, 0, 0x1300, 0, 0, 0x1200],
    code: [
      { at: 0x1010, bytes: 'c3' },
      { at: 0x1100, bytes: `${'90'.repeat(16)}${pythonTrampoline}${'90'.repeat(16)}` },
    ],
    chain: 'root 1010 1115 12ff 11ff',
  },
  {
    title: 'rt_sigreturn under way: the pc stands after the syscall instruction',
    pc: 0x1019,
    stack: [...signalFrame({ rbp: sp + 200, rsp: sp + 184, rip: 0x1400 }), 0, 0, 0, 0, 0x1500],
    code: [{ at: 0x1010, bytes: signalReturn }],
    chain: 'root 1019 1400 14ff',
  },
  {
    title: 'a handler that returns to rt_sigreturn: the interrupted pc is looked up as it is',
    rbp: sp,
    stack: [0x7777, 0x1020, ...signalFrame({ rbp: sp + 200, rsp: sp + 200, rip: 0x1400 }), 0, 0, 0x1500],
    code: [
      { at: 0x1016, bytes: `${'90'.repeat(10)}${signalReturn}` },
      { at: 0x1400, bytes: '90' },
    ],
    chain: 'root 1010 101f 1400 14ff',
  },
];

for (const { title, chain, ...words } of cases) {
  test(`no call-frame data: ${title}`, () => assert.equal(unwindWords(words), chain));
}

test('a chain ends at 1024 frames', () => {
  const stack = Array.from({ length: 4096 }, (_, index) => (index % 2 === 0 ? sp + (index + 2) * 8 : 0x1100));
  const words = unwindWords({ rbp: sp, stack })?.split(' ') ?? [];
  assert.deepEqual([words[0], words.length], ['max_depth', 1 + 1024]);
});
