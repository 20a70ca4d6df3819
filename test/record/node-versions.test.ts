/** Functions of other versions of Node.js: the constants of each are read from its binary. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { recordCpu } from '../helpers/cli.ts';
import { assertEightyTwenty } from '../helpers/eighty-twenty.ts';
import { functionsIn, startNode } from '../helpers/node-target.ts';
import { nodeOf, otherMajors } from '../helpers/node-versions.ts';
import { inclusiveShare, paths, selfShare } from '../helpers/tree.ts';

const rows = new Map([...functionsIn('shares.cjs')].map((row) => [row.split(' ')[0] ?? '', row]));
const rowOf = (name: string): string => rows.get(name) ?? assert.fail(name);

for (const major of otherMajors) {
  test(`Node.js ${major}: functions by name, file and line, shares as designed, optimized code too`, async (t) => {
    const executable = nodeOf(t, major);
    if (executable === undefined) return;
    const target = await startNode(t, 'shares.cjs', [], { executable });
    const profile = await recordCpu(target.pid, 3, ['-F', 499]);
    const { tree, warnings } = profile;
    assertEightyTwenty(profile, rowOf('eighty'), rowOf('twenty'), 0.9);
    assert(inclusiveShare(tree, rowOf('burn')) > 0.9, 'what was inlined');
    assert(selfShare(tree, '[jit: no symbols]') < 0.02);
    const truth = functionsIn('shares.cjs');
    const own = [...paths(tree)]
      .map(({ node }) => node.name)
      .filter((name) => / shares\.cjs:\d+$/.test(name));
    const wrong = own.filter((name) => !name.startsWith('(anonymous) ') && !truth.has(name));
    assert.deepEqual(wrong, []);
    const unnamed = warnings.filter(({ code }) => code === 'runtime-unnamed');
    assert.deepEqual(unnamed, []);
  });
}
