import assert from 'node:assert/strict';
import { test } from 'node:test';
import { headLines, screenLayout, treeColumns } from './layout.ts';
import { lineWidth } from './screen/frame.ts';

test('lines go in order: second detail line, breadcrumb, column head, details, footer', () => {
  const at = (rows: number) => screenLayout({ columns: 100, rows }, true);
  assert.equal(at(24).detailLines, 2);
  assert.equal(at(23).detailLines, 1);
  assert.equal(at(18).hasBreadcrumb, true);
  assert.equal(at(17).hasBreadcrumb, false);
  assert.equal(at(10).detailLines, 1);
  assert.equal(at(9).detailLines, 0);
  assert.equal(at(8).hasFooter, true);
  assert.equal(at(7).hasFooter, false);
  assert.equal(at(4).noticeLines, 1, 'the notice goes last');
});

test('under 20x4 it is too small, at 20x4 it is not', () => {
  assert.equal(screenLayout({ columns: 20, rows: 4 }, true).isTooSmall, false);
  assert.equal(screenLayout({ columns: 19, rows: 4 }, true).isTooSmall, true);
  assert.equal(screenLayout({ columns: 20, rows: 3 }, true).isTooSmall, true);
});

test('at every usable size there is room for at least one row of the tree', () => {
  for (let rows = 4; rows < 80; rows++) {
    for (const columns of [20, 40, 59, 60, 100, 200]) {
      const layout = screenLayout({ columns, rows }, true);
      const details = layout.detailLines === 0 ? 0 : layout.detailLines + 1;
      const left = rows - headLines(layout) - details - (layout.hasFooter ? 1 : 0);
      assert.ok(left >= 1, `${left} rows at ${columns}x${rows}`);
    }
  }
});

test('columns fill the line exactly and names keep 16 cells from 30 columns on', () => {
  for (let columns = 1; columns <= 300; columns++) {
    const size = { columns, rows: 30 };
    const { total, self, delta, spark, name, module } = treeColumns(size);
    assert.ok(name >= 1);
    if (columns < 30) continue;
    assert.ok(name >= 16, `${name} cells at ${columns}`);
    assert.equal(1 + total + self + delta + spark + name + module, lineWidth(size), `at ${columns}`);
  }
});
