/**
 * Who may import whom: the real tree is clean, and each kind of violation is found in a made-up one.
 */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { layerViolations } from './helpers/layers.ts';

const root = fileURLToPath(new URL('..', import.meta.url));

/** A tree with these files; contents get an opening comment unless they bring one. */
function tree(t: TestContext, files: Readonly<Record<string, string>>): string {
  const folder = mkdtempSync(join(tmpdir(), 'prof-tui-layers-'));
  t.after(() => rmSync(folder, { recursive: true }));
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text.startsWith('/') ? text : `// opening\n${text}`);
  }
  return folder;
}

test('this repository: every import and include is allowed', () => {
  assert.deepEqual(layerViolations(root), []);
});

const allowed: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'a folder imports itself and packages': {
    'src/profile/a.ts': "import { b } from './b.ts';\nimport { x } from 'node:fs';",
  },
  'engine imports profile and symbolize': {
    'src/engine/a.ts': "import { b } from '../profile/b.ts';\nimport { c } from '../symbolize/c.ts';",
  },
  'tui imports types of the engine, and describe()': {
    'src/tui/a.ts':
      "import type { S } from '../engine/status.ts';\nimport { type W, describe } from '../engine/warnings.ts';",
  },
  'cli and commands import all': {
    'src/cli.ts': "import { a } from './tui/a.ts';",
    'src/commands/record.ts': "import { a } from '../engine/a.ts';\nimport { o } from '../options.ts';",
  },
  'a test imports what it likes': { 'src/profile/a.test.ts': "import { e } from '../engine/e.ts';" },
  'session joins the native layers': {
    'native/session.h': '#include "capture/engine.h"\n#include "unwind/unwinder.h"',
    'native/addon.cc': '#include <napi.h>\n#include "session.h"',
    'native/capture/engine.h': '#include "unwind/registers.h"',
    'native/unwind/unwinder.h': '#include "unwind/registers.h"',
    'native/unwind/registers.h': '',
  },
};

for (const [name, files] of Object.entries(allowed)) {
  test(`allowed: ${name}`, (t) => {
    assert.deepEqual(layerViolations(tree(t, files)), []);
  });
}

test('allowed: a C++ unit is described in its header', (t) => {
  const folder = tree(t, { 'native/base/clock.h': '' });
  writeFileSync(join(folder, 'native/base/clock.cc'), '#include "base/clock.h"\n');
  assert.deepEqual(layerViolations(folder), []);
  writeFileSync(join(folder, 'native/base/other.cc'), '#include "base/clock.h"\n');
  assert.deepEqual(layerViolations(folder), ['native/base/other.cc: has no opening comment']);
});

const forbidden: readonly (readonly [string, Readonly<Record<string, string>>])[] = [
  ['src/profile/a.ts: imports engine/e.ts', { 'src/profile/a.ts': "import { e } from '../engine/e.ts';" }],
  [
    'src/profile/a.ts: imports engine/e.ts',
    { 'src/profile/a.ts': "import type { E } from '../engine/e.ts';" },
  ],
  [
    'src/symbolize/a.ts: imports engine/e.ts',
    { 'src/symbolize/a.ts': "export { e } from '../engine/e.ts';" },
  ],
  [
    'src/export/a.ts: imports symbolize/s.ts',
    { 'src/export/a.ts': "const s = await import('../symbolize/s.ts');" },
  ],
  ['src/record/a.ts: imports export/e.ts', { 'src/record/a.ts': "import { e } from '../export/e.ts';" }],
  ['src/engine/a.ts: imports tui/t.ts', { 'src/engine/a.ts': "import '../tui/t.ts';" }],
  ['src/engine/a.ts: imports options.ts', { 'src/engine/a.ts': "import { o } from '../options.ts';" }],
  [
    'src/tui/a.ts: imports engine/session.ts',
    { 'src/tui/a.ts': "import { s } from '../engine/session.ts';" },
  ],
  [
    'src/tui/a.ts: imports engine/warnings.ts',
    { 'src/tui/a.ts': "import { describe, table } from '../engine/warnings.ts';" },
  ],
  [
    'src/tui/a.ts: imports engine/warnings.ts',
    { 'src/tui/a.ts': "import * as words from '../engine/warnings.ts';" },
  ],
  ['src/tui/a.ts: imports symbolize/s.ts', { 'src/tui/a.ts': "type S = import('../symbolize/s.ts').S;" }],
  ['src/other/a.ts: lies in a folder without a rule', { 'src/other/a.ts': "import '../profile/p.ts';" }],
  ['src/engine/a.ts: loads the addon', { 'src/engine/a.ts': "import load from 'node-gyp-build';" }],
  ['src/cli.ts: loads the addon', { 'src/cli.ts': "require('../native/build/Release/prof_tui.node');" }],
  ['src/tui/a.ts: uses console', { 'src/tui/a.ts': "console.error('x');" }],
  ['src/tui/utils.ts: is named for no topic', { 'src/tui/utils.ts': '' }],
  ['native/base/misc.cc: is named for no topic', { 'native/base/misc.cc': '' }],
  ['src/tui/a.ts: has no opening comment', { 'src/tui/a.ts': '/x/.test("");' }],
  [
    'native/unwind/a.cc: includes proc/maps.h',
    { 'native/unwind/a.cc': '#include "proc/maps.h"', 'native/proc/maps.h': '' },
  ],
  [
    'native/unwind/a.cc: includes ../capture/engine.h',
    { 'native/unwind/a.cc': '#include "../capture/engine.h"', 'native/capture/engine.h': '' },
  ],
  [
    'native/addon.cc: includes base/clock.h',
    { 'native/addon.cc': '#include "base/clock.h"', 'native/base/clock.h': '', 'native/session.h': '' },
  ],
  [
    'native/capture/a.cc: includes session.h',
    { 'native/capture/a.cc': '#include "session.h"', 'native/session.h': '' },
  ],
  [
    'native/base/a.h: includes table/batch.h',
    { 'native/base/a.h': '#include "table/batch.h"', 'native/table/batch.h': '' },
  ],
];

for (const [violation, files] of forbidden) {
  test(`forbidden: ${violation} (${Object.values(files)[0]})`, (t) => {
    assert.deepEqual(layerViolations(tree(t, files)), [violation]);
  });
}
