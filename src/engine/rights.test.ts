import assert from 'node:assert/strict';
import { constants } from 'node:os';
import { test } from 'node:test';
import type { Capabilities, MachineFacts } from './machine.ts';
import type { Probe } from './native.ts';
import { listRights } from './rights.ts';
import { testMachine } from './test-machine.ts';

const { EACCES, EMFILE, EPERM } = constants.errno;
const plenty = { openFiles: 0, lockedMemory: 0 };

const world = (probe: Partial<Probe>, facts: Partial<MachineFacts>, symbols = 'shown'): Capabilities =>
  testMachine(probe, { yamaScope: 1, ...facts }, symbols);

/** Names of the rows that have a cure. */
const cures = (capabilities: Capabilities, limits = plenty): readonly string[] =>
  listRights(capabilities, limits)
    .filter((row) => row.cure !== undefined)
    .map((row) => row.name);

const paranoid = { fullSelf: EACCES, fullTarget: EACCES };
const perfRefused = { fullSelf: EPERM, userSelf: EPERM, fullTarget: EPERM, userTarget: EPERM };
const targetRefused = { fullTarget: EACCES, userTarget: EACCES, readMemory: EPERM };

const rows: readonly (readonly [string, Capabilities, readonly string[]])[] = [
  ['everything is allowed, whatever the settings say', world({}, {}), []],
  ['paranoid 2', world(paranoid, {}), ['CAP_PERFMON', 'perf_event_paranoid']],
  [
    'paranoid 4 of a patched kernel',
    world(perfRefused, { paranoid: 4 }),
    ['CAP_PERFMON', 'perf_event_paranoid'],
  ],
  ['hidden symbols, kptr 1', world({}, {}, 'hidden'), ['CAP_SYSLOG', 'kptr_restrict']],
  [
    'hidden symbols, kptr 2: the capability would not help',
    world({}, { kptrRestrict: 2 }, 'hidden'),
    ['kptr_restrict'],
  ],
  [
    'hidden symbols, kptr 2, CAP_SYSLOG held',
    world({}, { kptrRestrict: 2, hasSyslog: true }, 'hidden'),
    ['kptr_restrict'],
  ],
  ['own filter refuses perf', world(perfRefused, { ownSeccomp: true }), ['own seccomp']],
  ['own filter refuses ptrace', world({ ptrace: EPERM }, { ownSeccomp: true }), ['own seccomp']],
  ['a filter of ours that refuses nothing', world({}, { ownSeccomp: true, targetSeccomp: true }), []],
  ['another user', world(targetRefused, { targetUid: 0 }), ['user id']],
  ['another user, and we may', world({}, { targetUid: 0 }), []],
  ['not dumpable', world(targetRefused, { targetDumpable: false }), ['dumpable']],
  ['outside our user namespace', world({ ...targetRefused, readMemory: 0 }, {}), ['user namespace']],
  ['Yama', world({ readMemory: EPERM }, {}), ['ptrace scope']],
  ['a tracer', world({}, { tracerPid: 77 }), ['tracer']],
];

for (const [name, capabilities, expected] of rows) {
  test(`${name}: cures of ${expected.join(', ') || 'nothing'}`, () => {
    assert.deepEqual(cures(capabilities), expected);
  });
}

test('limits: refused with their errno and cure, unknown where nothing was tried', () => {
  const short = { openFiles: EMFILE, lockedMemory: EPERM };
  assert.deepEqual(cures(world({}, {}), short), ['open files', 'locked memory']);
  const states = (limits: typeof short | undefined) =>
    listRights(world({}, {}), limits)
      .filter((row) => row.name === 'open files' || row.name === 'locked memory')
      .map((row) => row.state);
  assert.deepEqual(states(short), ['refused', 'refused']);
  assert.deepEqual(states({ openFiles: -1, lockedMemory: -1 }), ['unknown', 'unknown']);
  assert.deepEqual(states(undefined), ['unknown', 'unknown']);
});

test('a row with a cure is refused or hidden, one without is not in the way', () => {
  for (const [name, capabilities] of rows) {
    for (const row of listRights(capabilities, plenty)) {
      const isShut = row.state === 'refused' || row.state === 'hidden';
      assert.equal(row.cure !== undefined, isShut, `${name}: ${row.name}`);
    }
  }
});
