import assert from 'node:assert/strict';
import { test } from 'node:test';
import { StackFeeder, type StackLine, serverStacks } from '../../test/helpers/synthetic-session.ts';
import { BottomUpTree } from './bottom-up-tree.ts';
import { type NodeId, ROOT } from './call-tree.ts';
import { FunctionIndex } from './function-index.ts';
import { bucketCount } from './history.ts';

const never = () => false;

class Bench {
  readonly feeder = new StackFeeder();
  index = new FunctionIndex(this.feeder.profile.tree, ROOT);
  readonly tree = new BottomUpTree(this.index);

  add(...lines: readonly StackLine[]): void {
    this.feeder.add(lines);
    this.refresh();
  }

  refresh(isOpen: (node: NodeId) => boolean = () => true): void {
    this.index.step(never);
    this.tree.refresh(this.index, isOpen);
    while (!this.tree.step(() => true));
  }

  /** The opened part as indented text: name and samples; callers without weight are left out. */
  draw(depth = 99, node: NodeId = ROOT, indent = ''): string[] {
    const line = `${indent}${this.tree.functionOf(node).name} ${this.tree.samplesOf(node)}`;
    if (depth === 0) return [line];
    const callers = this.tree.childrenOf(node).filter((child) => this.tree.totalNs(child) > 0);
    return [line, ...callers.flatMap((child) => this.draw(depth - 1, child, `${indent}  `))];
  }

  node(...path: readonly string[]): NodeId {
    let node = ROOT;
    for (const name of path) {
      const child = this.tree.childrenOf(node).find((at) => this.tree.functionOf(at).name === name);
      if (child === undefined) throw new Error(`no ${name} in ${path.join(' <- ')}`);
      node = child;
    }
    return node;
  }
}

test('functions by self time at the top, their callers below, each with what came through it', () => {
  const bench = new Bench();
  bench.add(
    { stack: ['main', 'a', 'leaf'], samples: 10 },
    { stack: ['main', 'b', 'leaf'], samples: 5 },
    { stack: ['main', 'a'], samples: 2 },
    { stack: ['leaf'], samples: 1 },
  );
  assert.deepEqual(bench.draw(), [
    'all threads 18',
    '  a 2',
    '    main 2',
    '  leaf 16',
    '    b 5',
    '      main 5',
    '    a 10',
    '      main 10',
  ]);
  const leaf = bench.node('leaf');
  assert.equal(bench.tree.selfNs(leaf), bench.tree.totalNs(leaf));
  assert.equal(bench.tree.selfNs(bench.node('leaf', 'a')), 0);
});

test('the tops add up to all there is: time no sample carries and marked nodes too', () => {
  const bench = new Bench();
  bench.feeder.profile.setUnsampled('[kernel: not sampled]', 5e9);
  bench.feeder.profile.setUnsampled('[not sampled]', 1e9);
  bench.add(...serverStacks);
  const { tree } = bench;
  const tops = tree.childrenOf(ROOT);
  const sum = tops.reduce((ns, top) => ns + tree.totalNs(top), 0);
  assert.ok(Math.abs(sum - tree.totalNs(ROOT)) < 1);
  assert.equal(tree.totalNs(bench.node('[kernel: not sampled]')), 5e9);
  assert.equal(tree.totalNs(bench.node('[not sampled]')), 1e9);
  assert.equal(tree.functionOf(bench.node('[kernel: no symbols]', 'read')).name, 'read');
});

test('at any depth callers carry what their callee spent, except where nobody called', () => {
  const bench = new Bench();
  bench.add(...serverStacks, { stack: ['renderPage', 'escapeHtml', 'renderPage'], samples: 9 });
  const visit = [...bench.tree.childrenOf(ROOT)];
  for (let node = visit.pop(); node !== undefined; node = visit.pop()) {
    const callers = bench.tree.childrenOf(node);
    const sum = callers.reduce((ns, caller) => ns + bench.tree.totalNs(caller), 0);
    assert.ok(sum <= bench.tree.totalNs(node) + 1, bench.tree.functionOf(node).name);
    visit.push(...callers);
  }
  assert.equal(bench.tree.samplesOf(bench.node('renderPage', 'escapeHtml', 'renderPage')), 9);
});

