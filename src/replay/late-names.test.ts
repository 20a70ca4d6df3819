import assert from 'node:assert/strict';
import { test } from 'node:test';
import { frameKinds, type Module } from '../profile/frames.ts';
import { ProfileTables } from '../profile/tables.ts';
import { buildIdOfNotes, readKernelIdentity } from '../symbolize/kernel-identity.ts';
import { findLateNames, type LateNames } from './late-names.ts';

/** One frame of each kind, in a module of its own. */
function tablesOf(kinds: readonly (typeof frameKinds)[number][], modules: readonly Module[]): ProfileTables {
  const tables = new ProfileTables();
  tables.append({
    frames: {
      kind: Uint8Array.from(kinds, (kind) => frameKinds.indexOf(kind)),
      module: Uint32Array.from(kinds, (kind) => (kind === 'native' ? 0 : 0xffffffff)),
      address: BigUint64Array.from(kinds, (_, i) => 0xffff_ffff_8100_0000n + BigInt(i)),
      functionStart: BigUint64Array.from(kinds, () => 0n),
    },
    stacks: { parent: new Uint32Array(0), frame: new Uint32Array(0) },
    modules,
    threads: [],
  });
  return tables;
}

// Nothing is asked of a worker here: one that is not there would fail.
const names = { workerUrl: new URL('file:///no/worker.js'), demangle: (of: readonly string[]) => of };
const find = (tables: ProfileTables, bootId: string): Promise<LateNames> =>
  findLateNames(
    tables,
    { ...names, kernel: { ...readKernelIdentity(), bootId } },
    new AbortController().signal,
  );
const titles = ({ warnings }: LateNames): string[] => warnings.map(({ title }) => title);

test('kernel addresses of another boot are not named by the symbols of this one', async () => {
  const found = await find(tablesOf(['kernel'], []), 'another');
  assert.deepEqual(titles(found), [
    'names missing for the kernel: recorded under another boot or another kernel',
  ]);
  assert.deepEqual([found.named, found.kernelSymbols], [0, undefined]);
  // A recording of a machine that does not say which boot it was.
  assert.equal(titles(await find(tablesOf(['kernel'], []), '')).length, 1);
});

test('a file that is gone, or was never known: said, and its frames stay as they are', async () => {
  const module: Module = { id: 0, path: '/no/such/file', buildId: '', fd: -1, openedBy: 'none' };
  const found = await find(tablesOf(['native', 'exec-anon'], [module]), 'another');
  assert.deepEqual(titles(found), ['names missing for /no/such/file: the file is not there any more']);
  const unknown = await find(tablesOf(['native'], [{ ...module, path: process.execPath }]), 'another');
  assert.deepEqual(titles(unknown), [
    `names missing for ${process.execPath}: neither a build id nor its file was recorded`,
  ]);
});

test('what has names already, and code that was generated, is asked of nobody', async () => {
  assert.deepEqual(titles(await find(tablesOf(['exec-anon', 'runtime', 'truncated'], []), 'another')), []);
});

test('the build id of a kernel stands in its notes, behind others', () => {
  const note = (name: string, type: number, id: Buffer): Buffer => {
    const head = Buffer.alloc(12);
    head.writeUInt32LE(name.length + 1, 0);
    head.writeUInt32LE(id.length, 4);
    head.writeUInt32LE(type, 8);
    const padded = (bytes: Buffer): Buffer => Buffer.concat([bytes, Buffer.alloc(-bytes.length & 3)]);
    return Buffer.concat([head, padded(Buffer.from(`${name}\0`)), padded(id)]);
  };
  const notes = Buffer.concat([
    note('Linux', 257, Buffer.from('abc')),
    note('GNU', 3, Buffer.from('0badcafe', 'hex')),
  ]);
  assert.equal(buildIdOfNotes(notes), '0badcafe');
  assert.equal(buildIdOfNotes(notes.subarray(0, 20)), '');
  assert.equal(buildIdOfNotes(Buffer.alloc(40, 0xff)), '');
});
