import assert from 'node:assert/strict';
import { test } from 'node:test';
import { periodNs, StackFeeder, serverStacks } from '../../test/helpers/synthetic-session.ts';
import { ROOT } from './call-tree.ts';
import { FunctionIndex } from './function-index.ts';
import { FunctionList } from './function-list.ts';
import { bucketCount } from './history.ts';

const never = () => false;

class Bench {
  readonly feeder = new StackFeeder();
  index = new FunctionIndex(this.feeder.profile.tree, ROOT);
  readonly list = new FunctionList(this.index);

  refresh(): void {
    if (this.index.generation !== this.feeder.profile.tree.generation) {
      this.index = new FunctionIndex(this.feeder.profile.tree, ROOT);
    }
    this.index.step(never);
    this.list.refresh(this.index);
  }

  draw(): string[] {
    const { list } = this;
    return list
      .childrenOf(ROOT)
      .filter((node) => list.totalNs(node) > 0)
      .map((node) => `${list.functionOf(node).name} ${list.samplesOf(node)} ${list.selfSamplesOf(node)}`)
      .sort();
  }

  node(name: string): number {
    return this.list.childrenOf(ROOT).find((node) => this.list.functionOf(node).name === name) ?? -1;
  }
}

test('a row per function with total and self, recursion once, and a root for all of them', () => {
  const bench = new Bench();
  bench.feeder.add([
    { stack: ['main', 'walk', 'walk'], samples: 6 },
    { stack: ['main', 'leaf'], samples: 4 },
  ]);
  bench.refresh();
  assert.deepEqual(bench.draw(), ['leaf 4 4', 'main 10 0', 'walk 6 6']);
  assert.equal(bench.list.samplesOf(ROOT), 10);
  assert.equal(bench.list.functionOf(ROOT).name, 'all threads');
});

test('rows stay those of their functions; late names leave rows without weight', () => {
  const bench = new Bench();
  bench.feeder.add(serverStacks, false);
  bench.refresh();
  const before = bench.list.generation;
  bench.feeder.nameAll();
  bench.refresh();
  assert.ok(bench.list.generation > before);
  assert.ok(bench.draw().every((row) => !row.startsWith('fn_')));
  const node = bench.node('renderPage');
  bench.feeder.add(serverStacks);
  bench.refresh();
  assert.equal(bench.node('renderPage'), node);
  assert.equal(bench.list.samplesOf(node), 94);
  assert.equal(bench.list.nodeOf(bench.list.functionOf(node).id), node);
});

test('the history of a function is that of its outermost places', () => {
  const bench = new Bench();
  bench.feeder.advance(6e9);
  bench.feeder.add([
    { stack: ['main', 'walk', 'walk'], samples: 6 },
    { stack: ['other', 'walk'], samples: 4 },
  ]);
  bench.refresh();
  const out = new Float64Array(bucketCount);
  bench.list.history(bench.node('walk'), out);
  assert.equal(Math.round((out.at(-1) ?? 0) / periodNs), 10);
  bench.list.history(ROOT, out);
  assert.equal(Math.round((out.at(-1) ?? 0) / periodNs), 10);
});

test('another profile that numbers its functions otherwise: names are its own', () => {
  const [first, second] = [new Bench(), new Bench()];
  first.feeder.add([{ stack: ['a', 'b'], samples: 1 }]);
  second.feeder.add([{ stack: ['x', 'y'], samples: 2 }]);
  first.refresh();
  second.index.step(never);
  first.list.refresh(second.index);
  assert.deepEqual(first.draw(), ['x 2 0', 'y 2 2']);
});
