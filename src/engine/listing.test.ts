import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { closeSync, copyFileSync, mkdirSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import type { Frame, FunctionKind, Module } from '../profile/frames.ts';
import type { HotAddress } from '../profile/hot-addresses.ts';
import type { Profile } from '../profile/profile.ts';
import { runtimeAddress } from '../profile/runtime-place.ts';
import { fileBytes } from '../symbolize/byte-source.ts';
import { buildIdOf, parseElf } from '../symbolize/elf-file.ts';
import { instructionsOf, placesOf } from '../symbolize/line-tools.ts';
import { type Listing, listFunction } from './listing.ts';

const folder = mkdtempSync(join(tmpdir(), 'prof-tui-listing-'));
after(() => rmSync(folder, { recursive: true }));
const source = join(folder, 'hot.c');
writeFileSync(
  source,
  `static inline __attribute__((always_inline)) unsigned long mix(unsigned long x) {
  x ^= x >> 13;
  return x * 31;
}
__attribute__((noinline)) unsigned long work(unsigned long n) {
  unsigned long s = 1;
\tfor (unsigned long i = 0; i < n; i++)
    s = mix(s + i);
  return s / (n | 1);
}
int main(int argc, char** argv) { return (int)work((unsigned long)argc) + (argv == 0); }
`,
);

function build(name: string, ...flags: readonly string[]): Module {
  const path = join(folder, name);
  const made = spawnSync('gcc', ['-O2', '-Wl,--build-id', ...flags, source, '-o', path], {
    encoding: 'utf8',
  });
  assert.equal(made.status, 0, made.stderr);
  const fd = openSync(path, 'r');
  const file = parseElf(fileBytes(fd));
  assert.ok(file !== undefined);
  const buildId = buildIdOf(file);
  closeSync(fd);
  assert.notEqual(buildId, '');
  return { id: 0, path, buildId, fd: -1, openedBy: 'none' };
}
const withDebug = build('hot', '-g');
const stripped = build('hot_stripped', '-s');

const still = new AbortController().signal;
const scope = { threads: new Set<number>() };
const text = spawnSync('nm', [withDebug.path], { encoding: 'utf8' }).stdout;
const workStart = BigInt(`0x${/^([0-9a-f]+) T work$/m.exec(text)?.[1]}`);

function hotAt(address: bigint, totalNs: number, functionStart = workStart): HotAddress {
  const frame: Frame = { id: 0, kind: 'native', module: 0, address, functionStart };
  return { frame, selfNs: totalNs, totalNs };
}

function list(
  module: Module,
  hot: readonly HotAddress[],
  wants: 'source' | 'assembly' = 'source',
  kind: FunctionKind = 'native',
  name = 'work',
): Promise<Listing> {
  const profile = { modules: [module], hotAddresses: () => hot } as unknown as Profile;
  const func = { id: 1, name, module: 'hot', kind };
  return listFunction({ func, scope, wants }, profile, process.pid, still);
}

/** Addresses of `work` by the line of the source that they are of, innermost. */
async function addressesByLine(): Promise<ReadonlyMap<number, bigint>> {
  const instructions = await instructionsOf(withDebug.path, workStart, workStart + 64n, still);
  const end = instructions.findIndex(({ isStart }, at) => at > 0 && isStart);
  const ours = instructions.slice(0, end < 0 ? undefined : end).map(({ address }) => address);
  const places = await placesOf(withDebug.path, ours, still);
  return new Map(Array.from(places, ([address, [place]]) => [place?.line ?? 0, address] as const));
}

test('debug information: source lines around the hot ones, inlined code shown as such, hottest block first', async () => {
  const byLine = await addressesByLine();
  const [inlined, own] = [byLine.get(2) ?? byLine.get(3), byLine.get(9)];
  assert.ok(inlined !== undefined && own !== undefined, [...byLine.keys()].join());
  const listing = await list(withDebug, [hotAt(inlined, 70), hotAt(own, 30)]);
  assert.equal(listing.form, 'source');
  assert.equal(listing.totalNs, 100);
  assert.equal(listing.missing, undefined);
  assert.deepEqual(
    listing.blocks.map(({ title }) => title),
    [`${source}   inlined mix`, source],
  );
  const hotLine = listing.blocks[0]?.lines.find(({ totalNs }) => totalNs === 70);
  assert.match(hotLine?.text ?? '', /^ {2}(x \^= x >> 13|return x \* 31);$/);
  const around = listing.blocks[1]?.lines ?? [];
  assert.deepEqual(
    around.map(({ label, totalNs }) => [label, totalNs]),
    [
      ['6', 0],
      ['7', 0],
      ['8', 0],
      ['9', 30],
      ['10', 0],
      ['11', 0],
      ['12', 0],
    ],
  );
  assert.match(around[1]?.text ?? '', /^ {4}for /);
});

test('no debug information: instructions, and what is missing with its cure', async () => {
  const listing = await list(stripped, [hotAt(workStart, 60), hotAt(workStart + 1n, 0)]);
  assert.equal(listing.form, 'assembly');
  assert.match(
    listing.missing?.because ?? '',
    /hot_stripped has no line information, no debug file for build-id [0-9a-f]{40}$/,
  );
  const { buildId } = stripped;
  assert.equal(
    listing.missing?.cure,
    `build it with -g, or put its debug file at /usr/lib/debug/.build-id/${buildId.slice(0, 2)}/${buildId.slice(2)}.debug`,
  );
  const hot = listing.blocks[0]?.lines.filter(({ totalNs }) => totalNs > 0);
  assert.deepEqual(
    hot?.map(({ label, totalNs }) => [label, totalNs]),
    [[workStart.toString(16), 60]],
  );
  assert.notEqual(hot?.[0]?.text, '');
});

test('instructions on request, to the end of the function and no further', async () => {
  const { form, missing, blocks } = await list(withDebug, [hotAt(workStart, 1)], 'assembly');
  assert.deepEqual([form, missing], ['assembly', undefined]);
  const lines = blocks[0]?.lines ?? [];
  assert.equal(lines[0]?.label, workStart.toString(16));
  assert.ok(lines.length > 3 && lines.every(({ text: words }) => !/<main>:/.test(words)));
});

test('a return address, less one, counts at its call', async () => {
  const { blocks } = await list(withDebug, [hotAt(workStart + 2n, 5)], 'assembly');
  const hot = blocks[0]?.lines.findIndex(({ totalNs }) => totalNs === 5) ?? -1;
  const [own, next] = [blocks[0]?.lines[hot]?.label, blocks[0]?.lines[hot + 1]?.label];
  assert.ok(BigInt(`0x${own}`) <= workStart + 2n && BigInt(`0x${next}`) > workStart + 2n);
});

test('another file in its place, or none: addresses, and it says so', async () => {
  const path = join(folder, 'replaced');
  copyFileSync(stripped.path, path);
  for (const module of [
    { ...withDebug, path },
    { ...withDebug, path: join(folder, 'gone') },
    { ...withDebug, path: '[vdso]' },
  ]) {
    const listing = await list(module, [hotAt(workStart, 3)]);
    assert.equal(listing.form, 'addresses');
    assert.match(listing.missing?.because ?? '', /not there any more, or another file is|is no file/);
    assert.equal(listing.blocks[0]?.lines[0]?.totalNs, 3);
  }
});

test('a source file that is not here leaves the line numbers', async () => {
  const own = (await addressesByLine()).get(9) ?? 0n;
  rmSync(source);
  const { blocks } = await list(withDebug, [hotAt(own, 3)]);
  assert.equal(blocks[0]?.title, `${source}   (this file is not here)`);
  assert.deepEqual(blocks[0]?.lines, [{ label: '9', text: '', selfNs: 3, totalNs: 3 }]);
});

test('a runtime that gives file and line: the beginning of the function; without a file, addresses', async () => {
  const script = join(folder, 'app.js');
  writeFileSync(script, 'one\ntwo\n\u001b[2Jthree\nfour\n');
  const found = await list(withDebug, [hotAt(1n, 8)], 'source', 'jit', `JS:*render ${script}:2:7`);
  assert.equal(found.form, 'source');
  assert.deepEqual(
    found.blocks[0]?.lines.map(({ label, text: words, totalNs }) => [label, words, totalNs]),
    [
      ['2', 'two', 8],
      ['3', '·[2Jthree', 0],
      ['4', 'four', 0],
      ['5', '', 0],
    ],
  );
  const none = await list(withDebug, [hotAt(1n, 8)], 'source', 'jit', 'JS:*render');
  assert.equal(none.form, 'addresses');
  assert.match(none.missing?.because ?? '', /made at run time/);
});

test('a runtime that gives the lines it stands at: each with its weight, with the text where the file is here', async () => {
  const script = join(folder, 'shop.py');
  writeFileSync(script, 'def serve():\n    a()\n    b()\n');
  const at = (line: number, totalNs: number): HotAddress => {
    const address = runtimeAddress({ function: 7, line });
    return {
      frame: { id: line, kind: 'runtime', module: -1, address, functionStart: 0n },
      selfNs: 0,
      totalNs,
    };
  };
  const listOf = (path: string) => {
    const profile = { modules: [], hotAddresses: () => [at(3, 6), at(0, 1), at(2, 2)] } as unknown as Profile;
    const func = { id: 1, name: 'serve shop.py:1', module: 'python', kind: 'runtime' as const, script: path };
    return listFunction({ func, scope, wants: 'source' }, profile, undefined, still);
  };
  const here = await listOf(script);
  assert.deepEqual([here.form, here.missing, here.blocks[0]?.title], ['source', undefined, script]);
  assert.deepEqual(
    here.blocks[0]?.lines.map(({ label, text: words, totalNs }) => [label, words, totalNs]),
    [
      ['?', '', 1],
      ['1', 'def serve():', 0],
      ['2', '    a()', 2],
      ['3', '    b()', 6],
      ['4', '', 0],
    ],
  );
  const elsewhere = await listOf('Shop.java');
  assert.equal(elsewhere.blocks[0]?.title, 'Shop.java   (this file is not here)');
  assert.deepEqual(
    elsewhere.blocks[0]?.lines.map(({ label, totalNs }) => [label, totalNs]),
    [
      ['?', 1],
      ['', 0],
      ['2', 2],
      ['3', 6],
    ],
  );
});

test('a debug file that debuginfod has fetched gives source; one of another build id does not', async (t) => {
  const cache = mkdtempSync(join(folder, 'cache-'));
  const before = process.env['DEBUGINFOD_CACHE_PATH'];
  process.env['DEBUGINFOD_CACHE_PATH'] = cache;
  t.after(() => {
    if (before === undefined) delete process.env['DEBUGINFOD_CACHE_PATH'];
    else process.env['DEBUGINFOD_CACHE_PATH'] = before;
  });
  const own = join(folder, 'own');
  copyFileSync(withDebug.path, own);
  assert.equal(spawnSync('strip', [own]).status, 0);
  const module = { ...withDebug, path: own };
  const hot = [hotAt(workStart + 8n, 5)];
  assert.equal((await list(module, hot)).form, 'assembly');
  mkdirSync(join(cache, module.buildId));
  const fetched = join(cache, module.buildId, 'debuginfo');
  copyFileSync(stripped.path, fetched);
  assert.equal((await list(module, hot)).form, 'assembly');
  copyFileSync(withDebug.path, fetched);
  assert.equal((await list(module, hot)).form, 'source');
});

test('what a distribution installs: its debug file can be fetched by build id', async () => {
  const path = '/usr/bin/env';
  const fd = openSync(path, 'r');
  const file = parseElf(fileBytes(fd));
  const buildId = file === undefined ? '' : buildIdOf(file);
  closeSync(fd);
  const module: Module = { id: 0, path, buildId, fd: -1, openedBy: 'none' };
  const { missing } = await list(module, [hotAt(0x4000n, 1, 0n)]);
  assert.equal(
    missing?.because,
    `/usr/bin/env has no line information, no debug file for build-id ${buildId}`,
  );
  assert.equal(missing?.cure, `debuginfod-find debuginfo ${buildId}`);
});

test('kernel code and a function without samples say what is missing', async () => {
  assert.match((await list(withDebug, [hotAt(1n, 8)], 'source', 'kernel')).missing?.because ?? '', /vmlinux/);
  const empty = await list(withDebug, []);
  assert.deepEqual([empty.blocks, empty.totalNs], [[], 0]);
});

test('without the tools: addresses, and the command that installs them', async (t) => {
  const { PATH } = process.env;
  t.after(() => {
    process.env['PATH'] = PATH;
  });
  process.env['PATH'] = folder;
  const listing = await list(withDebug, [hotAt(workStart, 3)]);
  assert.equal(listing.form, 'addresses');
  assert.match(listing.missing?.because ?? '', /objdump and llvm-objdump are not installed/);
  assert.equal(listing.missing?.cure, 'sudo apt-get install binutils');
});

test('an abort ends the helper and rejects', async () => {
  const abort = new AbortController();
  const profile = { modules: [withDebug], hotAddresses: () => [hotAt(workStart, 3)] } as unknown as Profile;
  const func = { id: 1, name: 'work', module: 'hot', kind: 'native' } as const;
  const work = listFunction({ func, scope, wants: 'source' }, profile, process.pid, abort.signal);
  abort.abort();
  await assert.rejects(work);
});
