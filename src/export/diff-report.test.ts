import assert from 'node:assert/strict';
import { test } from 'node:test';
import { syntheticRun, twoSpans, userOnlySpan } from '../../test/helpers/synthetic-run.ts';
import type { StackLine } from '../../test/helpers/synthetic-session.ts';
import { diffTrees } from '../profile/diff.ts';
import { type DiffMeasure, writeDiff } from './diff-report.ts';
import type { RunSummary } from './summary.ts';

function runOf(lines: readonly StackLine[], change: Partial<RunSummary> = {}): RunSummary {
  const run = syntheticRun(lines, change);
  run.profile.setUnsampled('[not sampled]', 0);
  run.profile.setUnsampled('[kernel: not sampled]', 0);
  return run;
}

const before = runOf([
  { stack: ['main', 'parse'], samples: 60 },
  { stack: ['main', 'write', '?kernel'], samples: 40 },
]);
const after = runOf([
  { stack: ['main', 'parse'], samples: 40 },
  { stack: ['main', 'lib.so!write', '?kernel'], samples: 110 },
  { stack: ['main', 'cache'], samples: 50 },
]);

const linesOf = (a: RunSummary, b: RunSummary, by: DiffMeasure): string[] =>
  [...writeDiff(a, b, by)].join('').split('\n');

test('diff: each stack of names once, with its weight in both, whatever the module', () => {
  const root = diffTrees(before.profile.tree, after.profile.tree);
  const [main] = root.children;
  assert.deepEqual(
    main?.children.map(({ function: { name }, weights }) => [
      name,
      ...weights.map((w) => w.totalNs / 10_101_010),
    ]),
    [
      ['parse', 60, 40],
      ['write', 40, 110],
      ['cache', 0, 50],
    ],
  );
});

test('diff by share: normalised, most changed first, in the tree and by function', () => {
  const lines = linesOf(before, after, 'share');
  const tree = lines.slice(lines.findIndex((line) => line.includes('FUNCTION  (share')) + 1);
  assert.deepEqual(tree.slice(0, 6), [
    '   100.0%   100.0%    +0.0%  all threads',
    '   100.0%   100.0%    +0.0%   main  app',
    '    60.0%    20.0%   -40.0%    parse  app',
    '     0.0%    25.0%   +25.0%    cache  app',
    '    40.0%    55.0%   +15.0%    write  app',
    '    40.0%    55.0%   +15.0%     ◆ [kernel: no symbols]  kernel',
  ]);
  const functions = tree.slice(tree.findIndex((line) => line.includes('THEIR OWN')) + 1);
  assert.deepEqual(
    functions.slice(0, 3).map((line) => line.slice(18)),
    ['   -40.0%  parse  app', '   +25.0%  cache  app', '   +15.0%  [kernel: no symbols]  kernel'],
  );
});

test('diff by time: as it is, not normalised', () => {
  const lines = linesOf(before, after, 'time');
  assert(
    lines.some((line) => /^ +606 ms +404 ms +-202 ms +parse/.test(line)),
    lines.join('\n'),
  );
  assert(
    lines.some((line) => /^ +404 ms +1\.1 s +\+707 ms +write/.test(line)),
    lines.join('\n'),
  );
});

test('diff of a file with itself: nothing has changed', () => {
  const lines = linesOf(before, before, 'share');
  assert(lines.filter((line) => / parse /.test(line)).every((line) => line.includes('+0.0%')));
  assert.match(lines.at(-2) ?? '', /FUNCTIONS BY THEIR OWN SHARE$/);
});

test('diff: engines that saw different things are said to', () => {
  const userOnly = runOf([{ stack: ['main'], samples: 1 }], { spans: [userOnlySpan] });
  const both = linesOf(runOf([], { spans: twoSpans.slice(0, 1) }), userOnly, 'share');
  assert(
    both.includes(
      'WARNING seen differently, A by cpu, kernel part resolved, B by cpu-clock, kernel part excluded: a part of the change may be that',
    ),
    both.join('\n'),
  );
});
