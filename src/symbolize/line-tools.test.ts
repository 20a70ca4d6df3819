import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseInstructions, parsePlaces } from './line-tools.ts';

test('places: innermost first, inlined ones before what they are inlined into', () => {
  const text = [
    '0x0000000000001160',
    'mix',
    '/src/hot.c:5 (discriminator 3)',
    'work',
    '/src/hot.c:11',
    '0x0000000000001175',
    'work',
    '/src/hot.c:14:7',
    '0x2000',
    '??',
    '??:0',
    '0x3000',
    'known but no line',
    '/src/hot.c:?',
    '',
  ].join('\n');
  assert.deepEqual(
    [...parsePlaces(text)],
    [
      [
        0x1160n,
        [
          { name: 'mix', file: '/src/hot.c', line: 5 },
          { name: 'work', file: '/src/hot.c', line: 11 },
        ],
      ],
      [0x1175n, [{ name: 'work', file: '/src/hot.c', line: 14 }]],
      [0x2000n, [{ name: '??', file: '', line: 0 }]],
      [0x3000n, [{ name: 'known but no line', file: '', line: 0 }]],
    ],
  );
});

test('hostile names and files in debug information are cleaned; a cut answer keeps what is whole', () => {
  const [place] = parsePlaces('0x1\na\x1b[2Jb\n/src/\x07x.c:3\n').get(1n) ?? [];
  assert.deepEqual(place, { name: 'a·[2Jb', file: '/src/·x.c', line: 3 });
  assert.deepEqual([...parsePlaces('0x1\nf')], [[1n, [{ name: 'f', file: '', line: 0 }]]]);
  assert.deepEqual([...parsePlaces('')], []);
});

test('instructions: address and words; headers and blank lines are none, a symbol begins after its header', () => {
  const text = `
hot:     file format elf64-x86-64

Disassembly of section .text:

0000000000001160 <work>:
    1160:\tmov    %rdi,%rax
    1163:\tcall   1040 <g\x1b[2J>
0000000000001170 <next>:
    1170:\tret
`;
  assert.deepEqual(parseInstructions(text), [
    { address: 0x1160n, isStart: true, text: 'mov    %rdi,%rax' },
    { address: 0x1163n, isStart: false, text: 'call   1040 <g·[2J>' },
    { address: 0x1170n, isStart: true, text: 'ret' },
  ]);
});
