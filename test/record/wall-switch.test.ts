/** Wall time and CPU time in one session: two trees, never summed, nothing lost by going from one to the other. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { ROOT } from '../../src/profile/call-tree.ts';
import { startCapture } from '../helpers/capture.ts';
import { withSteadyMachine } from '../helpers/sysctl.ts';
import { startFixture } from '../helpers/target.ts';
import { waitForCpu } from '../helpers/truth.ts';

test('cpu, wall, cpu: a tree and books for each', async (t) => {
  await withSteadyMachine(async () => {
    const target = await startFixture(t, 'sleepers', [600]);
    const session = await startCapture(t, target.pid, { asked: 'cpu', frequencyHz: 199 });
    const cpuTree = session.profile;
    await waitForCpu(target.pid, 1e9);
    await session.switchTo('wall');
    assert.equal(session.status.running, 'wall');
    assert.equal(session.status.unit, 'wall');
    const wallTree = session.profile;
    assert.notEqual(wallTree, cpuTree);
    await delay(3000);
    await session.switchTo('cpu');
    assert.equal(session.profile, cpuTree);
    await waitForCpu(target.pid, 1e9);
    await session.stop();

    const { accounting, spans } = session.status;
    assert.deepEqual(
      spans.map(({ engine, unit }) => [engine, unit]),
      [
        ['cpu', 'cpu'],
        ['wall', 'wall'],
        ['cpu', 'cpu'],
      ],
    );
    const [first, wall, last] = spans;
    assert(first !== undefined && wall !== undefined && last !== undefined);
    const accounted = accounting.accounted ?? 0;
    assert(accounted > 0.97 && accounted < 1.03, `accounted ${accounted}`);
    // The CPU time of the wall span is nobody's debt.
    assert.equal(accounting.cpuTimeNs, first.cpuTimeNs + last.cpuTimeNs);
    assert(wall.cpuTimeNs > 0);
    const covered = wallTree.tree.totalNs(ROOT) / (3 * (wall.endNs - wall.startNs));
    assert(covered > 0.97 && covered < 1.02, `${covered} of threads × time`);
    assert.equal(wallTree.tree.totalNs(ROOT), wall.weightNs);
    assert(Math.abs(cpuTree.weightNs - first.weightNs - last.weightNs) < 1, 'no row is in the other tree');
  });
});

test('the rate of wall changes while it runs', async (t) => {
  await withSteadyMachine(async () => {
    const target = await startFixture(t, 'sleepers', [600]);
    const session = await startCapture(t, target.pid, { asked: 'wall', frequencyHz: 49 });
    await delay(1500);
    await session.changeRate(199);
    await delay(1500);
    await session.stop();
    assert.deepEqual(
      session.status.spans.map(({ engine, periodNs }) => [engine, periodNs]),
      [
        ['wall', Math.round(1e9 / 49)],
        ['wall', Math.round(1e9 / 199)],
      ],
    );
    const passed = session.status.spans.reduce((sum, { startNs, endNs }) => sum + endNs - startNs, 0);
    const covered = session.profile.tree.totalNs(ROOT) / (3 * passed);
    assert(covered > 0.97 && covered < 1.02, `${covered} of threads × time`);
  });
});