test('a refresh keeps every node, counts what is open again, and knows new callers', () => {
  const bench = new Bench();
  bench.add({ stack: ['main', 'a', 'leaf'], samples: 10 });
  const [leaf, caller] = [bench.node('leaf'), bench.node('leaf', 'a')];
  assert.equal(bench.node('leaf', 'a', 'main'), bench.node('leaf', 'a', 'main'));
  bench.add({ stack: ['main', 'a', 'leaf'], samples: 1 }, { stack: ['other', 'leaf'], samples: 3 });
  assert.equal(bench.node('leaf'), leaf);
  assert.equal(bench.node('leaf', 'a'), caller);
  assert.deepEqual(bench.draw(), ['all threads 14', '  leaf 14', '    a 11', '      main 11', '    other 3']);
});

test('what is closed and off the screen is not counted, and is right when it is asked again', () => {
  const bench = new Bench();
  bench.add({ stack: ['main', 'a', 'leaf'], samples: 10 });
  const main = bench.node('leaf', 'a', 'main');
  bench.refresh(() => false);
  bench.feeder.add([{ stack: ['main', 'a', 'leaf'], samples: 4 }]);
  bench.refresh(() => false);
  assert.deepEqual(bench.tree.childrenOf(main), []);
  assert.equal(bench.tree.samplesOf(bench.node('leaf', 'a', 'main')), 14);
});

test('late names and a reset: nodes are found by function, the old ones weigh nothing', () => {
  const bench = new Bench();
  bench.feeder.add(serverStacks, false);
  bench.refresh();
  const before = bench.tree.generation;
  bench.feeder.nameAll();
  assert.equal(bench.tree.childrenOf(ROOT).length > 0, true, 'the old ones stay until the refresh');
  bench.index = new FunctionIndex(bench.feeder.profile.tree, ROOT);
  bench.refresh();
  assert.ok(bench.tree.generation > before);
  assert.equal(bench.tree.samplesOf(bench.node('escapeHtml', 'renderPage')), 22);
  assert.ok(bench.draw(1).every((line) => !line.includes('fn_')));
});

test('the history of a row is that of the time spent at the top, and its change of share', () => {
  const bench = new Bench();
  bench.feeder.advance(11e9);
  bench.feeder.add([
    { stack: ['main', 'a'], samples: 50 },
    { stack: ['main', 'a', 'b'], samples: 50 },
  ]);
  bench.feeder.advance(10e9);
  bench.feeder.add([
    { stack: ['main', 'a'], samples: 10 },
    { stack: ['main', 'a', 'b'], samples: 90 },
  ]);
  bench.refresh();
  const sumOf = (node: NodeId) => {
    const out = new Float64Array(bucketCount);
    bench.tree.history(node, out);
    return Math.round(out.reduce((sum, ns) => sum + ns, 0) / 10_101_010);
  };
  assert.equal(sumOf(bench.node('a')), 60);
  assert.equal(sumOf(bench.node('b')), 140);
  assert.equal(sumOf(bench.node('b', 'a', 'main')), 140);
  assert.equal(bench.tree.shareDelta(bench.node('b'))?.toFixed(2), '0.40');
});

test('below a base callers end at it', () => {
  const bench = new Bench();
  bench.feeder.add(serverStacks);
  const { tree } = bench.feeder.profile;
  const uvRun = [...Array(tree.nodeCount).keys()].find((at) => tree.functionOf(at).name === 'uv_run') ?? -1;
  bench.index = new FunctionIndex(tree, uvRun);
  bench.refresh();
  assert.equal(bench.draw(0)[0], 'uv_run 99');
  assert.deepEqual(bench.draw(9, bench.node('escapeHtml')), [
    'escapeHtml 22',
    '  renderPage 22',
    '    Server.handle 22',
    '      uv_run 22',
  ]);
});

