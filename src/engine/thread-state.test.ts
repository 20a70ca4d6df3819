import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { readThreadState } from './thread-state.ts';

test('the thread that reads runs, one that never was has ended', () => {
  assert.equal(readThreadState(process.pid, process.pid), 'run');
  assert.equal(readThreadState(process.pid, 2 ** 30), 'ended');
});

test('a stopped process is stopped, whatever its name holds', async () => {
  const child = spawn(
    '/bin/sh',
    ['-c', 'printf "a) R (b" > /proc/self/comm; printf x; exec 1>&-; sleep 60'],
    {
      stdio: ['ignore', 'pipe', 'ignore'],
    },
  );
  try {
    await once(child.stdout, 'data');
    const pid = child.pid as number;
    process.kill(pid, 'SIGSTOP');
    const limitMs = performance.now() + 10_000;
    while (readThreadState(pid, pid) !== 'stopped' && performance.now() < limitMs) await delay(5);
    assert.equal(readThreadState(pid, pid), 'stopped');
  } finally {
    child.kill('SIGKILL');
  }
});
