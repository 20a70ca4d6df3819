/** Perf maps: lines, and the file as it grows, is replaced, rewritten, damaged or not ours. */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { monotonicMs } from './followed-file.ts';
import { parsePerfMapLine } from './perf-map.ts';
import { PerfMapFile } from './perf-map-file.ts';
import type { SymbolWarning } from './protocol.ts';
import { temporaryFolder } from './test-programs.ts';

const folder = temporaryFolder();

test('lines: hexadecimal with or without 0x, names with spaces; all else is damaged', () => {
  assert.deepEqual(parsePerfMapLine('7f00 10 a b (c)'), { start: 0x7f00, end: 0x7f10, name: 'a b (c)' });
  assert.deepEqual(parsePerfMapLine('0x00007F00 0x10 Interpreter'), {
    start: 0x7f00,
    end: 0x7f10,
    name: 'Interpreter',
  });
  for (const damaged of [
    '',
    '7f00',
    '7f00 10',
    '7f00 10 ',
    'xyz 10 a',
    '7f00 -1 a',
    'ffffffffffffffff 10 a',
    '1\t2\ta',
  ]) {
    assert.equal(parsePerfMapLine(damaged), undefined, damaged);
  }
});

function follow(name: string, trustedUids = new Set([process.getuid?.() ?? 0])) {
  const root = path.join(folder, name);
  fs.mkdirSync(path.join(root, 'tmp'), { recursive: true });
  const file = path.join(root, 'tmp', 'perf-42.map');
  const warnings: SymbolWarning[] = [];
  const target = { ownPid: 42, trustedUids, rootPath: root, seenMs: 0, close: () => {} };
  const map = new PerfMapFile(target, (warning) => warnings.push(warning));
  return { file, map, warnings, nameAt: (address: number) => map.find(address, monotonicMs())?.name?.name };
}

test('a file that appears and grows: only whole lines count, the last one when it is finished', () => {
  const { file, map, nameAt } = follow('grows');
  assert.equal(map.refresh(), false);
  fs.writeFileSync(file, '1000 10 one\n2000 10 tw');
  assert.equal(map.refresh(), true);
  assert.deepEqual(
    [nameAt(0x1000), nameAt(0x100f), nameAt(0x1010), nameAt(0x2000)],
    ['one', 'one', undefined, undefined],
  );
  assert.equal(map.refresh(), false);
  fs.appendFileSync(file, 'o\n');
  assert.equal(map.refresh(), true);
  assert.equal(nameAt(0x2000), 'two');
});

test('a replaced, a cut and a rewritten file start over', () => {
  const { file, map, nameAt } = follow('replaced');
  fs.writeFileSync(file, '1000 10 old\n');
  map.refresh();
  const idBefore = map.idAt(0x1000);
  fs.writeFileSync(`${file}.new`, '1000 10 new\n');
  fs.renameSync(`${file}.new`, file);
  assert.equal(map.refresh(), true);
  assert.equal(nameAt(0x1000), 'new');
  assert.notEqual(map.idAt(0x1000), idBefore);

  fs.writeFileSync(file, '');
  assert.equal(map.refresh(), true);
  assert.equal(nameAt(0x1000), undefined);
  fs.writeFileSync(file, '3000 10 three\n');
  assert.equal(map.refresh(), true);
  // Longer than before, so only the bytes before the read position tell.
  fs.writeFileSync(file, '4000 10 four, which is longer than three was\n');
  assert.equal(map.refresh(), true);
  assert.deepEqual([nameAt(0x3000), nameAt(0x4000)], [undefined, 'four, which is longer than three was']);
});

test('a deleted file keeps its names', () => {
  const { file, map, nameAt } = follow('deleted');
  fs.writeFileSync(file, '1000 10 kept\n');
  map.refresh();
  fs.rmSync(file);
  assert.equal(map.refresh(), false);
  assert.equal(nameAt(0x1000), 'kept');
});

test('damaged lines are skipped and counted', () => {
  const { file, map, warnings, nameAt } = follow('damaged');
  fs.writeFileSync(file, Buffer.from('garbage\n1000 10 good\n\xff\xfe\n2000 zz bad\n', 'latin1'));
  map.refresh();
  assert.equal(nameAt(0x1000), 'good');
  assert.deepEqual(warnings, [
    { code: 'perf-map-corrupt', subject: '/tmp/perf-42.map', detail: '3 damaged lines skipped' },
  ]);
  fs.appendFileSync(file, 'x\n');
  map.refresh();
  assert.equal(warnings.at(-1)?.detail, '4 damaged lines skipped');
});

test('a line without an end: it is stepped over, what follows is read', () => {
  const { file, map, nameAt } = follow('endless');
  fs.writeFileSync(file, `${'a'.repeat(3 << 20)}\n1000 10 after\n`);
  map.refresh();
  assert.equal(nameAt(0x1000), 'after');
});

test("another user's file and a symbolic link are refused and said", (t) => {
  if (process.getuid?.() !== 0) return t.skip('needs root, to give a file to another user');
  const foreign = follow('foreign');
  fs.writeFileSync(foreign.file, '1000 10 evil\n');
  fs.chownSync(foreign.file, 12345, 12345);
  assert.equal(foreign.map.refresh(), false);
  assert.equal(foreign.nameAt(0x1000), undefined);
  assert.equal(foreign.warnings[0]?.code, 'perf-map-refused');
  assert.match(foreign.warnings[0]?.detail ?? '', /uid 12345/);

  const linked = follow('linked');
  fs.symlinkSync('/etc/passwd', linked.file);
  assert.equal(linked.map.refresh(), false);
  assert.equal(linked.warnings[0]?.detail, 'ELOOP');
});

test('100,000 lines: all found, 1000 more are added without reading the first again', () => {
  const { file, map, nameAt } = follow('large');
  const line = (i: number): string =>
    `${(0x7f0000000000 + i * 64).toString(16)} 40 JS:*function${i} file.js:${i}\n`;
  fs.writeFileSync(file, Array.from({ length: 100_000 }, (_, i) => line(i)).join(''));
  map.refresh();
  fs.appendFileSync(file, Array.from({ length: 1000 }, (_, i) => line(100_000 + i)).join(''));
  assert.equal(map.refresh(), true);
  for (let i = 0; i < 101_000; i += 499) {
    assert.equal(nameAt(0x7f0000000000 + i * 64 + 63), `JS:*function${i} file.js:${i}`);
  }
});
