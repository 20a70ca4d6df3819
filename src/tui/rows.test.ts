import assert from 'node:assert/strict';
import { test } from 'node:test';
import { StackFeeder, type StackLine, serverStacks } from '../../test/helpers/synthetic-session.ts';
import { type NodeId, ROOT } from '../profile/call-tree.ts';
import { detailLines } from './details.ts';
import { treeColumns } from './layout.ts';
import { columnHead, type RowContext, rowLine } from './rows.ts';
import { cellWidth } from './text.ts';
import { createTheme } from './theme.ts';

const plain = createTheme({ ascii: false, color: false });

function feed(lines: readonly StackLine[]): StackFeeder {
  const feeder = new StackFeeder();
  feeder.add(lines);
  return feeder;
}

function contextOf(feeder: StackFeeder, change: Partial<RowContext> = {}): RowContext {
  return {
    tree: feeder.profile.tree,
    theme: plain,
    columns: treeColumns({ columns: 100, rows: 30 }),
    unit: 'percent',
    sort: 'total',
    isWall: false,
    isReversed: false,
    hasFullNames: false,
    samples: feeder.profile.samples,
    baseDepth: 0,
    deltaSeconds: 10,
    isOpen: () => false,
    isMatch: () => false,
    ...change,
  };
}

function nodeNamed(feeder: StackFeeder, name: string): NodeId {
  const { tree } = feeder.profile;
  for (let node = ROOT; node < tree.nodeCount; node++) if (tree.functionOf(node).name === name) return node;
  throw new Error(`no node ${name}`);
}

const bare = (line: string) => line.replace(/\x1b\[[\d;]*m/g, '');

test('a row stands under its heads, at every width, and never fills the last cell', () => {
  const feeder = feed(serverStacks);
  for (const columns of [20, 40, 50, 60, 70, 90, 100, 140, 200]) {
    const context = contextOf(feeder, { columns: treeColumns({ columns, rows: 30 }) });
    const head = bare(columnHead(context));
    for (const isSelected of [true, false]) {
      const row = bare(rowLine(context, nodeNamed(feeder, 'deflate_slow'), isSelected));
      assert.ok(cellWidth(row) < columns, `${cellWidth(row)} cells of ${columns}`);
      if (head.includes('MODULE')) assert.equal(row.indexOf('libz.so.1'), head.indexOf('MODULE'));
    }
    assert.ok(cellWidth(head) <= columns + 10);
  }
});

test('a selected row has the same text as an unselected one but for the mark', () => {
  const feeder = feed(serverStacks);
  const context = contextOf(feeder);
  for (let node = ROOT; node < feeder.profile.tree.nodeCount; node++) {
    const selected = bare(rowLine(context, node, true)).trimEnd();
    assert.equal(
      selected.slice(1),
      bare(rowLine(context, node, false))
        .slice(1)
        .trimEnd(),
    );
    assert.ok(selected.startsWith('>'));
  }
});

test('units: percent of all, time, samples', () => {
  const feeder = feed(serverStacks);
  const node = nodeNamed(feeder, 'renderPage');
  const numbers = (unit: RowContext['unit']) =>
    bare(rowLine(contextOf(feeder, { unit }), node, false)).slice(0, 15);
  assert.equal(numbers('percent'), '  47.0%   25.0%');
  assert.equal(numbers('time'), ' 475 ms  253 ms');
  assert.equal(numbers('samples'), '     47      25');
});

test('fewer than 30 samples: counts in place of percents, no change of share', () => {
  const feeder = feed([{ stack: ['main', 'work'], samples: 12 }]);
  const row = bare(rowLine(contextOf(feeder), nodeNamed(feeder, 'work'), false));
  assert.match(row, /^ {5}12 {6}12 /);
  assert.ok(!row.includes('%'));
});

test('marked nodes carry their mark, leaf or not', () => {
  const feeder = feed([
    { stack: ['main', '?jit-a', 'callback'], samples: 40 },
    { stack: ['main', 'read', '?kernel'], samples: 40 },
  ]);
  const row = (name: string) => bare(rowLine(contextOf(feeder), nodeNamed(feeder, name), false));
  assert.match(row('[jit: no symbols]'), /▸◆ \[jit: no symbols\]/);
  assert.match(row('[kernel: no symbols]'), / ◆ \[kernel: no symbols\] +kernel$/);
});

test('beyond half the column the indent stays and the depth is a number', () => {
  const deep = Array.from({ length: 80 }, (_, i) => `level_${i}`);
  const feeder = feed([{ stack: deep, samples: 50 }]);
  const row = bare(rowLine(contextOf(feeder), nodeNamed(feeder, 'level_79'), false));
  assert.match(row, / 80 +· level_79 /);
  assert.ok(cellWidth(row) < 100);
});

test('samples at a node itself are those that go on into no child', () => {
  const feeder = feed(serverStacks);
  const { tree } = feeder.profile;
  assert.equal(tree.selfSamplesOf(nodeNamed(feeder, 'renderPage')), 25);
  assert.equal(tree.selfSamplesOf(nodeNamed(feeder, 'main')), 0);
});

test('details: full name, totals with their error, threads, callers', () => {
  const feeder = feed(serverStacks);
  const node = nodeNamed(feeder, 'renderPage');
  const threads = feeder.profile.threadsUnder(node);
  const unsampled = { lostNs: 2e6, shortLivedNs: 0 };
  const context = { tree: feeder.profile.tree, node, theme: plain, threads, callers: 2, unsampled };
  const [, name, numbers] = detailLines(context, 2, 160).map(bare);
  assert.equal(name, 'renderPage   app');
  assert.equal(
    numbers,
    'total 47.0% ± 5.0 475 ms   self 25.0% ± 4.3 253 ms   47 samples   threads 100 thread-100 (100%)   callers 2',
  );
  assert.deepEqual(detailLines(context, 1, 40).map(bare), ['', 'renderPage  self 25.0%']);
});

test('details of [not sampled] tell its known parts', () => {
  const feeder = feed(serverStacks);
  feeder.profile.setUnsampled('[not sampled]', 30e6);
  const node = nodeNamed(feeder, '[not sampled]');
  const unsampled = { lostNs: 12e6, shortLivedNs: 3e6 };
  const context = { tree: feeder.profile.tree, node, theme: plain, threads: [], callers: 1, unsampled };
  assert.match(bare(detailLines(context, 2, 120)[2] ?? ''), /of it lost 12 ms, short-lived threads 3 ms/);
});
