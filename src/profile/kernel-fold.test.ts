import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FrameKind } from './frames.ts';
import { foldKernel } from './kernel-fold.ts';

// One letter a frame, LEAF FIRST: u native user, U native user without a symbol, j JIT named, J JIT unnamed,
// k kernel named, K kernel unnamed, X kernel time without addresses, T truncated root.
const kinds: Record<string, FrameKind> = {
  u: 'native',
  U: 'native',
  j: 'exec-anon',
  J: 'exec-anon',
  k: 'kernel',
  K: 'kernel',
  X: 'kernel-unseen',
  T: 'truncated',
};
const marks: Record<string, string> = {
  '[kernel: no symbols]': '#',
  '[jit: no symbols]': '%',
  '[truncated]': '~',
};

function fold(stack: string): string {
  const frames = [...stack].map((letter) => ({ kind: kinds[letter] as FrameKind, letter }));
  return foldKernel(frames, (frame) => frame.letter === frame.letter.toLowerCase())
    .map((frame) => (typeof frame === 'string' ? marks[frame] : frame.letter))
    .join('');
}

const table: readonly (readonly [stack: string, folded: string, why: string])[] = [
  ['', '', 'an empty stack stays empty'],
  ['uuu', 'uuu', 'user frames are not touched'],
  ['UUU', 'UUU', 'native frames without a symbol keep their own rows'],
  ['kkuu', 'kkuu', 'named kernel frames are not touched'],
  ['Kuu', '#uu', 'one unnamed kernel frame is one node'],
  ['KKKKKuu', '#uu', 'a run is one node whatever its length'],
  ['KKkKKuu', '#k#uu', 'each maximal run is one node: named kernel frames between stay'],
  ['kKKuu', 'k#uu', 'a named leaf on an unnamed run stays (a BPF program, say)'],
  ['KKkuu', '#kuu', 'an unnamed leaf run on a named entry'],
  ['KKK', '#', 'a stack of kernel frames alone'],
  ['Xuu', '#uu', 'kernel time without addresses is the same node'],
  ['XKuu', '#uu', 'and joins a run'],
  ['uJJJu', 'u%u', 'a run of unnamed JIT frames is one node, callers and callees intact'],
  ['JjJu', '%j%u', 'named JIT frames between stay'],
  ['KKJJu', '#%u', 'kernel and JIT runs do not mix'],
  ['uuT', 'uu~', 'a truncated stack keeps its mark at the root end'],
  ['KKuuT', '#uu~', 'and folds as any other'],
  ['T', '~', 'nothing but the mark'],
];

for (const [stack, folded, why] of table) {
  test(`fold ${stack || '(empty)'} -> ${folded || '(empty)'}: ${why}`, () => {
    assert.equal(fold(stack), folded);
  });
}

test('every stack of up to six frames: user frames letter for letter the same, no two equal marks side by side', () => {
  const letters = ['u', 'k', 'K', 'J'];
  for (let length = 0; length <= 6; length++) {
    for (let code = 0; code < letters.length ** length; code++) {
      let rest = code;
      let stack = '';
      for (let i = 0; i < length; i++) {
        stack += letters[rest % letters.length];
        rest = Math.floor(rest / letters.length);
      }
      const folded = fold(stack);
      assert.equal(folded.replaceAll(/[#%]/g, ''), stack.replaceAll(/[KJ]/g, ''), stack);
      assert.doesNotMatch(folded, /##|%%/, stack);
      assert.equal(folded, stack.replaceAll(/K+/g, '#').replaceAll(/J+/g, '%'), stack);
    }
  }
});

test('frames that stay are the same objects, and the input is not changed', () => {
  const frames = [{ kind: 'kernel' as const }, { kind: 'native' as const }];
  const folded = foldKernel(frames, () => false);
  assert.equal(folded[1], frames[1]);
  assert.equal(frames.length, 2);
});
