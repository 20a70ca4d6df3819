import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { kernelSamplesShut } from './gates.ts';
import { ProcessList } from './process-list.ts';
import { lookAt } from './process-look.ts';
import { testMachine } from './test-machine.ts';

test('a child is listed with its words; we ourselves are not; its CPU is the difference of two readings', async (t) => {
  const child = spawn(process.execPath, ['-e', 'console.log(1); for (;;);', 'marker\u001b[2J'], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  t.after(() => child.kill('SIGKILL'));
  await once(child.stdout, 'data');
  const list = new ProcessList();
  const find = (nowMs: number) => {
    const rows = list.read(nowMs);
    assert.ok(!rows.some(({ pid }) => pid === process.pid));
    return rows.find(({ pid }) => pid === child.pid);
  };
  const first = find(1000);
  assert.equal(first?.cpuShare, undefined);
  assert.match(first?.command ?? '', /node.* -e .* marker·\[2J$/);
  assert.ok((first?.threads ?? 0) > 1);
  assert.ok((first?.residentBytes ?? 0) > 2 ** 20);
  assert.notEqual(first?.user, '');
  // However long it takes: the child is busy, so its clock moves on.
  let second = first;
  for (let clockMs = 2000; (second?.cpuShare ?? 0) === 0; clockMs += 1000) second = find(clockMs);
  assert.ok((second?.cpuTimeNs ?? 0) > (first?.cpuTimeNs ?? 0));
  assert.ok((second?.cpuShare ?? 0) > 0);
  child.kill('SIGKILL');
  await once(child, 'close');
  assert.equal(find(9e6), undefined);
});

test('a look names what would run, and each reason why it is not more with its cure', () => {
  const EACCES = 13;
  assert.deepEqual(lookAt(testMachine({}, {}, 'shown'), 42, 'auto', false), {
    runs: 'cpu (perf_events)',
    limits: [],
  });
  const hidden = lookAt(testMachine(), 42, 'auto', false);
  assert.equal(hidden.runs, 'cpu (perf_events)');
  assert.match(hidden.limits[0]?.because ?? '', /^kernel functions have no names: kptr_restrict/);
  const paranoid = testMachine({ fullSelf: EACCES, fullTarget: EACCES });
  const fallen = lookAt(paranoid, 42, 'auto', false);
  assert.equal(fallen.runs, 'ctimer (timer_create in the target)');
  assert.deepEqual(fallen.limits, [kernelSamplesShut(paranoid)]);
});

test('a look at a process that nothing can profile says why and gives its cure with the pid', () => {
  const EPERM = 1;
  const foreign = testMachine({ fullTarget: EPERM, userTarget: EPERM, readMemory: EPERM }, { targetUid: 0 });
  const look = lookAt(foreign, 42, 'auto', false);
  assert.equal(look.runs, undefined);
  assert.match(look.limits[0]?.because ?? '', /uid 0/);
  assert.equal(look.limits[0]?.cure, 'sudo prof-tui 42');
});
