import assert from 'node:assert/strict';
import { test } from 'node:test';
import { StackFeeder, serverStacks } from '../../test/helpers/synthetic-session.ts';
import { ROOT } from '../profile/call-tree.ts';
import { livingFigures, ThreadList } from '../profile/thread-figures.ts';
import { cellWidth } from './text.ts';
import { createTheme } from './theme.ts';
import { type ThreadContext, threadDetails, threadHead, threadLine } from './thread-rows.ts';

const bare = (line: string) => line.replace(/\x1b\[[\d;]*m/g, '');

function contextOf(columns: number, name = 'worker', change: Partial<ThreadContext> = {}): ThreadContext {
  const feeder = new StackFeeder();
  feeder.advance(10e9);
  feeder.add(serverStacks);
  feeder.advance(2.5e9);
  const figures = livingFigures(feeder.profile);
  const tree = new ThreadList(
    () => figures,
    (thread) => ({ id: thread + 1, name, module: '', kind: thread < 0 ? 'root' : 'native' }),
  );
  return {
    tree,
    theme: createTheme({ ascii: false, color: false }),
    size: { columns, rows: 30 },
    unit: 'percent',
    sort: 'total',
    isReversed: false,
    isWall: false,
    nowBucket: figures.nowBucket,
    windowSeconds: undefined,
    hottestOf: () => ({ name: 'renderPage', caller: 'Server.handle', share: 0.41 }),
    nameOf: () => name,
    tidOf: (node) => (node === ROOT ? '' : `${4000 + node}`),
    stateOf: (node) => (node === ROOT ? '' : 'sleep'),
    isChosen: (node) => node === 2,
    isMatch: () => false,
    ...change,
  };
}

test('a row stands under its heads; the chosen thread carries its mark', () => {
  const context = contextOf(100);
  assert.equal(
    bare(threadHead(context)).replace(/ +/g, ' '),
    ' TOTAL▾ CPU THREAD TID STATE LAST 30s HOTTEST',
  );
  const row = bare(threadLine(context, 2, false));
  assert.match(row, /^ {2}23\.0% +0\.02 ● worker +4002 {2}sleep +▄/);
  const head = bare(threadHead(context));
  assert.equal(head.indexOf('THREAD'), row.indexOf('worker'));
  assert.equal(head.indexOf('STATE'), row.indexOf('sleep'));
  assert.equal(head.indexOf('HOTTEST'), row.indexOf('Server.handle › renderPage'));
});

test('at every width a row fits, with hostile and wide names too, and a selected one says the same', () => {
  for (let columns = 40; columns <= 140; columns++) {
    for (const name of ['worker', '日本語のスレッド名', 'e\x1b[2Jvil', 'x'.repeat(200)]) {
      const context = contextOf(columns, name);
      for (const node of [ROOT, 1, 2]) {
        const row = bare(threadLine(context, node, false));
        assert.ok(cellWidth(row) < columns, `${cellWidth(row)} of ${columns}`);
        assert.doesNotMatch(row, /[\x00-\x1f]/);
        const selected = bare(threadLine(context, node, true));
        assert.equal(selected.slice(1).trimEnd(), row.slice(1).trimEnd());
      }
    }
  }
});

test('the caller of the hottest function goes where both do not fit, the column where neither does', () => {
  const at = (columns: number) => bare(threadLine(contextOf(columns), 2, false));
  assert.match(at(90), / renderPage$/);
  assert.ok(!at(90).includes('Server.handle'));
  assert.match(at(80), / Server\.handle › renderPage$/);
  assert.match(at(40), /sleep *$/);
  assert.match(bare(threadLine(contextOf(100, 'w', { hottestOf: () => undefined }), 2, false)), /▄ *$/);
});

test('a window has its own bars and CPUs; wall time says so in each head and knows of no CPUs', () => {
  const window = contextOf(100, 'w', { windowSeconds: 4 });
  assert.match(bare(threadHead(window)), /CPU .* WINDOW +HOTTEST$/);
  assert.match(bare(threadLine(window, 2, false)), /^ {2}23\.0% +0\.06 /);
  assert.match(bare(threadDetails(window, 2, 2)[2] ?? ''), /0\.06 CPUs over 4 s/);
  const wall = contextOf(100, 'w', { isWall: true });
  assert.equal(bare(threadHead(wall)).replace(/ +/g, ' '), ' WALL▾ THREAD TID STATE WALL 30s HOTTEST');
  assert.doesNotMatch(bare(threadDetails(wall, 2, 2)[2] ?? ''), /CPUs/);
});

test('what the threads do not add up to is said of all of them', () => {
  const feeder = new StackFeeder();
  feeder.add(serverStacks);
  feeder.profile.setUnsampled('[not sampled]', feeder.profile.weightNs);
  const figures = livingFigures(feeder.profile);
  const tree = new ThreadList(
    () => figures,
    () => ({ id: 1, name: '', module: '', kind: 'native' }),
  );
  const details = (node: number) => bare(threadDetails(contextOf(100, 'w', { tree }), node, 2)[2] ?? '');
  assert.match(details(ROOT), /100 samples {3}not sampled 50\.0%/);
  assert.doesNotMatch(details(1), /not sampled/);
});

test('details: name, number, state, share and whether all views show it', () => {
  const context = contextOf(100);
  assert.deepEqual(threadDetails(context, 2, 2).slice(1).map(bare), [
    'worker   thread 4002   sleep',
    'total 23.0% 232 ms   0.02 CPUs over 10 s   23 samples   all views show it',
  ]);
  assert.match(bare(threadDetails(context, 1, 2)[2] ?? ''), /77 samples {3}hottest renderPage 41\.0%$/);
  assert.deepEqual(threadDetails(context, ROOT, 1).map(bare), ['', 'worker   2 seen']);
});
