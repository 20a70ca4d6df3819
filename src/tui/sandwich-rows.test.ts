import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { SandwichPart } from '../profile/sandwich.ts';
import { type PaneContext, paneHead, paneLine } from './sandwich-rows.ts';
import { sandwichSpace } from './sandwich-view.ts';
import { cellWidth } from './text.ts';
import { createTheme } from './theme.ts';

const theme = createTheme({ ascii: false, color: false });
const bare = (line: string) => line.replace(/\x1b\[[\d;]*m/g, '');

function parts(count: number, name = (at: number) => `f${at}`): SandwichPart[] {
  return Array.from({ length: count }, (_, at) => ({
    function: { id: at, name: name(at), module: 'app', kind: at === 1 ? 'marked' : 'native' },
    weightNs: 10 - at,
  }));
}

function contextOf(change: Partial<PaneContext>): PaneContext {
  const own = { function: undefined, weightNs: 2 };
  return {
    theme,
    hasFullNames: false,
    wholeNs: 20,
    ownLabel: 'itself',
    parts: [...parts(2), own],
    selected: undefined,
    ...change,
  };
}

test('a share, a mark and a name; its own time is named so', () => {
  const lines = [0, 1, 2, 3].map((line) => bare(paneLine(contextOf({}), line, 4, 30)).trimEnd());
  assert.deepEqual(lines, ['   50.0%  ▸ f0', '   45.0%  ◆ f1', '   10.0%  · itself', '']);
  assert.match(bare(paneLine(contextOf({ selected: 1 }), 1, 4, 30)), /^> {2}45\.0% {2}◆ f1/);
});

test('what is not known yet and what is empty are told apart', () => {
  assert.equal(paneLine(contextOf({ parts: undefined }), 0, 4, 10).trim(), '…');
  assert.equal(paneLine(contextOf({ parts: [] }), 0, 4, 10).trim(), 'none');
});

test('the window follows the cursor', () => {
  const shown = (selected: number) =>
    [0, 1, 2].map((line) =>
      bare(paneLine(contextOf({ parts: parts(9), selected }), line, 3, 30)).replace(/.* (f\d).*/, '$1'),
    );
  assert.deepEqual(shown(0), ['f0', 'f1', 'f2']);
  assert.deepEqual(shown(4), ['f2', 'f3', 'f4']);
  assert.deepEqual(shown(8), ['f6', 'f7', 'f8']);
});

test('at every width a line is exactly as wide as its pane, with wide names too', () => {
  for (let width = 1; width < 80; width++) {
    for (const selected of [undefined, 0]) {
      const context = contextOf({ parts: parts(3, (at) => `日本語の関数名${at}`), selected });
      for (let line = 0; line < 4; line++) {
        assert.equal(
          cellWidth(bare(paneLine(context, line, 4, width))),
          width,
          `width ${width} line ${line}`,
        );
      }
    }
    const head = paneHead(theme, ['callers of renderPage', 'renderPage calls'], [width, width]);
    assert.equal(cellWidth(bare(head)), 2 * width + 1);
  }
});

test('three parts where there is room, else the one that has the keys', () => {
  assert.deepEqual(sandwichSpace(20, 'list'), { list: 11, panes: 8 });
  assert.deepEqual(sandwichSpace(20, 'callees'), { list: 11, panes: 8 });
  assert.deepEqual(sandwichSpace(7, 'list'), { list: 7, panes: 0 });
  assert.deepEqual(sandwichSpace(7, 'callers'), { list: 0, panes: 6 });
});
