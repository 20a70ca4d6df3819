/** Where a module's names come from: own tables, debug files, Go, memory; what is left when there is nothing. */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import test from 'node:test';
import type { Frame, Module } from '../profile/frames.ts';
import { moduleName } from './address-name.ts';
import { buildIdOf } from './elf-file.ts';
import { ModuleSymbols } from './module-symbols.ts';
import type { SymbolWarning } from './protocol.ts';
import { compile, openElf, readelfSymbols, run, startTarget, temporaryFolder } from './test-programs.ts';

const folder = temporaryFolder();
const source = `
  #include <stdio.h>
  static __attribute__((noinline, noclone)) int secret_work(int n) { return printf("%d\\n", n); }
  int main(int argc, char **argv) { return secret_work(argc) + (int)(argv[0][0]); }
`;
const original = compile(folder, 'original.c', source, '-O1');
const secret = readelfSymbols(original, '.symtab').find(({ name }) => name === 'secret_work')?.address ?? 0;
const buildId = buildIdOf(openElf(original));

function copy(name: string, ...objcopyFlags: readonly string[]): string {
  const target = path.join(folder, name);
  fs.mkdirSync(path.dirname(target), { recursive: true });
  run('objcopy', ...objcopyFlags, original, target);
  return target;
}

function frameAt(address: number, functionStart = 0): Frame {
  return { id: 1, kind: 'native', module: 0, address: BigInt(address), functionStart: BigInt(functionStart) };
}

interface Opened {
  readonly symbols: ModuleSymbols;
  readonly warnings: readonly SymbolWarning[];
}

function open(
  filePath: string,
  debugRoot = path.join(folder, 'none'),
  extra: Partial<Module & { pid: number }> = {},
): Opened {
  const warnings: SymbolWarning[] = [];
  const fd = extra.fd ?? fs.openSync(filePath, 'r');
  const module: Module = { id: 0, path: filePath, buildId: '', openedBy: 'root', ...extra, fd };
  const context = {
    pid: extra.pid ?? process.pid,
    places: { rootPaths: [''], debugRoot },
    warn: (warning: SymbolWarning) => warnings.push(warning),
  };
  return { symbols: new ModuleSymbols(module, context), warnings };
}

test('.symtab names a static function', () => {
  const { symbols, warnings } = open(original);
  assert.deepEqual(symbols.nameOf(frameAt(secret + 2)), {
    frame: 1,
    name: 'secret_work',
    module: 'original',
    hasSymbol: true,
  });
  assert.deepEqual(warnings, []);
});

test('stripped, no debug file: the function start, else the offset, is the name', () => {
  const { symbols } = open(copy('stripped', '--strip-all'));
  const expected = { frame: 1, module: 'stripped', hasSymbol: false };
  assert.deepEqual(symbols.nameOf(frameAt(0x1145, 0x1139)), { ...expected, name: 'stripped!fn_1139' });
  assert.deepEqual(symbols.nameOf(frameAt(0x1145)), { ...expected, name: 'stripped+0x1145' });
});

test('stripped: the debug file of its build id is found under the debug root', () => {
  const stripped = copy('by-id', '--strip-all');
  const debugRoot = path.join(folder, 'debug-by-id');
  const place = `debug-by-id/.build-id/${buildId.slice(0, 2)}/${buildId.slice(2)}.debug`;
  copy(place, '--only-keep-debug');
  const { symbols, warnings } = open(stripped, debugRoot);
  assert.equal(symbols.nameOf(frameAt(secret)).name, 'secret_work');
  assert.deepEqual(warnings, []);
});

test('a module that cannot be opened is still named by its build id', () => {
  const debugRoot = path.join(folder, 'debug-by-id');
  const { symbols, warnings } = open('/nowhere/by-id', debugRoot, { fd: -1, openedBy: 'none', buildId });
  assert.equal(symbols.nameOf(frameAt(secret)).name, 'secret_work');
  assert.deepEqual(
    warnings.map(({ code }) => code),
    ['module-unreadable'],
  );
});

