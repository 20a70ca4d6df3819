import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { blockedLabel } from './blocked.ts';
import { activities } from './frames.ts';
import { architectures, systemCallNames } from './system-calls.ts';

/** As native/sample_pipeline.cc packs it. */
function address(activity: number, systemCall: number, architecture = 0): bigint {
  return (BigInt(architecture) << 40n) | (BigInt(activity) << 32n) | BigInt(systemCall + 1);
}

for (const [activity, systemCall, architecture, label] of [
  [1, 202, 0, '[sleeping: futex]'],
  [1, 98, 1, '[sleeping: futex]'],
  [1, 0, 0, '[sleeping: read]'],
  [1, 0, 1, '[sleeping: io_setup]'],
  [2, 0, 0, '[disk: read]'],
  [3, 35, 0, '[stopped: nanosleep]'],
  [1, -1, 0, '[sleeping]'],
  [2, -1, 0, '[disk]'],
  [0, -1, 0, '[running]'],
  [1, 449, 1, '[sleeping: futex_waitv]'],
  [1, 335, 0, '[sleeping: system call 335]'],
  [1, 99_999, 0, '[sleeping: system call 99999]'],
] as const) {
  test(`${activities[activity]}, call ${systemCall} on ${architectures[architecture]}: ${label}`, () => {
    assert.equal(blockedLabel(address(activity, systemCall, architecture)), label);
  });
}

test('the names are those of the kernel headers of this machine', (t) => {
  const header = '/usr/include/x86_64-linux-gnu/asm/unistd_64.h';
  let text: string;
  try {
    text = readFileSync(header, 'utf8');
  } catch {
    assert.equal(process.env['CI'], undefined, `${header} is missing`);
    return t.skip(`no ${header}`);
  }
  const calls = [...text.matchAll(/^#define __NR_(\w+)\s+(\d+)$/gm)];
  assert(calls.length > 300, `${calls.length} calls`);
  for (const [, name, number] of calls) {
    // A kernel newer than the table may have more calls, at its end.
    if (Number(number) > 466) continue;
    assert.equal(systemCallNames.x64.get(Number(number)), name, `call ${number}`);
  }
});
