import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  hostileStacks,
  StackFeeder,
  type StackLine,
  serverStacks,
} from '../../test/helpers/synthetic-session.ts';
import { ROOT } from '../profile/call-tree.ts';
import { flameLayout } from './flame-layout.ts';
import { type FlameContext, flameHead, flameLine } from './flame-rows.ts';
import { cellWidth } from './text.ts';
import { createTheme } from './theme.ts';

const bare = (line: string) => line.replace(/\x1b\[[\d;]*m/g, '');

function drawing(lines: readonly StackLine[], width: number, change: Partial<FlameContext> = {}) {
  const feeder = new StackFeeder();
  feeder.add(lines);
  const { tree, samples } = feeder.profile;
  const theme = change.theme ?? createTheme({ ascii: false, color: false });
  const layout = flameLayout(tree, ROOT, { width, height: 20 }, (a, b) => tree.totalNs(b) - tree.totalNs(a));
  const context: FlameContext = {
    tree,
    theme,
    unit: 'percent',
    hasFullNames: false,
    samples,
    selected: -1,
    isMatch: () => false,
    ...change,
  };
  return { layout, tree, rows: layout.rows.map((frames) => flameLine(context, frames)), theme };
}

test('without colour frames are filled by kind and end in an edge; the gathered ones are thin bars', () => {
  const { rows } = drawing(serverStacks, 60);
  assert.deepEqual(rows, [
    '█ all threads 100.0% ██████████████████████████████████████▌',
    '█ main 99.0% █████████████████████████████████████████████▌\x1b[2m▐\x1b[0m',
    '█ uv_run 99.0% ███████████████████████████████████████████▌',
    '█ Server.handle 47.0% █████▌█ fs::ReadFile ██▌deflate_slow▌',
    '█ renderPage 47.0% ████████▌█ read 29.0% ████▌lon…match▌',
    'escapeHtml  ▌               ◆ [kern… symbols]▌',
  ]);
});

test('a name too long for a wide frame is shortened beside its share; in a narrow one the share goes', () => {
  const name =
    'v8::internal::Execution::Call(v8::internal::Isolate*, v8::internal::Handle<v8::internal::Object>)';
  const stacks = [
    { stack: ['main', name], samples: 60 },
    { stack: ['main', 'x'], samples: 40 },
  ];
  assert.match(
    bare(drawing(stacks, 80).rows[2] ?? ''),
    /^█ v8::internal::Execution::Call\(…\) 60\.0% █+▌█ x 40/,
  );
  assert.match(bare(drawing(stacks, 80, { selected: 2 }).rows[2] ?? ''), /^>v8::\S+::Call\(…\) 60\.0% +▌/);
  assert.match(bare(drawing(stacks, 40).rows[2] ?? ''), /^v8::inte…ution::Call\(…\)▌█ x/);
});

test('in colour a frame has the colour of its module or kind, and the same text', () => {
  const { rows } = drawing(serverStacks, 60, { theme: createTheme({ ascii: false, color: true }) });
  assert.match(rows[0] ?? '', /^\x1b\[97;100m {2}all threads 100\.0% +\x1b\[0m\x1b\[90m▌\x1b\[0m$/);
  const [, app] = /^\x1b\[30;(\d+)m {2}main 99\.0%/.exec(rows[1] ?? '') ?? [];
  assert.ok(app !== undefined && rows[2]?.startsWith(`\x1b[30;${app}m  uv_run`), rows[2]);
  assert.match(rows[3] ?? '', /\x1b\[30;(\d+)m {2}fs::ReadFile .*\x1b\[30;(?!\1m)\d+mdeflate_slow\x1b/);
  assert.match(rows[5] ?? '', /\x1b\[30;45m◆ \[kern… symbols\]\x1b\[0m\x1b\[35m▌/);
});

test('selection and matches differ by more than colour, in every mode', () => {
  for (const ascii of [true, false]) {
    for (const color of [true, false]) {
      const theme = createTheme({ ascii, color });
      const { rows } = drawing(serverStacks, 60, { theme, selected: 1, isMatch: (node) => node === 2 });
      assert.match(rows[1] ?? '', /^\x1b\[7m>main 99\.0% +\x1b\[0m/);
      assert.match(rows[2] ?? '', /^\x1b\[(?:\d+;)*1;4m. uv_run 99\.0% /);
    }
  }
});

test('any width and any name: a row fills its frames exactly and never more than the screen', () => {
  const stacks = [...hostileStacks, ...serverStacks];
  for (let width = 1; width <= 120; width++) {
    for (const color of [true, false]) {
      for (const selected of [-1, 1, 2, 3]) {
        const { rows, layout } = drawing(stacks, width, {
          theme: createTheme({ ascii: false, color }),
          selected,
        });
        rows.forEach((row, at) => {
          assert.equal(
            cellWidth(bare(row)),
            layout.rows[at]?.at(-1)?.x1,
            `width ${width} row ${at}: ${bare(row)}`,
          );
        });
      }
    }
  }
});

test('hostile names are cleaned, and in ASCII mode every cell is ASCII', () => {
  const { rows } = drawing(hostileStacks, 90);
  assert.doesNotMatch(bare(rows.join('')), /[\x00-\x1f\u202e]/);
  const ascii = drawing([...hostileStacks, ...serverStacks], 90, {
    theme: createTheme({ ascii: true, color: false }),
  });
  assert.doesNotMatch(bare(ascii.rows.join('')), /[^\x20-\x7e]/);
});

test('units, and few samples are counts', () => {
  assert.match(bare(drawing(serverStacks, 80, { unit: 'time' }).rows[1] ?? ''), /main 1\.0 s/);
  assert.match(bare(drawing(serverStacks, 80, { unit: 'samples' }).rows[1] ?? ''), /main 99 /);
  assert.match(bare(drawing([{ stack: ['main'], samples: 1 }], 80).rows[1] ?? ''), /main 1 /);
});

test('the head says which way up, the kinds, and how many frames are too narrow', () => {
  const { layout, theme } = drawing(serverStacks, 60);
  assert.equal(
    bare(flameHead(theme, layout, false, 99)),
    'icicle, root above   █ user  ▒ kernel  ░ jit  ▓ match   ◆ marked   ▐ 1 frame too narrow',
  );
  assert.equal(bare(flameHead(theme, layout, true, 39)), '▐ 1 frame too narrow');
  const colour = createTheme({ ascii: false, color: true });
  assert.match(bare(flameHead(colour, layout, true, 99)), /^flame, root below {3}colour module/);
});