test('.gnu_debuglink: beside the file, in .debug, under the debug root; checked by CRC when there is no build id', () => {
  const places = ['beside/linked.debug', 'sub/.debug/linked.debug', `roots${folder}/far/linked.debug`];
  for (const [i, place] of places.entries()) {
    copy(place, '--only-keep-debug', '--remove-section', '.note.gnu.build-id');
    const program = copy(
      ['beside/linked', 'sub/linked', 'far/linked'][i] as string,
      '--strip-all',
      '--remove-section',
      '.note.gnu.build-id',
    );
    run('objcopy', `--add-gnu-debuglink=${path.join(folder, place)}`, program);
    const { symbols, warnings } = open(program, path.join(folder, 'roots'));
    assert.equal(symbols.nameOf(frameAt(secret)).name, 'secret_work', place);
    assert.deepEqual(warnings, []);
  }
});

test('a debug file of another build is refused and said', () => {
  const program = copy('wrong/linked', '--strip-all', '--remove-section', '.note.gnu.build-id');
  const debug = copy('wrong/linked.debug', '--only-keep-debug', '--remove-section', '.note.gnu.build-id');
  run('objcopy', `--add-gnu-debuglink=${debug}`, program);
  fs.appendFileSync(debug, 'changed');
  const { symbols, warnings } = open(program);
  assert.equal(symbols.nameOf(frameAt(secret, secret)).hasSymbol, false);
  assert.deepEqual(
    warnings.map(({ code, subject }) => [code, subject]),
    [['debug-file-mismatch', debug]],
  );

  const debugRoot = path.join(folder, 'debug-wrong-id');
  const other = compile(folder, 'other.c', `${source}int other(void) { return 1; }`);
  const place = path.join(debugRoot, '.build-id', buildId.slice(0, 2), `${buildId.slice(2)}.debug`);
  fs.mkdirSync(path.dirname(place), { recursive: true });
  fs.copyFileSync(other, place);
  const mismatched = open(copy('wrong-id', '--strip-all'), debugRoot);
  assert.equal(mismatched.symbols.nameOf(frameAt(secret, secret)).hasSymbol, false);
  assert.match(mismatched.warnings[0]?.detail ?? '', /build id is not/);
});

test('a deleted binary: its open file still names it, the path loses its mark', () => {
  const doomed = copy('doomed');
  const fd = fs.openSync(doomed, 'r');
  fs.rmSync(doomed);
  const { symbols } = open(`${doomed} (deleted)`, undefined, { fd });
  assert.deepEqual(symbols.nameOf(frameAt(secret)), {
    frame: 1,
    name: 'secret_work',
    module: 'doomed',
    hasSymbol: true,
  });
});

test('the vdso: named from our own', () => {
  const { symbols, warnings } = open('[vdso]', undefined, { fd: -1, openedBy: 'vdso' });
  const offsets = Array.from({ length: 512 }, (_, i) => symbols.nameOf(frameAt(i * 16)).name);
  assert.ok(
    offsets.some((name) => name.endsWith('clock_gettime')),
    [...new Set(offsets)].join(' '),
  );
  assert.equal(symbols.name, '[vdso]');
  assert.deepEqual(warnings, []);
});

test('.gnu_debugdata: the packed symbols of a stripped program', (t) => {
  const mini = copy('mini.debug', '--only-keep-debug', '--strip-debug');
  try {
    run('xz', '-k', '-f', mini);
  } catch (error) {
    if (process.env['CI'] !== undefined) throw error;
    return t.skip('needs xz (Debian: xz-utils)');
  }
  const program = copy('mini', '--strip-all');
  run('objcopy', `--add-section=.gnu_debugdata=${mini}.xz`, program);
  const { symbols, warnings } = open(program);
  assert.equal(symbols.nameOf(frameAt(secret)).name, 'secret_work');
  assert.deepEqual(warnings, []);
});

