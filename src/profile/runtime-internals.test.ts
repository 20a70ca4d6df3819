import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ProfileFunction } from './functions.ts';
import { isRuntimeInternal } from './runtime-internals.ts';

const native = (module: string, name: string): ProfileFunction => ({ id: 1, name, module, kind: 'native' });
const js = (name: string, script: string): ProfileFunction => ({
  ...{ id: 1, name, module: 'js', kind: 'runtime', runtime: 'node', script },
});
const java = (name: string): ProfileFunction => ({
  ...{ id: 1, name, module: 'java', kind: 'runtime', runtime: 'java' },
});
const go = (name: string): ProfileFunction => ({
  id: 1,
  name,
  module: 'server',
  kind: 'native',
  runtime: 'go',
});

const internal = [
  native('node', 'Builtins_ArrayMap'),
  native('node', 'v8::internal::Heap::CollectGarbage(v8::internal::AllocationSpace)'),
  native('node', 'void v8::internal::LiveObjectVisitor::Visit<int>(int)'),
  native('node', 'node::SpinEventLoopInternal(node::Environment*)'),
  native('libnode.so.108', 'uv_run'),
  js('processTimers node:internal/timers:438', 'node:internal/timers'),
  native('libjvm.so', 'JavaThread::run()'),
  java('Interpreter'),
  native('python3.11', '_PyEval_EvalFrameDefault'),
  native('libpython3.13.so.1.0', 'list_sort_impl'),
  go('runtime.mallocgc'),
  go('runtime.goexit.abi0'),
];
const own = [
  native('node', 'main'),
  native('node', 'deflate_slow'),
  native('node', 'sha256_block_data_order'),
  native('app', 'my_v8::run'),
  native('app', 'parse(node::Tree)'),
  js('render render.js:12', '/srv/render.js'),
  js('load node:fs:12', 'node:fs'),
  java('com.example.Main.run'),
  native('libc.so.6', 'read'),
  native('python3.11', 'main'),
  native('_json.cpython-311-x86_64-linux-gnu.so', 'scan_once'),
  go('main.main'),
  go('github.com/me/runtime.Start'),
  native('app', 'runtime.mallocgc'),
];

for (const func of internal) {
  test(`${func.module} ${func.name} is the runtime's own`, () => assert.ok(isRuntimeInternal(func)));
}
for (const func of own) {
  test(`${func.module} ${func.name} is the program's`, () => assert.ok(!isRuntimeInternal(func)));
}
