/** Go's function table in its three layouts, made by hand; real Go programs are in module-symbols.test.ts. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { bufferBytes } from './byte-source.ts';
import type { ElfFile, ElfSection } from './elf-file.ts';
import { readGoProgram } from './go-program.ts';
import { makePclntab } from './test-programs.ts';

const textAddress = 0x401000;

function elfWith(table: Buffer): ElfFile {
  const section = (index: number, name: string, address: number, size: number): ElfSection => ({
    index,
    name,
    type: 1,
    flags: 2,
    address,
    offset: 0,
    size,
    link: 0,
  });
  return {
    source: bufferBytes(table),
    is64: true,
    sections: [section(0, '.gopclntab', 0x500000, table.length), section(1, '.text', textAddress, 0x1000)],
    segments: [],
  };
}

const functions = [
  { offset: 0, name: 'main.main' },
  { offset: 0x40, name: 'main.(*Server).Serve' },
  { offset: 0x100, name: 'runtime.goexit' },
];

for (const magic of [0xfffffff0, 0xfffffff1, 0xfffffffa] as const) {
  test(`layout ${magic.toString(16)}: each function in its range, nothing outside`, () => {
    const table = makePclntab({ magic, textStart: textAddress, end: 0x180, functions });
    const source = readGoProgram(elfWith(table));
    const at = (offset: number): string | undefined => source?.find(textAddress + offset, 0);
    assert.equal(source?.length, 3);
    assert.deepEqual([-1, 0, 0x3f, 0x40, 0xff, 0x100, 0x17f, 0x180].map(at), [
      undefined,
      'main.main',
      'main.main',
      'main.(*Server).Serve',
      'main.(*Server).Serve',
      'runtime.goexit',
      'runtime.goexit',
      undefined,
    ]);
  });
}

test('position-independent: a text start of 0 is the start of .text', () => {
  const source = readGoProgram(
    elfWith(makePclntab({ magic: 0xfffffff1, textStart: 0, end: 0x180, functions })),
  );
  assert.equal(source?.find(textAddress + 0x41, 0), 'main.(*Server).Serve');
});

test('an unknown version or a cut table has no functions', () => {
  const table = makePclntab({ magic: 0xfffffff1, textStart: textAddress, end: 0x180, functions });
  table.writeUInt32LE(0xfffffff7, 0);
  assert.equal(readGoProgram(elfWith(table)), undefined);
  assert.equal(readGoProgram(elfWith(table.subarray(0, 40))), undefined);
});
