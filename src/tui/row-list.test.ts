import assert from 'node:assert/strict';
import { test } from 'node:test';
import { StackFeeder } from '../../test/helpers/synthetic-session.ts';
import { ROOT } from '../profile/call-tree.ts';
import { RowList } from './row-list.ts';
import { type Action, initialState, reduce } from './state.ts';

/** A list over a profile whose rows are read as names. */
class Bench {
  readonly feeder = new StackFeeder();
  readonly list = new RowList();
  state = initialState({ columns: 100, rows: 30 });
  nowMs = 0;
  lastKeyMs = Number.NEGATIVE_INFINITY;
  height = 10;

  do(...actions: readonly Action[]): void {
    this.state = actions.reduce(reduce, this.state);
  }

  rows(): string[] {
    const { tree } = this.feeder.profile;
    this.list.refresh(tree, this.state, this.nowMs, this.lastKeyMs);
    this.list.show(this.state.selected, this.height);
    return this.list.rows.map((node) => tree.functionOf(node).name);
  }

  node(name: string): number {
    const { tree } = this.feeder.profile;
    return (
      Array.from({ length: tree.nodeCount }, (_, node) => node).find(
        (node) => tree.functionOf(node).name === name,
      ) ?? -1
    );
  }
}

const stack = (name: string, samples: number) => ({ stack: [name], samples });

test('largest first; order changes once a second at most', () => {
  const bench = new Bench();
  bench.feeder.add([stack('a', 10), stack('b', 20)]);
  assert.deepEqual(bench.rows(), ['all threads', 'b', 'a']);
  bench.feeder.add([stack('a', 30)]);
  bench.nowMs = 500;
  assert.deepEqual(bench.rows(), ['all threads', 'b', 'a'], 'not yet');
  bench.nowMs = 1000;
  assert.deepEqual(bench.rows(), ['all threads', 'a', 'b']);
});

test('equal rows stand as they came, also where the smallest is first', () => {
  const bench = new Bench();
  const names = Array.from({ length: 300 }, (_, at) => `f${at}`);
  const samplesOf = (at: number) => 1 + (at % 7);
  bench.feeder.add(names.map((name, at) => stack(name, samplesOf(at))));
  const expected = (direction: number) =>
    names.map((_, at) => at).sort((a, b) => direction * (samplesOf(b) - samplesOf(a)) || a - b);
  assert.deepEqual(
    bench.rows().slice(1),
    expected(1).map((at) => `f${at}`),
  );
  bench.do({ type: 'reverse' });
  assert.deepEqual(
    bench.rows().slice(1),
    expected(-1).map((at) => `f${at}`),
  );
});

test('order is not reshuffled within a second after a key', () => {
  const bench = new Bench();
  bench.feeder.add([stack('a', 10), stack('b', 20)]);
  bench.rows();
  bench.feeder.add([stack('a', 30)]);
  bench.nowMs = 5000;
  bench.lastKeyMs = 4500;
  assert.deepEqual(bench.rows(), ['all threads', 'b', 'a']);
  bench.nowMs = 5500;
  assert.deepEqual(bench.rows(), ['all threads', 'a', 'b']);
});

test('a new child stands at the end until the next sort', () => {
  const bench = new Bench();
  bench.feeder.add([stack('a', 10), stack('b', 20)]);
  bench.rows();
  bench.feeder.add([stack('new', 100)]);
  bench.nowMs = 100;
  assert.deepEqual(bench.rows(), ['all threads', 'b', 'a', 'new']);
});

test('the sort key and the direction act at once; equal rows keep their order', () => {
  const bench = new Bench();
  bench.feeder.add([stack('c', 10), stack('a', 10), stack('b', 10)]);
  assert.deepEqual(bench.rows(), ['all threads', 'c', 'a', 'b']);
  bench.lastKeyMs = bench.nowMs;
  bench.do({ type: 'sort' }, { type: 'sort' });
  assert.deepEqual(bench.rows(), ['all threads', 'a', 'b', 'c']);
  bench.do({ type: 'reverse' });
  assert.deepEqual(bench.rows(), ['all threads', 'c', 'b', 'a']);
});

