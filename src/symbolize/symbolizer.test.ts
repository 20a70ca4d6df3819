/** The symbolizer over real processes: kinds of frames, late names, perf maps of the target, other namespaces. */
import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import test, { type TestContext } from 'node:test';
import type { Frame, FrameKind, FrameName } from '../profile/frames.ts';
import { elf } from './elf-file.ts';
import { monotonicMs } from './followed-file.ts';
import type { SymbolizerOptions } from './protocol.ts';
import { Symbolizer } from './symbolizer.ts';
import { parseStatus } from './target-process.ts';
import { openElf, readelfSymbols, startTarget, temporaryFolder } from './test-programs.ts';

const folder = temporaryFolder();
const noKernel = path.join(folder, 'no-kallsyms');
fs.writeFileSync(noKernel, '');

function frame(id: number, kind: FrameKind, address: bigint, module = -1, functionStart = 0n): Frame {
  return { id, kind, module, address, functionStart };
}

function symbolizer(
  t: TestContext,
  options: Partial<SymbolizerOptions> & { readonly pid: number },
): Symbolizer {
  const made = new Symbolizer({ kallsymsPath: noKernel, ...options });
  t.after(() => made.close());
  return made;
}

function sleeper(t: TestContext): Promise<ChildProcess> {
  return startTarget(t, 'sh', '-c', 'echo ready; read line');
}

const names = (answers: readonly FrameName[]): string[] => answers.map(({ name }) => name);

test('every frame is answered, in order, whatever its kind', async (t) => {
  const child = await sleeper(t);
  const made = symbolizer(t, { pid: child.pid ?? 0 });
  const answers = made.nameFrames(
    [
      frame(5, 'kernel', 0xffffffff81000000n),
      frame(6, 'exec-anon', 0x7f0000000000n),
      frame(7, 'kernel-unseen', 0n),
      frame(8, 'truncated', 0n),
      frame(9, 'native', 0x123n, 77),
    ],
    monotonicMs(),
  );
  const empty = { name: '', module: '', hasSymbol: false };
  assert.deepEqual(answers, [
    { frame: 5, ...empty },
    { frame: 6, ...empty },
    { frame: 7, ...empty },
    { frame: 8, ...empty },
    { frame: 9, ...empty, name: '0x123' },
  ]);
  assert.equal(made.kernelSymbols, 'missing');
});

test('node itself: names survive the end of the process', async (t) => {
  const child = await sleeper(t);
  const made = symbolizer(t, { pid: child.pid ?? 0 });
  const fd = fs.openSync(process.execPath, 'r');
  t.after(() => fs.closeSync(fd));
  made.addModules([{ id: 3, path: process.execPath, buildId: '', fd, openedBy: 'exe' }]);
  child.kill('SIGKILL');
  await once(child, 'exit');
  const main = readelfSymbols(process.execPath, '.symtab').find(({ name }) => name === 'main')?.address ?? 0;
  const [answer] = made.nameFrames([frame(0, 'native', BigInt(main + 1), 3)], monotonicMs());
  assert.deepEqual(answer, { frame: 0, name: 'main', module: 'node', hasSymbol: true });
  assert.deepEqual(made.refresh(), []);
});

test('what was read ahead of the first frame names it when the table is gone', async (t) => {
  const copy = path.join(folder, 'read-ahead');
  fs.copyFileSync(process.execPath, copy);
  const table = openElf(copy).sections.find(({ type }) => type === elf.sectionSymtab);
  const [known] = readelfSymbols(copy, '.symtab').filter(({ type, size }) => type === 'FUNC' && size > 0);
  assert(table !== undefined && known !== undefined);
  const child = await sleeper(t);
  const [small, large] = [fs.openSync('/bin/sh', 'r'), fs.openSync(copy, 'r+')];
  const modules = [
    { id: 0, path: '/bin/sh', buildId: '', fd: small, openedBy: 'root' },
    { id: 1, path: copy, buildId: '', fd: large, openedBy: 'root' },
    { id: 2, path: '/gone', buildId: '', fd: -1, openedBy: 'none' },
  ] as const;
  const [ahead, late] = [symbolizer(t, { pid: child.pid ?? 0 }), symbolizer(t, { pid: child.pid ?? 0 })];
  for (const each of [ahead, late]) each.addModules(modules);
  ahead.prepare();
  fs.writeSync(large, Buffer.alloc(table.size), 0, table.size, table.offset);
  const asked = [frame(1, 'native', BigInt(known.address), 1)];
  assert.deepEqual(names(ahead.nameFrames(asked, monotonicMs())), [known.name]);
  assert.notDeepEqual(names(late.nameFrames(asked, monotonicMs())), [known.name]);
  assert.deepEqual(ahead.warnings, []);
});

