import assert from 'node:assert/strict';
import { test } from 'node:test';
import { StackFeeder, type StackLine, serverStacks } from '../../test/helpers/synthetic-session.ts';
import { type CallTree, ROOT } from '../profile/call-tree.ts';
import { type FlameLayout, flameLayout } from './flame-layout.ts';

function treeOf(...lines: readonly StackLine[]): CallTree {
  const feeder = new StackFeeder();
  feeder.add(lines);
  return feeder.profile.tree;
}

const widest = (tree: CallTree) => (a: number, b: number) => tree.totalNs(b) - tree.totalNs(a) || a - b;

function layoutOf(tree: CallTree, width: number, height: number, root = ROOT): FlameLayout {
  return flameLayout(tree, root, { width, height }, widest(tree));
}

/** `name x0-x1`, a gathered block as `(n) x0-x1`. */
function draw(tree: CallTree, layout: FlameLayout): string[] {
  return layout.rows.map((row) =>
    row
      .map(({ node, x0, x1, gathered }) => {
        const name = gathered > 0 ? `(${gathered})` : tree.functionOf(node).name;
        return `${name} ${x0}-${x1}`;
      })
      .join(', '),
  );
}

test('widths are shares of the root, children stand on their parent, self time is the gap on the right', () => {
  const tree = treeOf(...serverStacks);
  assert.deepEqual(draw(tree, layoutOf(tree, 100, 20)), [
    'all threads 0-100',
    'main 0-99, _start 99-100',
    'uv_run 0-99',
    'Server.handle 0-47, fs::ReadFile 47-76, deflate_slow 76-99',
    'renderPage 0-47, read 47-76, longest_match 76-93',
    'escapeHtml 0-22, [kernel: no symbols] 47-76',
  ]);
});

test('frames below the last row are not laid out, and widths do not change', () => {
  const tree = treeOf(...serverStacks);
  assert.deepEqual(draw(tree, layoutOf(tree, 100, 3)), draw(tree, layoutOf(tree, 100, 20)).slice(0, 3));
});

test('another root takes the whole width', () => {
  const tree = treeOf(...serverStacks);
  const server = [...Array(tree.nodeCount).keys()].find((at) => tree.functionOf(at).name === 'Server.handle');
  assert.deepEqual(draw(tree, layoutOf(tree, 47, 9, server)), [
    'Server.handle 0-47',
    'renderPage 0-47',
    'escapeHtml 0-22',
  ]);
});

test('frames narrower than a cell are gathered in one block as wide as all of them', () => {
  const narrow = Array.from({ length: 40 }, (_, i) => ({ stack: ['main', `n${i}`], samples: 1 }));
  const tree = treeOf({ stack: ['main', 'wide'], samples: 50 }, ...narrow, { stack: ['main'], samples: 10 });
  const layout = layoutOf(tree, 50, 9);
  assert.deepEqual(draw(tree, layout)[2], 'wide 0-25, (40) 25-45');
  assert.equal(layout.narrow, 40);
});

test('a single frame too thin for a cell still takes a free one; without a free one it is counted', () => {
  const thin = { stack: ['main', 'thin'], samples: 1 };
  const free = treeOf({ stack: ['main', 'wide'], samples: 500 }, thin, { stack: ['main'], samples: 499 });
  assert.deepEqual(draw(free, layoutOf(free, 100, 9))[2], 'wide 0-50, (1) 50-51');
  const full = treeOf({ stack: ['main', 'wide'], samples: 999 }, thin);
  const layout = layoutOf(full, 100, 9);
  assert.deepEqual(draw(full, layout)[2], 'wide 0-100');
  assert.equal(layout.narrow, 1);
});

test('no row is wider than the screen, frames do not overlap, and a row covers what its frames weigh', () => {
  let seed = 1;
  const random = (n: number) => {
    seed = (seed * 48_271) % 2_147_483_647;
    return seed % n;
  };
  const lines = Array.from({ length: 3000 }, () => ({
    stack: Array.from({ length: 1 + random(12) }, () => `f${random(9)}`),
    samples: 1 + random(20),
  }));
  const tree = treeOf(...lines);
  for (const width of [1, 7, 39, 99, 299]) {
    const layout = layoutOf(tree, width, 14);
    for (const [depth, row] of layout.rows.entries()) {
      let at = 0;
      for (const { x0, x1 } of row) {
        assert.ok(x0 >= at && x1 > x0 && x1 <= width, `${x0}-${x1} after ${at} at ${width}`);
        at = x1;
      }
      const cellNs = tree.totalNs(ROOT) / width;
      for (const frame of row) {
        if (frame.gathered > 0) continue;
        const cells = tree.totalNs(frame.node) / cellNs;
        assert.ok(Math.abs(frame.x1 - frame.x0 - cells) <= 1, `${cells} cells, row ${depth}`);
      }
    }
  }
});

test('an empty profile is one frame as wide as the screen', () => {
  const tree = treeOf();
  assert.deepEqual(draw(tree, layoutOf(tree, 39, 5)), ['all threads 0-39']);
});

test('ten thousand equal children are one block, and a stack of 5,000 frames is cut at the last row', () => {
  const many = Array.from({ length: 10_000 }, (_, i) => ({ stack: ['main', `f${i}`], samples: 1 }));
  const wide = treeOf(...many);
  assert.deepEqual(draw(wide, layoutOf(wide, 100, 9)).slice(1), ['main 0-100', '(10000) 0-100']);
  const deep = treeOf({ stack: Array.from({ length: 5000 }, (_, i) => `d${i}`), samples: 1 });
  assert.equal(layoutOf(deep, 100, 30).rows.length, 30);
  assert.equal(layoutOf(deep, 100, 4000).rows.length, 4000);
});

test('past the hard stop what is left over is gathered, not lost', () => {
  const stacks = Array.from({ length: 6000 }, (_, i) => ({ stack: [`f${i}`], samples: 1 }));
  const tree = treeOf(...stacks);
  const layout = layoutOf(tree, 6000, 5);
  assert.equal(layout.rows[1]?.at(-1)?.gathered, 6000 - 4999);
  assert.equal(layout.rows[1]?.at(-1)?.x1, 6000);
});
