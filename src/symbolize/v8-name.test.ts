import assert from 'node:assert/strict';
import test from 'node:test';
import { parseV8Name } from './v8-name.ts';

const parts = (text: string) => {
  const found = parseV8Name(text);
  return found && [found.name, found.script, found.line];
};

test('names of V8 20 to 26: kind, tier and column go, function, script and line stay', () => {
  assert.deepEqual(parts('JS:*burn /tmp/shares.cjs:6:14'), ['burn', '/tmp/shares.cjs', 6]);
  assert.deepEqual(parts("JS:*'burn /tmp/shares.cjs:6:14"), ['burn', '/tmp/shares.cjs', 6]);
  assert.deepEqual(parts('JS:o+burn /tmp/shares.cjs:6:14'), ['burn', '/tmp/shares.cjs', 6]);
  assert.deepEqual(parts('JS:^get size /srv/my app/ev.js:3:18'), ['get size', '/srv/my app/ev.js', 3]);
  assert.deepEqual(parts('JS:~ node:internal/console/constructor:357:10'), [
    ...['', 'node:internal/console/constructor', 357],
  ]);
  assert.deepEqual(parts('JS:*run file:///srv/a.mjs:9:1'), ['run', 'file:///srv/a.mjs', 9]);
  assert.deepEqual(parts('JS:^vvv evalmachine.<anonymous>:1:27'), ['vvv', 'evalmachine.<anonymous>', 1]);
  assert.deepEqual(parts('Eval:~ /tmp/ev.js:1:1'), ['', '/tmp/ev.js', 1]);
  // Code of eval has no script that could be shown.
  assert.deepEqual(parts('JS:*ee :1:12'), ['ee', '', 0]);
  assert.deepEqual(parts('RegExp:a+b'), ['(regexp)', '', 0]);
  assert.deepEqual(parts("RegExp.> src: 'a+b' flags: ''"), ['(regexp)', '', 0]);
});

test('what is no function of a script, or of no V8, keeps its name', () => {
  for (const name of [
    'Builtin:ArrayMap',
    'BytecodeHandler:Return',
    'JIT$burn',
    'JS:burn',
    'wasm[0]::f',
    'JS:*burn',
  ])
    assert.equal(parseV8Name(name), undefined, name);
});