test('perf map: names come late; code that takes the place of other code leaves the frame without a name', async (t) => {
  const child = await sleeper(t);
  const map = `/tmp/perf-${child.pid}.map`;
  t.after(() => fs.rmSync(map, { force: true }));
  const made = symbolizer(t, { pid: child.pid ?? 0 });
  const frames = [frame(0, 'exec-anon', 0x7f0000001005n), frame(1, 'exec-anon', 0x7f0000002005n)];
  assert.deepEqual(names(made.nameFrames(frames, monotonicMs())), ['', '']);
  assert.deepEqual(made.refresh(), []);

  fs.writeFileSync(map, '7f0000001000 100 first\n');
  assert.deepEqual(made.refresh(), [{ frame: 0, name: 'first', module: 'jit', hasSymbol: true }]);
  assert.deepEqual(made.refresh(), []);
  fs.appendFileSync(map, '7f0000002000 100 second\n');
  assert.deepEqual(names(made.refresh()), ['second']);
  fs.appendFileSync(map, '7f0000001000 80 again\n');
  const none = { name: '', module: '', hasSymbol: false };
  assert.deepEqual(made.refresh(), [{ frame: 0, ...none }]);
  assert.equal(made.warnings[0]?.code, 'code-replaced');
  const later = frame(2, 'exec-anon', 0x7f0000001005n);
  assert.deepEqual(names(made.nameFrames([later], monotonicMs())), ['again']);
  fs.writeFileSync(map, '');
  assert.deepEqual(made.refresh(), [
    { frame: 1, ...none },
    { frame: 2, ...none },
  ]);
});

test('node --perf-basic-prof: its own perf map names its code', async (t) => {
  const script =
    'function hotLoop(n){let s=0;for(let i=0;i<n;i++)s+=i%7;return s}for(let i=0;i<300;i++)hotLoop(1e5);console.log("ready");process.stdin.resume()';
  // V8 also writes a log into the current folder.
  const child = await startTarget(
    t,
    'env',
    '-C',
    folder,
    process.execPath,
    '--perf-basic-prof',
    '-e',
    script,
  );
  const map = `/tmp/perf-${child.pid}.map`;
  t.after(() => fs.rmSync(map, { force: true }));
  const line =
    fs
      .readFileSync(map, 'latin1')
      .split('\n')
      .findLast((text) => text.includes('hotLoop')) ?? '';
  const address = BigInt(`0x${line.split(' ')[0]}`);
  const made = symbolizer(t, { pid: child.pid ?? 0 });
  const [answer] = made.nameFrames([frame(0, 'exec-anon', address + 1n)], monotonicMs());
  assert.match(answer?.name ?? '', /hotLoop/);
  assert.equal(answer?.hasSymbol, true);
});

test('another mount and pid namespace: its /tmp and its own pid are used', async (t) => {
  if (process.getuid?.() !== 0) return t.skip('needs root, to make namespaces');
  const child = await startTarget(
    t,
    'unshare',
    ...['--mount', '--pid', '--fork', '--kill-child', '--mount-proc', 'sh', '-c'],
    'mount -t tmpfs none /tmp && echo 7f0000003000 10 inside > /tmp/perf-$$.map && echo ready; read line',
  );
  const inner = Number(fs.readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, 'latin1').trim());
  const made = symbolizer(t, { pid: inner });
  const [answer] = made.nameFrames([frame(0, 'exec-anon', 0x7f0000003001n)], monotonicMs());
  assert.equal(answer?.name, 'inside');
  assert.equal(fs.existsSync(`/tmp/perf-${inner}.map`), false);
});

test('code in a file without symbols: by absolute address and by offset, the perf map names it; else its offset', async (t) => {
  const backing = path.join(folder, 'jit-cache');
  fs.writeFileSync(backing, Buffer.alloc(8192, 0xc3));
  const script = `import ctypes,mmap,os,sys
f=os.open(${JSON.stringify(backing)},os.O_RDONLY)
m=mmap.mmap(f,8192,prot=mmap.PROT_READ|mmap.PROT_EXEC,flags=mmap.MAP_PRIVATE)
print('ready',flush=True); sys.stdin.readline()`;
  const child = await startTarget(t, 'python3', '-c', script);
  const map = `/tmp/perf-${child.pid}.map`;
  t.after(() => fs.rmSync(map, { force: true }));
  const row =
    fs
      .readFileSync(`/proc/${child.pid}/maps`, 'latin1')
      .split('\n')
      .find((text) => text.includes(backing)) ?? '';
  const start = BigInt(`0x${row.split('-')[0]}`);
  const fd = fs.openSync(backing, 'r');
  t.after(() => fs.closeSync(fd));
  const made = symbolizer(t, { pid: child.pid ?? 0 });
  made.addModules([{ id: 0, path: backing, buildId: '', fd, openedBy: 'root' }]);
  const frames = [
    frame(0, 'native', start + 0x104n, 0),
    frame(1, 'native', 0x104n, 0),
    frame(2, 'native', 0x904n, 0),
  ];
  assert.deepEqual(names(made.nameFrames(frames, monotonicMs())), [
    `jit-cache+0x${(start + 0x104n).toString(16)}`,
    'jit-cache+0x104',
    'jit-cache+0x904',
  ]);
  fs.writeFileSync(map, `${(start + 0x100n).toString(16)} 40 jitted\n`);
  assert.deepEqual(
    made.refresh().map(({ frame: id, name }) => [id, name]),
    [
      [0, 'jitted'],
      [1, 'jitted'],
    ],
  );
});

test('status: the innermost pid, the real and effective user; a missing line leaves the outer pid', () => {
  const status = 'Name:\tx\nUid:\t1000\t1001\t1002\t1003\nNSpid:\t4242\t17\t3\n';
  assert.deepEqual(parseStatus(status, 4242), { ownPid: 3, uids: [1000, 1001], isNested: true });
  assert.deepEqual(parseStatus('', 7), { ownPid: 7, uids: [], isNested: false });
});

test('a target that has gone: frames are still answered', (t) => {
  const made = symbolizer(t, { pid: 2 ** 22 + 5 });
  assert.deepEqual(names(made.nameFrames([frame(0, 'exec-anon', 1n)], monotonicMs())), ['']);
  assert.deepEqual(made.warnings, []);
});
