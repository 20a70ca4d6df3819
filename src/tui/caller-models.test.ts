import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ViewBench } from '../../test/helpers/view-bench.ts';

/** Functions that spend time, each called by ten others. */
const stacks = Array.from({ length: 4000 }, (_, at) => ({
  stack: ['main', `outer${at % 97}`, `caller${at % 53}`, `leaf${Math.floor(at / 10)}`],
  samples: 1 + (at % 7),
}));

test('callers that were looked at are forgotten; the row under the cursor and what is open stay', async () => {
  let nowMs = 0;
  const bench = new ViewBench(stacks, () => nowMs);
  const { view } = bench;
  await bench.press('2', 'g', 'E');
  const many = view.models.bottomUp.nodeCount;
  await bench.press('W', 'j', 'j', 'right', 'j', 'right', 'j');
  const rowsBefore = view.rows.rows.map((node) => view.tree.functionOf(node).name);
  const [where, line] = [bench.where, view.rows.indexOf(view.state.selected) - view.rows.top];
  for (let second = 0; second < 3; second++) {
    nowMs += 60_000;
    view.touched();
    bench.session.feeder.add([{ stack: ['main', 'other'], samples: 1 }]);
    view.tick();
    await bench.press();
    view.prepareBody(20);
  }
  assert.ok(view.models.bottomUp.nodeCount < many / 2, `${view.models.bottomUp.nodeCount} of ${many} nodes`);
  assert.equal(bench.where, where);
  assert.equal(view.rows.indexOf(view.state.selected) - view.rows.top, line);
  const rows = view.rows.rows.map((node) => view.tree.functionOf(node).name);
  assert.deepEqual(
    rows.filter((name) => name !== 'other'),
    rowsBefore,
  );
  view.close();
});
