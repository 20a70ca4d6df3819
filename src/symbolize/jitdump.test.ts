/** Jitdumps: names, lines, moves and times, and the file as it grows, is replaced, damaged or not ours. */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import test, { type TestContext } from 'node:test';
import { monotonicMs } from './followed-file.ts';
import { JitdumpFile } from './jitdump-file.ts';
import type { SymbolWarning } from './protocol.ts';
import {
  type HeaderRecipe,
  jitdumpDebug,
  jitdumpHeader,
  jitdumpLoad,
  jitdumpMove,
  jitdumpRecord,
} from './test-jitdump.ts';
import { temporaryFolder } from './test-programs.ts';

const folder = temporaryFolder();
const pid = 42;
const base = 0x7f0000001000;

function dump(t: TestContext, header: Partial<HeaderRecipe> = {}) {
  const file = path.join(folder, `jit-${t.name.replaceAll(/\W+/g, '-').slice(0, 60)}.dump`);
  const warnings: SymbolWarning[] = [];
  const trustedUids = new Set([process.getuid?.() ?? 0]);
  const target = { ownPid: pid, trustedUids, rootPath: '', seenMs: 0, close: () => {} };
  const made = new JitdumpFile(target, (warning) => warnings.push(warning));
  t.after(() => made.close());
  fs.writeFileSync(file, jitdumpHeader({ pid, ...header }));
  const open = (): boolean => made.open('/srv/jit-42.dump', [{ path: file }]);
  assert.equal(open(), true);
  const append = (...records: readonly Buffer[]): boolean => {
    fs.appendFileSync(file, Buffer.concat(records));
    return made.refresh();
  };
  const nameAt = (address: number, sinceMs = monotonicMs()) => made.find(address, sinceMs)?.name?.name;
  return { file, made, warnings, open, append, nameAt };
}

const load = (address: number, name: string, atMs?: number): Buffer =>
  jitdumpLoad({ pid, address, size: 64, name, ...(atMs === undefined ? {} : { atMs }) });

test('names, whatever they hold, at every address of the code and at no other', (t) => {
  const { append, nameAt } = dump(t);
  append(load(base, 'one two (three)'), load(base + 128, 'ünï'));
  assert.deepEqual(
    [base - 1, base, base + 63, base + 64, base + 128].map((address) => nameAt(address)),
    [undefined, 'one two (three)', 'one two (three)', undefined, 'ünï'],
  );
});

test('a record that is written in parts counts when it is whole', (t) => {
  const { append, nameAt } = dump(t);
  const bytes = Buffer.concat([load(base, 'one'), load(base + 64, 'two')]);
  for (let at = 0; at < bytes.length; at += 10) {
    append(bytes.subarray(at, at + 10));
    const isWhole = at + 10 >= bytes.length / 2;
    assert.equal(nameAt(base), isWhole ? 'one' : undefined, `${at}`);
  }
  assert.equal(nameAt(base + 64), 'two');
});

test('code in the place of other code: each name for its time, none for what was seen in both', (t) => {
  const { append, nameAt } = dump(t);
  const now = monotonicMs();
  append(load(base, 'old', now - 900), load(base, 'new', now - 500));
  assert.equal(nameAt(base, now - 499), 'new');
  assert.equal(nameAt(base, now - 600), undefined);
  append(load(base, 'new', now - 100));
  // The same function, compiled again.
  assert.equal(nameAt(base, now - 499), 'new');
});

test('times that cannot be of the clock of samples: code counts as replaced when it was read', (t) => {
  const { append, nameAt } = dump(t, { flags: 1n });
  append(load(base, 'old', 1));
  const between = monotonicMs();
  append(load(base, 'new', 2));
  assert.equal(nameAt(base, between), undefined);
  assert.equal(nameAt(base), 'new');
});

test('code that moved keeps its name and its lines, twice', (t) => {
  const { made, append, nameAt } = dump(t);
  append(
    jitdumpDebug(base, [
      [base, 7, '/srv/a.lua'],
      [base + 32, 8, ''],
    ]),
    load(base, 'mover'),
    jitdumpMove({ pid, from: base, to: base + 4096, size: 64 }),
    jitdumpMove({ pid, from: base + 4096, to: base + 8192, size: 64 }),
  );
  assert.equal(nameAt(base + 8192 + 40), 'mover');
  assert.deepEqual(made.lineAt(base + 8192 + 40), { file: '/srv/a.lua', line: 8 });
  append(jitdumpMove({ pid, from: base + 65536, to: base, size: 64 }));
  assert.equal(nameAt(base), undefined, 'where it came from is not known');
});

test('lines: from an address on to the next; a table that lies about addresses counts for nothing', (t) => {
  const { made, append } = dump(t);
  append(
    jitdumpDebug(base, [
      [base + 4, 3, '/srv/a.wat'],
      [base + 16, 9, '/srv/b.wat'],
      [base + 32, 4, ''],
    ]),
    load(base, 'described'),
    jitdumpDebug(base + 64, [[base - 4096, 3, '/srv/a.wat']]),
    load(base + 64, 'elsewhere'),
    load(base + 128, 'undescribed'),
  );
  const lineAt = (address: number) => made.lineAt(address);
  assert.deepEqual(
    [0, 4, 15, 16, 63, 64, 128].map((offset) => lineAt(base + offset)),
    [
      undefined,
      { file: '/srv/a.wat', line: 3 },
      { file: '/srv/a.wat', line: 3 },
      { file: '/srv/b.wat', line: 9 },
      { file: '/srv/b.wat', line: 4 },
      undefined,
      undefined,
    ],
  );
  assert.equal(made.find(base, monotonicMs())?.name?.script, '/srv/a.wat');
});

