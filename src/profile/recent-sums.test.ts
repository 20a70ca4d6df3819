import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bucketCount } from './history.ts';
import { RecentSums } from './recent-sums.ts';

test('sums of thousands of nodes equal those added up one by one', () => {
  const nodes = 3000;
  const parent = Int32Array.from({ length: nodes }, (_, node) =>
    node === 0 ? -1 : Math.floor((node - 1) / (1 + (node % 7))),
  );
  const sums = new RecentSums(nodes);
  const expected = Array.from({ length: nodes }, () => new Float64Array(bucketCount));
  const add = (node: number, bucket: number, ns: number) => {
    for (let at = node; at >= 0; at = parent[at] as number) {
      const row = expected[at] as Float64Array;
      row[bucket] = (row[bucket] as number) + ns;
    }
  };
  for (let node = 1; node < nodes; node += 3) {
    sums.addAt(node, node % bucketCount, node);
    add(node, node % bucketCount, node);
    sums.add(
      node,
      Float64Array.from({ length: bucketCount }, (_, bucket) => bucket * 10),
    );
    for (let bucket = 0; bucket < bucketCount; bucket++) add(node, bucket, bucket * 10);
  }
  for (let node = nodes - 1; node > 0; node -= 100) sums.addUp(parent, node, Math.max(0, node - 100));
  const out = new Float64Array(bucketCount);
  let withWeight = 0;
  for (let node = 0; node < nodes; node++) {
    const hasWeight = sums.read(node, out);
    assert.deepEqual(out, expected[node]);
    assert.equal(
      hasWeight,
      expected[node]?.some((ns) => ns > 0),
    );
    if (hasWeight) withWeight++;
  }
  // Far more than a page holds.
  assert.ok(withWeight > 1100, `${withWeight}`);
});

test('what is taken away again leaves nothing', () => {
  const sums = new RecentSums(3);
  const buckets = new Float64Array(bucketCount).fill(1e9 / 3);
  sums.add(2, buckets);
  sums.add(2, buckets, -1);
  assert.equal(sums.read(2, new Float64Array(bucketCount)), false);
  assert.equal(sums.read(1, new Float64Array(bucketCount)), false);
});
