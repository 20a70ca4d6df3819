import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runtimeFrameName, sourceOf } from './runtime-names.ts';

const cases = [
  [['render', '/srv/app/render.js', 12], 'render render.js:12', '/srv/app/render.js:12'],
  [['', '/srv/app/render.js', 3], '(anonymous) render.js:3', '/srv/app/render.js:3'],
  [['load', 'file:///srv/app/main.mjs', 7], 'load main.mjs:7', '/srv/app/main.mjs:7'],
  [['tick', 'node:internal/timers', 438], 'tick node:internal/timers:438', 'node:internal/timers:438'],
  [['load', '/srv/app/render.js', 0], 'load render.js', '/srv/app/render.js'],
  [['(regexp)', '', 0], '(regexp)', ''],
  [['add', 'wasm://wasm/shares-1a2b', 0], 'add shares-1a2b', 'wasm://wasm/shares-1a2b'],
] as const;

test('functions of WebAssembly are of another module than those of JavaScript', () => {
  const moduleOf = (script: string) =>
    runtimeFrameName(5, { name: 'add', runtime: 'node', script, line: 0 }).module;
  const scripts = ['wasm://wasm/1a2b', 'https://a.example/lib.wasm', '/srv/app/wasm.js'];
  assert.deepEqual(scripts.map(moduleOf), ['wasm', 'wasm', 'js']);
});

for (const [[name, script, line], shown, source] of cases) {
  test(`a function of a runtime is called: ${shown}`, () => {
    const named = runtimeFrameName(5, { name, runtime: 'node', script, line });
    assert.equal(named.frame, 5);
    assert.equal(named.name, shown);
    assert.equal(sourceOf(named), source);
    assert.equal(named.hasSymbol, true);
  });
}