test('what V8 wrote is the function as its user wrote it, lines behind its header of 64 bytes', (t) => {
  const { made, append } = dump(t);
  append(
    jitdumpDebug(base, [[base + 64 + 8, 8, '/srv/shares.cjs']]),
    load(base, 'JS:*burn /srv/shares.cjs:6:14'),
  );
  assert.deepEqual(made.find(base, monotonicMs())?.name, {
    ...{ runtime: 'node', name: 'burn', script: '/srv/shares.cjs', line: 6 },
  });
  assert.deepEqual([made.lineAt(base + 7), made.lineAt(base + 8)?.line], [undefined, 8]);
});

test('other processes, closing and unknown records are stepped over; damaged ones are counted', (t) => {
  const { append, nameAt, warnings } = dump(t);
  append(
    jitdumpLoad({ pid: 43, address: base, size: 64, name: 'other' }),
    jitdumpRecord(4, Buffer.alloc(24)),
    jitdumpRecord(77, Buffer.alloc(8)),
    jitdumpRecord(3, Buffer.alloc(0)),
    jitdumpRecord(0, Buffer.alloc(7)),
    jitdumpLoad({ pid, address: 2 ** 47, size: 64, name: 'kernel' }),
    load(base + 64, 'good'),
  );
  assert.deepEqual([nameAt(base), nameAt(base + 64)], [undefined, 'good']);
  assert.deepEqual(warnings, [
    { code: 'jitdump-corrupt', subject: '/srv/jit-42.dump', detail: '2 damaged records skipped' },
  ]);
});

test('no record where one must be: all names go, since what came later is not known', (t) => {
  const { append, nameAt, warnings } = dump(t);
  append(load(base, 'good'));
  assert.equal(nameAt(base), 'good');
  append(Buffer.alloc(64, 0xee), load(base + 64, 'never'));
  assert.deepEqual([nameAt(base), nameAt(base + 64)], [undefined, undefined]);
  assert.match(warnings[0]?.detail ?? '', /^no record at byte \d+: nothing more can be read of it$/);
});

for (const [what, header, detail] of [
  ['another version', { version: 2 }, 'version 2, not 1'],
  ['another machine', { machine: 183 }, 'code of another machine (183)'],
  ['another process', { pid: 43 }, 'of process 43, not 42'],
] as const) {
  test(`a jitdump of ${what} is refused and said`, (t) => {
    const { append, nameAt, warnings } = dump(t, header);
    append(load(base, 'never'));
    assert.equal(nameAt(base), undefined);
    assert.deepEqual(warnings, [{ code: 'jitdump-refused', subject: '/srv/jit-42.dump', detail }]);
  });
}

test('the other byte order, and what is no jitdump, are refused and said', (t) => {
  const { file, made, warnings } = dump(t);
  fs.writeFileSync(file, jitdumpHeader({ pid }).swap32());
  made.refresh();
  assert.equal(warnings.at(-1)?.detail, 'written by a machine of the other byte order');
  fs.writeFileSync(file, Buffer.alloc(64, 0x41));
  made.refresh();
  assert.equal(warnings.at(-1)?.detail, 'no jitdump');
});

test('a replaced, a cut and a rewritten file start over', (t) => {
  const { file, made, open, append, nameAt } = dump(t);
  append(load(base, 'old'));
  const idBefore = made.idAt(base);
  fs.writeFileSync(`${file}.new`, Buffer.concat([jitdumpHeader({ pid }), load(base, 'new')]));
  fs.renameSync(`${file}.new`, file);
  open();
  assert.equal(made.refresh(), true);
  assert.equal(nameAt(base), 'new');
  assert.notEqual(made.idAt(base), idBefore);
  fs.writeFileSync(file, jitdumpHeader({ pid }));
  assert.equal(made.refresh(), true);
  assert.equal(nameAt(base), undefined);
  append(load(base, 'one'));
  fs.writeFileSync(file, Buffer.concat([jitdumpHeader({ pid }), load(base, 'longer than one')]));
  assert.equal(made.refresh(), true);
  assert.equal(nameAt(base), 'longer than one');
  fs.rmSync(file);
  assert.equal(made.refresh(), false);
  assert.equal(nameAt(base), 'longer than one');
});

test('50,000 functions with large code: all found, 1000 more without reading the first again', (t) => {
  const { file, append, nameAt } = dump(t);
  const record = (i: number): Buffer =>
    jitdumpLoad({ pid, address: base + i * 512, size: 500, name: `f${i}` });
  append(...Array.from({ length: 50_000 }, (_, i) => record(i)));
  const sizeBefore = fs.statSync(file).size;
  append(...Array.from({ length: 1000 }, (_, i) => record(50_000 + i)));
  assert.ok(sizeBefore > 25e6);
  for (let i = 0; i < 51_000; i += 499) assert.equal(nameAt(base + i * 512 + 499), `f${i}`);
});
