/** The client and a real worker thread: order, demangling, cleaning, late kernel names, a worker that dies. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import test, { after, type TestContext } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { buildSync } from 'esbuild';
import type { Frame, FrameName, Module } from '../profile/frames.ts';
import { SymbolizerClient, type SymbolizerClientOptions } from './client.ts';
import { monotonicMs } from './followed-file.ts';
import type { KernelSymbolsState, SymbolWarning } from './protocol.ts';

const allTests = fs.mkdtempSync(path.join(os.tmpdir(), 'symbolize-client-'));
after(() => fs.rmSync(allTests, { recursive: true, force: true }));

/** Bundled as the program ships it: Node 20 does not run TypeScript loaders in a worker's entry. */
const workerFile = path.join(allTests, 'worker.mjs');
buildSync({
  entryPoints: [fileURLToPath(new URL('./worker.ts', import.meta.url))],
  outfile: workerFile,
  bundle: true,
  platform: 'node',
  format: 'esm',
});
const workerUrl = pathToFileURL(workerFile);

function temporaryFolder(): string {
  return fs.mkdtempSync(path.join(allTests, 'case-'));
}

interface Recorder {
  readonly client: SymbolizerClient;
  readonly names: Map<number, FrameName>;
  readonly states: KernelSymbolsState[];
  readonly warnings: SymbolWarning[];
  /** Resolves at the first message that makes the condition true. */
  until(condition: () => boolean): Promise<void>;
}

function start(t: TestContext, options: Partial<SymbolizerClientOptions> = {}): Recorder {
  const client = new SymbolizerClient({
    pid: process.pid,
    workerUrl,
    demangle: (names) => names.map((name) => (name === '_Z3foov' ? 'foo()' : name)),
    ...options,
  });
  t.after(() => client.stop());
  const names = new Map<number, FrameName>();
  const states: KernelSymbolsState[] = [];
  const warnings: SymbolWarning[] = [];
  let wake = (): void => {};
  client.onNames((batch) => {
    for (const name of batch) names.set(name.frame, name);
    wake();
  });
  client.onKernelSymbols((state) => {
    states.push(state);
    wake();
  });
  client.onWarning((warning) => {
    warnings.push(warning);
    wake();
  });
  const until = (condition: () => boolean): Promise<void> =>
    new Promise((resolve) => {
      wake = () => {
        if (condition()) resolve();
      };
      wake();
    });
  return { client, names, states, warnings, until };
}

function kernelFrame(id: number, address: bigint): Frame {
  return { id, kind: 'kernel', module: -1, address, functionStart: 0n };
}

const hiddenText = '0000000000000000 T _stext\n0000000000000000 T do_work\n0000000000000000 T _etext\n';
const shownText =
  'ffffffff81000000 T _stext\nffffffff81000100 T do_work\nffffffff81000200 T _Z3foov\nffffffff81000300 T evil\u001b[2J\u202e\nffffffff81000400 T _etext\n';

test('hidden kernel symbols: frames are answered without a name, and named when the text shows addresses', async (t) => {
  const kallsymsPath = path.join(temporaryFolder(), 'kallsyms');
  fs.writeFileSync(kallsymsPath, hiddenText);
  const run = start(t, { kallsymsPath, refreshMs: 20 });
  run.client.request([kernelFrame(0, 0xffffffff81000110n), kernelFrame(1, 0xffffffff81000210n)], 0);
  await run.client.idle();
  assert.deepEqual(run.names.get(0), { frame: 0, name: '', module: '', hasSymbol: false });
  assert.deepEqual(run.states, ['hidden']);

  fs.writeFileSync(`${kallsymsPath}.new`, shownText);
  fs.renameSync(`${kallsymsPath}.new`, kallsymsPath);
  await run.until(() => run.names.get(0)?.name !== '');
  assert.deepEqual(run.names.get(0), { frame: 0, name: 'do_work', module: 'kernel', hasSymbol: true });
  assert.equal(run.names.get(1)?.name, 'foo()');
  assert.deepEqual(run.states, ['hidden', 'shown']);
});

test('a hostile name: control and bidi characters never leave the client', async (t) => {
  const kallsymsPath = path.join(temporaryFolder(), 'kallsyms');
  fs.writeFileSync(kallsymsPath, shownText);
  const run = start(t, { kallsymsPath });
  run.client.request([kernelFrame(7, 0xffffffff81000300n)], 0);
  await run.client.idle();
  assert.equal(run.names.get(7)?.name, 'evil·[2J·');
});

test('idle: resolves after every request was answered, and at once when nothing is open', async (t) => {
  const run = start(t, { kallsymsPath: '/dev/null' });
  await run.client.idle();
  for (let id = 0; id < 50; id++) run.client.request([kernelFrame(id, 0xffffffff81000000n)], 0);
  await run.client.idle();
  assert.equal(run.names.size, 50);
  assert.deepEqual(run.states, ['missing']);
});

test('two processes: the same address is named by the perf map of its own', async (t) => {
  const other = spawn('sleep', ['600'], { stdio: 'ignore' });
  const pid = other.pid as number;
  const mapPath = `/tmp/perf-${pid}.map`;
  t.after(() => {
    other.kill('SIGKILL');
    fs.rmSync(mapPath, { force: true });
  });
  fs.writeFileSync(mapPath, '1000 100 theirs\n');
  const run = start(t, { kallsymsPath: '/dev/null', refreshMs: 20 });
  const jit = (id: number): Frame => ({
    id,
    kind: 'exec-anon',
    module: -1,
    address: 0x1010n,
    functionStart: 0n,
  });
  run.client.addProcess(1, pid);
  run.client.request([jit(0)], monotonicMs());
  run.client.request([jit(1)], monotonicMs(), 1);
  await run.client.idle();
  assert.equal(run.names.get(0)?.name, '');
  assert.equal(run.names.get(1)?.name, 'theirs');
  await run.client.endProcess(1);
  fs.writeFileSync(mapPath, '1000 100 theirs\n1000 100 later\n');
  // Rounds of looking again pass; the ended process is not looked at.
  await delay(100);
  assert.equal(run.names.get(1)?.name, 'theirs');
});

test('a worker that dies: open and later requests are answered by address, and it is said once', async (t) => {
  const broken = path.join(temporaryFolder(), 'worker.mjs');
  fs.writeFileSync(
    broken,
    `import { parentPort } from 'node:worker_threads';
    parentPort.on('message', (m) => { if (m.type === 'frames') throw new Error('broken'); });`,
  );
  const run = start(t, { workerUrl: pathToFileURL(broken) });
  const module: Module = { id: 0, path: '/usr/lib/libx.so.1', buildId: '', fd: -1, openedBy: 'none' };
  run.client.addModules([module]);
  const frame: Frame = { id: 3, kind: 'native', module: 0, address: 0x1234n, functionStart: 0x1200n };
  run.client.request([frame], 0);
  await run.client.idle();
  const expected = { name: 'libx.so.1!fn_1200', module: 'libx.so.1', hasSymbol: false };
  assert.deepEqual(run.names.get(3), { frame: 3, ...expected });
  run.client.request([{ ...frame, id: 4 }], 0);
  await run.client.idle();
  assert.deepEqual(run.names.get(4), { frame: 4, ...expected });
  assert.deepEqual(
    run.warnings.map((warning) => warning.code),
    ['symbolizer-failed'],
  );
});