for (const style of ['gnu', 'sysv']) {
  test(`no section headers, ${style} hash: exported functions from memory and from the cut file`, async (t) => {
    const text = 'int exported_work(int n) { return n + 1; }\nint other_work(int n) { return n - 1; }';
    const library = compile(folder, `${style}.so.c`, text, '-shared', '-fPIC', `-Wl,--hash-style=${style}`);
    const address =
      readelfSymbols(library, '.dynsym').find(({ name }) => name === 'exported_work')?.address ?? 0;
    const load = `import ctypes,sys; ctypes.CDLL('${library}'); print('ready', flush=True); sys.stdin.readline()`;
    const child = await startTarget(t, 'python3', '-c', load);
    const inMemory = open(library, undefined, { fd: -1, openedBy: 'memory', pid: child.pid ?? 0 });
    assert.equal(inMemory.symbols.nameOf(frameAt(address + 1, address)).name, 'exported_work');

    const bytes = fs.readFileSync(library);
    bytes.fill(0, 40, 48);
    bytes.fill(0, 58, 64);
    fs.writeFileSync(`${library}.cut`, bytes);
    const cut = open(`${library}.cut`);
    assert.equal(cut.symbols.nameOf(frameAt(address + 1, address)).name, 'exported_work');
    assert.deepEqual([...inMemory.warnings, ...cut.warnings], []);
  });
}

test('neither readable nor known: said once, named by address', () => {
  const { symbols, warnings } = open('/lib/gone.so', undefined, { fd: -1, openedBy: 'none' });
  assert.equal(symbols.nameOf(frameAt(0x10, 0x8)).name, 'gone.so!fn_8');
  assert.deepEqual(warnings, [
    { code: 'module-unreadable', subject: '/lib/gone.so', detail: 'opened by: none' },
  ]);
});

test('an ELF header without anything behind it: elf-corrupt', () => {
  const cut = path.join(folder, 'cut.so');
  fs.writeFileSync(cut, fs.readFileSync(original).subarray(0, 64));
  const { symbols, warnings } = open(cut);
  assert.equal(symbols.nameOf(frameAt(0x10)).name, 'cut.so+0x10');
  assert.deepEqual(
    warnings.map(({ code }) => code),
    ['elf-corrupt'],
  );
});

test('module names: the file name, without the mark of a deleted file', () => {
  assert.equal(moduleName('/usr/lib/libz.so.1.2 (deleted)'), 'libz.so.1.2');
  assert.equal(moduleName('/memfd:jit (deleted)'), 'memfd:jit');
  assert.equal(moduleName('[vdso]'), '[vdso]');
});

test('Go, stripped: every function of its own table', (t) => {
  const program = path.join(folder, 'gofer');
  const input = path.join(folder, 'gofer.go');
  fs.writeFileSync(
    input,
    'package main\n\n//go:noinline\nfunc work(n int) int { return n * 3 }\n\nfunc main() { println(work(4)) }\n',
  );
  const env = {
    GOCACHE: path.join(os.tmpdir(), 'prof-tui-go-cache'),
    GOPATH: path.join(folder, 'path'),
    GOFLAGS: '-mod=mod',
    CGO_ENABLED: '0',
  };
  Object.assign(process.env, env);
  try {
    run('go', 'build', '-o', program, input);
    run('go', 'build', '-ldflags=-s -w', '-o', `${program}-stripped`, input);
    run('go', 'build', '-buildmode=pie', '-ldflags=-s -w', '-o', `${program}-pie`, input);
    run('go', 'build', '-buildmode=pie', '-o', `${program}-pie-full`, input);
  } catch (error) {
    if (process.env['CI'] !== undefined) throw error;
    return t.skip('needs go (Debian: golang-go)');
  }
  for (const [stripped, full] of [
    ['-stripped', ''],
    ['-pie', '-pie-full'],
  ]) {
    const functions = readelfSymbols(`${program}${full}`, '.symtab').filter(
      ({ type, name, size }) => type === 'FUNC' && size > 0 && /^(main|runtime)\.[a-z]\w+$/.test(name),
    );
    const { symbols } = open(`${program}${stripped}`);
    assert.ok(functions.length > 500, `${functions.length} functions`);
    for (const { name, address } of functions) {
      assert.equal(symbols.nameOf(frameAt(address + 1)).name, name);
    }
  }
});