test('5,000 callers above one leaf and 10,000 functions at the top, without recursion', () => {
  const bench = new Bench();
  bench.add(
    { stack: Array.from({ length: 5000 }, (_, i) => `d${i}`), samples: 1 },
    ...Array.from({ length: 10_000 }, (_, i) => ({ stack: ['main', `w${i}`], samples: 1 })),
  );
  assert.equal(bench.tree.childrenOf(ROOT).length, 10_001);
  let node = bench.node('d4999');
  let depth = 1;
  for (let [next] = bench.tree.childrenOf(node); next !== undefined; [next] = bench.tree.childrenOf(node)) {
    node = next;
    depth++;
  }
  assert.equal(depth, 5000);
  bench.refresh();
  assert.equal(bench.tree.samplesOf(node), 1);
});

test('another profile that numbers its functions otherwise: names are its own', () => {
  const [first, second] = [new Bench(), new Bench()];
  first.add({ stack: ['a', 'b'], samples: 1 });
  first.draw();
  second.add({ stack: ['x', 'y'], samples: 2 });
  first.tree.refresh(second.index, () => true);
  first.tree.step(never);
  assert.deepEqual(first.draw(), ['all threads 2', '  y 2', '    x 2']);
});

/** Functions that spend time, each called by ten others on two levels. */
function manyCallers(functions: number): StackLine[] {
  return Array.from({ length: functions * 10 }, (_, at) => ({
    stack: ['main', `outer${at % 97}`, `caller${at % 53}`, `leaf${Math.floor(at / 10)}`],
    samples: 1,
  }));
}

test('other rows are looked at each time: after many rounds no more nodes are held than after a few', () => {
  const bench = new Bench();
  bench.add(...manyCallers(400));
  const lookAt = (first: number): number => {
    for (let leaf = first; leaf < first + 20; leaf++) bench.draw(9, bench.node(`leaf${leaf % 400}`));
    bench.feeder.add([{ stack: ['main', 'other'], samples: 1 }]);
    bench.refresh(() => false);
    return bench.tree.nodeCount;
  };
  let most = 0;
  for (let round = 0; round < 10; round++) most = Math.max(most, lookAt(round * 20));
  const all = bench.draw().length;
  for (let round = 0; round < 10; round++) bench.refresh(() => false);
  assert.ok(all > 3 * most, `${most} of ${all} nodes are few`);
  for (let round = 0; round < 100; round++) {
    const held = lookAt(round * 20);
    assert.ok(held <= 2 * most, `${held} nodes in round ${round}`);
  }
});

test('when callers are forgotten, open ones stay what they are, under the numbers that are told', () => {
  const bench = new Bench();
  bench.add(...manyCallers(400), { stack: ['main', 'a', 'b', 'wanted'], samples: 7 });
  let open = [bench.node('wanted'), bench.node('wanted', 'b')];
  const drawn = bench.draw(9, open[0]);
  bench.draw();
  const before = bench.tree.nodeCount;
  let hasMoved = false;
  for (let round = 0; round < 3; round++) {
    bench.feeder.add([{ stack: ['main', 'other'], samples: 1 }]);
    bench.index.step(never);
    const moves = bench.tree.refresh(bench.index, (node) => open.includes(node));
    if (moves !== undefined) {
      hasMoved = true;
      open = open.map(moves);
    }
    while (!bench.tree.step(() => true));
  }
  assert.ok(hasMoved);
  assert.ok(bench.tree.nodeCount < before / 2);
  assert.deepEqual(bench.draw(9, open[0]), drawn);
  assert.equal(bench.tree.functionOf(open[1] as NodeId).name, 'b');
  assert.deepEqual(open, [bench.node('wanted'), bench.node('wanted', 'b')]);
});

test('whether a row has callers is told without making them', () => {
  const bench = new Bench();
  bench.add(...serverStacks, { stack: ['alone'], samples: 3 });
  const { tree } = bench;
  const check = (node: NodeId, depth: number): void => {
    const before = tree.nodeCount;
    const told = tree.hasChildren(node);
    assert.equal(tree.nodeCount, before);
    const callers = tree.childrenOf(node).filter((child) => tree.totalNs(child) > 0);
    assert.equal(told, callers.length > 0, `${tree.functionOf(node).name} at ${depth}`);
    assert.equal(tree.hasChildren(node), told);
    for (const caller of callers) check(caller, depth + 1);
  };
  for (const top of tree.childrenOf(ROOT)) check(top, 1);
  assert.equal(tree.hasChildren(bench.node('alone')), false);
});
