/** The target's mappings and files: parsing, each way of opening a file in the situation that calls for it. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, copyFileSync, existsSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { compile, hasRoot, hasTools, replay, replayPath, startTarget, until } from './replay.ts';

const mapsLines: readonly {
  readonly title: string;
  readonly line: string;
  readonly parsed: readonly string[];
}[] = [
  {
    title: 'a file',
    line: '55d0c0000000-55d0c0021000 r-xp 00002000 fd:01 1234                       /usr/bin/xz',
    parsed: ['55d0c0000000 55d0c0021000 2000 fd:1 1234 5 - /usr/bin/xz'],
  },
  {
    title: 'a deleted file with spaces in its name',
    line: '1000-2000 rw-s 00000000 00:05 77                         /tmp/a b (c) (deleted)',
    parsed: ['1000 2000 0 0:5 77 3 deleted /tmp/a b (c)'],
  },
  {
    title: 'anonymous memory, which has no path',
    line: '7f0000000000-7f0000001000 ---p 00000000 00:00 0 ',
    parsed: ['7f0000000000 7f0000001000 0 0:0 0 0 - -'],
  },
  {
    title: 'a newline in a path, which the kernel escapes',
    line: '1000-2000 r--p 00000000 08:01 5                          /tmp/a\\012b',
    parsed: ['1000 2000 0 8:1 5 1 - /tmp/a', 'b'],
  },
  {
    title: 'the vsyscall page at the top of the address space',
    line: 'ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0                  [vsyscall]',
    parsed: ['ffffffffff600000 ffffffffff601000 0 0:0 0 4 - [vsyscall]'],
  },
  { title: 'an empty range', line: '2000-2000 r-xp 00000000 08:01 5 /x', parsed: [] },
  { title: 'a line cut short', line: '1000-2000 r-xp 0000', parsed: [] },
  { title: 'text that is no mapping', line: 'Permission denied', parsed: [] },
];

for (const { title, line, parsed } of mapsLines) {
  test(`maps: ${title}`, () => assert.deepEqual(replay(['maps'], `${line}\n`), parsed));
}

interface Module {
  readonly openedBy: string;
  readonly cfi: string;
  readonly buildId: string;
  readonly isOpen: boolean;
  readonly path: string;
}

function modulesOf(lines: readonly string[]): readonly Module[] {
  return lines
    .filter((line) => line.startsWith('module '))
    .map((line) => {
      const [, , openedBy = '', cfi = '', buildId = '', , fd = '', , , ...path] = line.split(' ');
      return { openedBy, cfi, buildId, isOpen: fd === 'open', path: path.join(' ') };
    });
}

function moduleNamed(lines: readonly string[], name: string): Module {
  const module = modulesOf(lines).find(({ path }) => basename(path) === name);
  assert.ok(module, `no module ${name} in\n${lines.join('\n')}`);
  return module;
}

/** A folder that any user can read, with copies of files under new names. */
function publicFolder(t: TestContext, files: Readonly<Record<string, string>>): string {
  const folder = mkdtempSync(join(tmpdir(), 'prof-tui-modules-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  chmodSync(folder, 0o755);
  for (const [name, source] of Object.entries(files)) {
    copyFileSync(source, join(folder, name));
    chmodSync(join(folder, name), 0o755);
  }
  return folder;
}

const nobody = ['--reuid=65534', '--regid=65534', '--clear-groups'];

/** unwind_replay modules, as a user who may not open map_files. */
function modulesAsNobody(program: string, pid: number): readonly string[] {
  const result = spawnSync('setpriv', [...nobody, program, 'modules', String(pid)], { encoding: 'utf8' });
  assert.equal(result.status, 0, result.stderr);
  return result.stdout.split('\n');
}

const maps = (pid: number) => readFileSync(`/proc/${pid}/maps`, 'utf8');

/** Yama forbids reading the memory of a process that is no child; its value, or 0 without Yama. */
function ptraceScope(): number {
  const path = '/proc/sys/kernel/yama/ptrace_scope';
  return existsSync(path) ? Number(readFileSync(path, 'utf8')) : 0;
}

test('privileged: map_files gives the very file, though another has taken its name', async (t) => {
  if (!hasRoot(t) || !hasTools(t, 'gcc')) return;
  const folder = publicFolder(t, {
    first: compile('remapped.c', ['-O2']),
    second: compile('loads.c', ['-O2']),
  });
  const pid = startTarget(t, join(folder, 'first'));
  await until('the target to start', () => maps(pid).includes('/first'));
  const before = moduleNamed(replay(['modules', String(pid)]), 'first');
  renameSync(join(folder, 'second'), join(folder, 'first'));
  const after = moduleNamed(replay(['modules', String(pid)]), 'first');
  assert.deepEqual(after, before);
  assert.deepEqual([after.openedBy, after.cfi, after.isOpen], ['map_files', 'ready', true]);
});

test("unprivileged: the target's root for files in place, exe for a deleted program, memory for a deleted library", async (t) => {
  if (!hasRoot(t) || !hasTools(t, 'gcc', 'setpriv')) return;
  if (ptraceScope() !== 0) return t.skip(`kernel.yama.ptrace_scope is ${ptraceScope()}, not 0`);
  const folder = publicFolder(t, {
    replay: replayPath,
    loads: compile('loads.c', ['-O2']),
    'gone.so': compile('library.c', ['-O2', '-shared', '-fPIC']),
  });
  const library = join(folder, 'gone.so');
  const pid = startTarget(t, 'setpriv', [...nobody, join(folder, 'loads'), library]);
  await until('the library to be loaded', () => maps(pid).includes('gone.so'));
  const inPlace = modulesAsNobody(join(folder, 'replay'), pid);
  assert.equal(moduleNamed(inPlace, 'loads').openedBy, 'root');
  assert.equal(moduleNamed(inPlace, 'gone.so').openedBy, 'root');

  rmSync(library);
  rmSync(join(folder, 'loads'));
  const deleted = modulesAsNobody(join(folder, 'replay'), pid);
  assert.deepEqual(moduleNamed(deleted, 'loads'), { ...moduleNamed(inPlace, 'loads'), openedBy: 'exe' });
  assert.deepEqual(moduleNamed(deleted, 'gone.so'), {
    ...moduleNamed(inPlace, 'gone.so'),
    openedBy: 'memory',
    isOpen: false,
  });
  assert.equal(moduleNamed(deleted, 'libc.so.6').openedBy, 'root');
});

test('unprivileged: another file under the old name is not taken for the mapped one', async (t) => {
  if (!hasRoot(t) || !hasTools(t, 'gcc', 'setpriv')) return;
  if (ptraceScope() !== 0) return t.skip(`kernel.yama.ptrace_scope is ${ptraceScope()}, not 0`);
  const folder = publicFolder(t, {
    replay: replayPath,
    loads: compile('loads.c', ['-O2']),
    'swapped.so': compile('library.c', ['-O2', '-shared', '-fPIC']),
    'other.so': compile('library.c', ['-O0', '-shared', '-fPIC']),
  });
  const library = join(folder, 'swapped.so');
  const pid = startTarget(t, 'setpriv', [...nobody, join(folder, 'loads'), library]);
  await until('the library to be loaded', () => maps(pid).includes('swapped.so'));
  const before = moduleNamed(modulesAsNobody(join(folder, 'replay'), pid), 'swapped.so');
  renameSync(join(folder, 'other.so'), library);
  const after = moduleNamed(modulesAsNobody(join(folder, 'replay'), pid), 'swapped.so');
  assert.deepEqual([after.openedBy, after.buildId], ['memory', before.buildId]);
});

test('the vdso is a module with a readable copy', (t) => {
  const pid = startTarget(t, 'sleep', ['60']);
  const vdso = moduleNamed(replay(['modules', String(pid)]), '[vdso]');
  assert.deepEqual([vdso.openedBy, vdso.cfi, vdso.isOpen], ['vdso', 'ready', true]);
});

/** The anonymous executable ranges between two ranges of the first module, as `BIAS MODULE`. */
function rangesOf(lines: readonly string[]): readonly string[] {
  const ranges = lines.filter((line) => line.startsWith('range ')).map((line) => line.split(' ').slice(1));
  const own = ranges.findIndex(([, , , module]) => module === '0');
  return ranges.slice(own, own + 3).map(([, , bias, module]) => `${bias} ${module}`);
}

test("text copied to anonymous memory stays the file's if its bytes agree, and only then", async (t) => {
  if (!hasRoot(t) || !hasTools(t, 'gcc')) return;
  const program = compile('remapped.c', ['-O2']);
  const ranges = [];
  for (const bytes of ['same', 'other']) {
    const pid = startTarget(t, program, [bytes]);
    const isSplit = () => (maps(pid).match(/ r-xp .*remapped/g) ?? []).length === 2;
    await until('the program to remap its text', isSplit);
    ranges.push(rangesOf(replay(['modules', String(pid)])));
  }
  const [same = [], other = []] = ranges;
  assert.equal(new Set(same).size, 1, same.join(', '));
  assert.deepEqual(other[1], '0 -1');
  assert.equal(other[0], other[2]);
});

test('of a program that maps hundreds of files some stay open, the others are read from memory', async (t) => {
  if (!hasTools(t, 'gcc', 'python3')) return;
  const names = Array.from({ length: 600 }, (_, i) => `part${i}.so`);
  const library = compile('library.c', ['-O2', '-shared', '-fPIC']);
  const folder = publicFolder(t, Object.fromEntries(names.map((name) => [name, library])));
  const mapAll = `import mmap, os, sys, time
keep = [mmap.mmap(os.open(f'${folder}/part{i}.so', os.O_RDONLY), 0, mmap.MAP_PRIVATE, mmap.PROT_READ | mmap.PROT_EXEC)
        for i in range(600)]
time.sleep(60)`;
  const pid = startTarget(t, '/usr/bin/python3', ['-c', mapAll]);
  await until('all files to be mapped', () => (maps(pid).match(/part\d+\.so/g) ?? []).length === 600);
  const modules = modulesOf(replay(['modules', String(pid)]));
  assert.equal(modules.filter(({ isOpen }) => isOpen).length, 512);
  const later = modules.filter(({ isOpen, path }) => !isOpen && path.includes('part'));
  assert.ok(later.length >= 600 - 512, `${later.length}`);
  assert.deepEqual([...new Set(later.map(({ openedBy, cfi }) => `${openedBy} ${cfi}`))], ['memory ready']);
});

test('a process that is gone is refused with its errno', () => {
  const result = spawnSync(replayPath, ['modules', '4194303'], { encoding: 'utf8' });
  assert.deepEqual([result.status, result.stderr], [1, 'maps of 4194303: No such file or directory\n']);
});
