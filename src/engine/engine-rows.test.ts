import assert from 'node:assert/strict';
import { constants } from 'node:os';
import { test } from 'node:test';
import { listEngines } from './engine-rows.ts';
import type { Capabilities } from './machine.ts';
import { engineAsks } from './status.ts';
import { testMachine } from './test-machine.ts';

const { EACCES, EPERM } = constants.errno;

const allowed = testMachine({}, { kptrRestrict: 0 }, 'shown');
const paranoid: Capabilities = {
  ...allowed,
  probe: { ...allowed.probe, fullSelf: EACCES, fullTarget: EACCES },
};
const traced: Capabilities = { ...paranoid, facts: { ...paranoid.facts, tracerPid: 77 } };
const nothing: Capabilities = {
  ...allowed,
  facts: { ...allowed.facts, targetUid: 0 },
  probe: { ...paranoid.probe, userTarget: EACCES, readMemory: EPERM },
};

const cure = 'sudo sysctl kernel.perf_event_paranoid=1';

/** What each ask runs, its reason and its cure. */
function rowsOf(capabilities: Capabilities): Record<string, readonly [string, string, string | undefined]> {
  return Object.fromEntries(
    listEngines(capabilities).map((row) => [row.ask, [row.runs ?? 'refused', row.why, row.cure]]),
  );
}

test('all allowed: each ask runs itself, auto the most', () => {
  const rows = rowsOf(allowed);
  assert.deepEqual(rows['auto'], ['cpu', 'the most that is allowed here', undefined]);
  assert.deepEqual(rows['cpu'], ['cpu', 'perf_events', undefined]);
  assert.deepEqual(rows['cpu-clock'], ['cpu-clock', 'perf_events, exclude_kernel', undefined]);
  assert.deepEqual(rows['ctimer'], ['ctimer', 'timer_create in the target', undefined]);
});

test('no code in the target: ctimer is ready by its other way', () => {
  const rows = rowsOf({ ...allowed, mayInject: false });
  assert.deepEqual(rows['ctimer'], ['ctimer', 'external snapshots', undefined]);
  assert.deepEqual(rows['wall'], ['wall', 'snapshots of all threads', undefined]);
});

test('paranoid 2: cpu has its one reason and cure, auto says what it falls back to and why', () => {
  const rows = rowsOf(paranoid);
  assert.deepEqual(rows['cpu'], ['refused', 'perf_event_paranoid=2, needs ≤ 1', cure]);
  assert.deepEqual(rows['auto'], ['ctimer', 'perf_event_paranoid=2, needs ≤ 1', cure]);
  assert.equal(rows['cpu-clock']?.[0], 'cpu-clock');
});

test('each row has its own gate: a tracer shuts ctimer and nothing else', () => {
  const rows = rowsOf(traced);
  assert.deepEqual(rows['ctimer'], ['refused', 'the target is traced by 77', 'end process 77']);
  assert.equal(rows['cpu-clock']?.[0], 'cpu-clock');
  assert.equal(rows['auto']?.[0], 'cpu-clock');
});

test('nothing allowed: every row is refused, with the same cure', () => {
  for (const row of listEngines(nothing)) {
    assert.deepEqual([row.runs, row.cure], [undefined, 'sudo prof-tui PID'], row.ask);
  }
});

test('what trying to open has taught is in its row', () => {
  const because = 'no file descriptors are left (open files limit)';
  const tried: Capabilities = {
    ...allowed,
    openRefusals: { 'cpu by perf_events': { because, cure: 'ulimit -n 4096' } },
  };
  assert.deepEqual(rowsOf(tried)['cpu'], ['refused', because, 'ulimit -n 4096']);
});

test('one row for each ask, in their order', () => {
  assert.deepEqual(
    listEngines(allowed).map((row) => row.ask),
    engineAsks,
  );
});
