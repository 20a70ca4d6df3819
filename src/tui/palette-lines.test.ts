import assert from 'node:assert/strict';
import { test } from 'node:test';
import { viewBindings } from './keys/shown-keys.ts';
import { answerRank } from './narrow.ts';
import { paletteEntries, paletteLines } from './palette-lines.ts';
import { cellWidth } from './text.ts';
import { createTheme } from './theme.ts';
import { viewNames } from './views.ts';

const theme = createTheme({ ascii: false, color: false });

test('what begins as typed answers best, then a word, then every word, then the letters in order', () => {
  assert.equal(answerRank('pau', 'pause the view'), 0);
  assert.equal(answerRank('THE', 'pause the view'), 1);
  assert.equal(answerRank('view use', 'pause the view'), 2);
  assert.equal(answerRank('pvw', 'pause the view'), 3);
  assert.equal(answerRank('wvp', 'pause the view'), undefined);
  assert.equal(answerRank('', 'anything'), 0);
});

test('in every view the palette offers each of its commands but itself', () => {
  for (const view of viewNames) {
    const offered = paletteEntries(view, '').map(({ text }) => text);
    const declared = viewBindings(view).filter(({ command }) => command !== 'palette');
    assert.deepEqual(
      offered,
      declared.map(({ text }) => text),
      view,
    );
  }
});

test('typing finds by words, by the name of the section and by letters; best first', () => {
  const first = (filter: string) => paletteEntries('tree', filter)[0]?.text;
  assert.equal(first('flame'), 'flame');
  assert.equal(first('half a page up'), 'half a page up');
  assert.equal(first('engine choose'), 'choose the engine');
  assert.equal(first('pvwres'), 'pause the view, resume');
  assert.equal(first('no such thing!'), undefined);
});

test('the chosen command is on the screen at any room, no line is too wide', () => {
  const count = paletteEntries('tree', '').length;
  for (const room of [1, 3, 8, 60]) {
    for (const width of [16, 36, 96]) {
      for (const chosen of [0, count - 1]) {
        const lines = paletteLines('tree', { filter: '', chosen }, theme, width, room);
        assert.ok(lines.length <= room);
        for (const { text } of lines) assert.ok(cellWidth(text) <= width, text);
        if (room > 2) assert.equal(lines.filter(({ isChosen }) => isChosen).length, 1);
      }
    }
  }
});