test('the selected row keeps its line on the screen when rows above it come and go', () => {
  const bench = new Bench();
  bench.feeder.add([
    ...Array.from({ length: 30 }, (_, i) => stack(`f${i}`, 60 - i)),
    { stack: ['f0', 'x'], samples: 9 },
  ]);
  bench.rows();
  bench.do({ type: 'select', node: bench.node('f15') });
  bench.rows();
  const line = bench.list.indexOf(bench.state.selected) - bench.list.top;
  bench.do({ type: 'open', nodes: [bench.node('f0')], byUser: true });
  assert.ok(bench.rows().includes('x'));
  assert.equal(bench.list.indexOf(bench.state.selected) - bench.list.top, line);
  bench.feeder.add([stack('f15', 500)]);
  bench.nowMs = 2000;
  assert.equal(bench.rows().indexOf('f15'), 1);
  assert.ok(bench.list.top <= 1);
});

test('the window is never past the end, and shows the selection at any height', () => {
  const bench = new Bench();
  bench.feeder.add(Array.from({ length: 50 }, (_, i) => stack(`f${i}`, 60 - i)));
  bench.rows();
  bench.do({ type: 'select', node: bench.node('f49') });
  for (const height of [10, 1, 60, 3]) {
    bench.height = height;
    bench.rows();
    const line = bench.list.indexOf(bench.state.selected) - bench.list.top;
    assert.ok(line >= 0 && line < height, `line ${line} of ${height}`);
    assert.ok(bench.list.top === 0 || bench.list.top + height <= bench.list.rows.length);
  }
  bench.list.scroll(-1000);
  assert.equal(bench.list.top, 0);
});

test('a zoomed list has the zoomed node as its first row', () => {
  const bench = new Bench();
  bench.feeder.add([{ stack: ['a', 'b', 'c'], samples: 5 }, stack('d', 4)]);
  bench.rows();
  bench.do({ type: 'zoom', node: bench.node('b') });
  assert.deepEqual(bench.rows(), ['b', 'c']);
});

test('a tree of a hundred thousand nodes, all open, is flattened without recursion', () => {
  const bench = new Bench();
  const deep = Array.from({ length: 5000 }, (_, i) => `d${i}`);
  bench.feeder.add([{ stack: deep, samples: 1 }]);
  bench.feeder.add(Array.from({ length: 95_000 }, (_, i) => ({ stack: ['wide', `w${i}`], samples: 1 })));
  const { nodeCount } = bench.feeder.profile.tree;
  // More than the view lets be open.
  bench.state = { ...bench.state, open: new Set(Array.from({ length: nodeCount }, (_, node) => node)) };
  assert.equal(bench.rows().length, nodeCount);
  assert.equal(bench.list.rows[0], ROOT);
});

test('rows opened and closed again leave nothing behind: after many rounds as much is sorted as after two', () => {
  const bench = new Bench();
  const roots = Array.from({ length: 60 }, (_, at) => `root${at}`);
  bench.feeder.add(roots.flatMap((root) => ['a', 'b'].map((leaf) => ({ stack: [root, leaf], samples: 1 }))));
  const round = (at: number): number => {
    const node = bench.node(`root${at}`);
    bench.do({ type: 'open', nodes: [node], byUser: true });
    bench.feeder.add([stack('root0', 1)]);
    bench.nowMs += 1000;
    assert.equal(bench.rows().length, 63);
    bench.do({ type: 'close', nodes: [node] });
    return bench.list.sortedNodes;
  };
  round(1);
  const afterTwo = round(2);
  for (let at = 3; at < 50; at++) round(at);
  assert.equal(bench.list.sortedNodes, afterTwo);
});
