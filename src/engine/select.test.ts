import assert from 'node:assert/strict';
import { constants } from 'node:os';
import { test } from 'node:test';
import { listGates, shutOfInjection, shutOfOpen } from './gates.ts';
import type { Capabilities } from './machine.ts';
import type { Probe } from './native.ts';
import { ladder, rungName, selectEngine } from './select.ts';
import type { EngineAsk } from './status.ts';
import { testMachine } from './test-machine.ts';
import { describe } from './warnings.ts';

const { EACCES, EMFILE, EPERM, ENOSYS, ESRCH } = constants.errno;
const world = testMachine;
const inTarget = 'timer_create in the target';
const snapshots = 'external snapshots';

const paranoid2 = world({ fullSelf: EACCES, fullTarget: EACCES });
const noPtrace = { ptrace: EPERM, readMemory: EPERM };
const paranoid2Yama = world({ fullSelf: EACCES, fullTarget: EACCES, readMemory: EPERM }, { yamaScope: 1 });
const paranoid2Traced = world({ fullSelf: EACCES, fullTarget: EACCES }, { tracerPid: 77 });
const perfRefused = (errno: number): Partial<Probe> => ({
  fullSelf: errno,
  userSelf: errno,
  fullTarget: errno,
  userTarget: errno,
});
const seccomp = (errno: number): Capabilities => world(perfRefused(errno), { ownSeccomp: true });
const seccompAll = world({ ...perfRefused(EPERM), ...noPtrace }, { ownSeccomp: true });
const otherUser = world(
  { fullSelf: EACCES, fullTarget: EACCES, userTarget: EACCES, readMemory: EPERM },
  { targetUid: 0 },
);
const notDumpable = world(
  { fullTarget: EACCES, userTarget: EACCES, readMemory: EPERM },
  { targetDumpable: false },
);
const outerNamespace = world({ fullTarget: EACCES, userTarget: EACCES, readMemory: EPERM });
const noPerf = world(perfRefused(ENOSYS), { paranoid: undefined });
const hardened = world(perfRefused(EACCES), { paranoid: 4 });
const gone = world({ fullTarget: ESRCH, userTarget: ESRCH, readMemory: ESRCH });

const paranoidCure = 'sudo sysctl kernel.perf_event_paranoid=1';
const rootCure = 'sudo prof-tui PID';

const noDescriptors: Capabilities = {
  ...world({}),
  openRefusals: {
    'cpu by perf_events': shutOfOpen({ syscall: 'perf_event_open', subject: '7', errno: EMFILE }),
  },
};
const filterCure = 'run prof-tui outside the filter; in a container: --cap-add PERFMON';

// name, ask, strict, world, engine or 'refused', what the first warning or the refusal says, its cure
type Row = readonly [string, EngineAsk, boolean, Capabilities, string, RegExp, string | undefined];
const table: readonly Row[] = [
  ['open machine', 'auto', false, world({}), 'cpu', /^$/, undefined],
  ['open machine', 'cpu', true, world({}), 'cpu', /^$/, undefined],
  ['open machine', 'cpu-clock', false, world({}), 'cpu-clock', /user mode only/, undefined],
  ['open machine', 'ctimer', false, world({}), 'ctimer', /^$/, undefined],
  ['open machine', 'ctimer', true, world({}), 'ctimer', /^$/, undefined],
  ['open machine', 'wall', false, world({}), 'wall', /^$/, undefined],
  ['paranoid 2', 'wall', true, paranoid2, 'wall', /^$/, undefined],
  ['seccomp EPERM', 'wall', true, seccomp(EPERM), 'wall', /^$/, undefined],
  [
    'paranoid 2, yama',
    'wall',
    false,
    paranoid2Yama,
    'cpu-clock',
    /asked wall, running cpu-clock, because yama.ptrace_scope=1/,
    'prof-tui record -- CMD, or sudo sysctl kernel.yama.ptrace_scope=0',
  ],
  [
    'open machine, no memory',
    'wall',
    false,
    world({ readMemory: EPERM }),
    'cpu',
    /asked wall/,
    'run prof-tui on the host',
  ],
  [
    'paranoid 2, yama',
    'wall',
    true,
    paranoid2Yama,
    'refused',
    /yama/,
    'prof-tui record -- CMD, or sudo sysctl kernel.yama.ptrace_scope=0',
  ],
  ["another user's", 'wall', false, otherUser, 'refused', /belongs to uid 0/, rootCure],
  [
    'paranoid 2',
    'auto',
    false,
    paranoid2,
    'ctimer',
    /asked auto, running ctimer, because perf_event_paranoid=2, needs ≤ 1/,
    paranoidCure,
  ],
  ['paranoid 2', 'cpu', false, paranoid2, 'ctimer', /asked cpu, running ctimer/, paranoidCure],
  ['paranoid 2', 'cpu', true, paranoid2, 'refused', /perf_event_paranoid=2/, paranoidCure],
  ['paranoid 2', 'auto', true, paranoid2, 'ctimer', /perf_event_paranoid=2/, paranoidCure],
  ['paranoid 2', 'cpu-clock', true, paranoid2, 'cpu-clock', /user mode only/, undefined],
  [
    'paranoid 2, yama',
    'auto',
    false,
    paranoid2Yama,
    'cpu-clock',
    /running cpu-clock, because perf_event_paranoid/,
    paranoidCure,
  ],
  [
    'paranoid 2, yama',
    'ctimer',
    false,
    paranoid2Yama,
    'cpu-clock',
    /asked ctimer.*yama.ptrace_scope=1/,
    'prof-tui record -- CMD, or sudo sysctl kernel.yama.ptrace_scope=0',
  ],
  ['paranoid 2, traced', 'auto', false, paranoid2Traced, 'cpu-clock', /perf_event_paranoid/, paranoidCure],
  ['paranoid 2, traced', 'ctimer', true, paranoid2Traced, 'refused', /traced by 77/, 'end process 77'],
  ['seccomp EPERM', 'auto', false, seccomp(EPERM), 'ctimer', /seccomp filter.*EPERM/, filterCure],
  ['seccomp EACCES', 'auto', false, seccomp(EACCES), 'ctimer', /seccomp filter.*EACCES/, filterCure],
  ['seccomp ENOSYS', 'cpu', false, seccomp(ENOSYS), 'ctimer', /seccomp filter.*ENOSYS/, filterCure],
  ['seccomp ENOSYS', 'cpu-clock', false, seccomp(ENOSYS), 'ctimer', /asked cpu-clock.*seccomp/, filterCure],
  ['seccomp refuses ptrace too', 'auto', false, seccompAll, 'refused', /seccomp filter/, filterCure],
  ['other user', 'auto', false, otherUser, 'refused', /belongs to uid 0/, rootCure],
  ['other user', 'cpu-clock', false, otherUser, 'refused', /belongs to uid 0/, rootCure],
  ['not dumpable', 'auto', false, notDumpable, 'refused', /not dumpable/, rootCure],
  [
    'outer user namespace',
    'auto',
    false,
    outerNamespace,
    'refused',
    /user namespace/,
    'run prof-tui on the host',
  ],
  ['kernel without perf', 'auto', false, noPerf, 'ctimer', /no perf_events/, undefined],
  [
    'distribution kernel, paranoid 4',
    'auto',
    false,
    hardened,
    'ctimer',
    /perf_event_paranoid=4/,
    paranoidCure,
  ],
  ['no descriptors', 'auto', false, noDescriptors, 'ctimer', /open files limit/, 'ulimit -n 4096'],
  ['target gone', 'auto', false, gone, 'refused', /has ended/, undefined],
];

for (const [name, ask, strict, capabilities, engine, says, cure] of table) {
  test(`${name}: ask ${ask}${strict ? ' --strict' : ''} -> ${engine}`, () => {
    const selection = selectEngine(ask, capabilities, strict);
    if (selection.kind === 'refused') {
      assert.equal('refused', engine);
      assert.match(selection.because, says);
      assert.equal(selection.cure, cure);
      return;
    }
    assert.equal(selection.plan.engine, engine);
    const [warning] = selection.plan.degradations.map(describe);
    assert.match(warning?.title ?? '', says);
    assert.equal(warning?.cure, cure);
  });
}

test('snapshots always say that they may interrupt, cpu-clock that it leaves the kernel out', () => {
  for (const [, ask, strict, capabilities, engine] of table) {
    const selection = selectEngine(ask, capabilities, strict);
    if (selection.kind === 'refused') continue;
    const { degradations, mechanism } = selection.plan;
    const codes = degradations.map((degradation) => degradation.code);
    assert.equal(codes.includes('snapshots-interrupt'), mechanism === snapshots);
    assert.equal(codes.includes('kernel-not-sampled'), engine === 'cpu-clock');
  }
});

test('rungs have names of their own, though two share an engine', () => {
  assert.equal(new Set(ladder.map(rungName)).size, ladder.length);
});

const shutFacts = { fullSelf: EACCES, fullTarget: EACCES };
const openRefused = (syscall: string, errno: number): Capabilities => ({
  ...paranoid2,
  openRefusals: { [`ctimer by ${inTarget}`]: shutOfInjection({ syscall, subject: '7', errno }) },
});

// What keeps timers out of the target, and how it is said; snapshots run then, whoever asked.
const notInTarget: readonly (readonly [string, Capabilities, RegExp])[] = [
  ['--no-inject', { ...paranoid2, mayInject: false }, /--no-inject/],
  ['another filter', world(shutFacts, { targetSeccomp: true }), /target runs under a seccomp filter/],
  ['32-bit', world(shutFacts, { targetIs64Bit: false }), /not a 64-bit/],
  ['shadow stack', world(shutFacts, { targetShadowStack: true }), /shadow stack/],
  ['stopped', world(shutFacts, { targetStopped: true }), /is stopped/],
  ['rehearsal failed', openRefused('seccomp', EACCES), /target runs under a seccomp filter/],
  ['another profiler', openRefused('ctimer', constants.errno.EBUSY), /another profiler/],
  ['no executable memory', openRefused('mmap', EACCES), /may not map/],
  ['memfd_create', openRefused('memfd_create', EPERM), /memfd_create is refused in the target \(EPERM\)/],
  ['timer_create', openRefused('timer_create', EPERM), /timer_create is refused in the target \(EPERM\)/],
  ['rt_sigaction', openRefused('rt_sigaction', EPERM), /rt_sigaction is refused in the target \(EPERM\)/],
  ['no room', openRefused('vdso', constants.errno.ENOSPC), /no room/],
  ['busy threads', openRefused('ptrace', constants.errno.ETIMEDOUT), /no thread of the target/],
];

for (const [name, capabilities, says] of notInTarget) {
  for (const ask of ['auto', 'ctimer'] as const) {
    test(`not in the target (${name}), ask ${ask}: snapshots, and why`, () => {
      const selection = selectEngine(ask, capabilities, ask === 'ctimer');
      assert.equal(selection.kind, 'run');
      assert.equal(selection.kind === 'run' && selection.plan.mechanism, snapshots);
      const warnings = selection.kind === 'run' ? selection.plan.degradations.map(describe) : [];
      const said = warnings.find((warning) => warning.code === 'snapshots-interrupt');
      assert.match(said?.cause ?? '', says);
      assert.equal(
        warnings.some((warning) => warning.code === 'fell-back'),
        ask === 'auto',
      );
    });
  }
}

test('our own filter on the target too: in the target, after the rehearsal of the injector', () => {
  const selection = selectEngine(
    'auto',
    world(shutFacts, { targetSeccomp: true, sharesOurFilter: true }),
    false,
  );
  assert.equal(selection.kind === 'run' && selection.plan.mechanism, inTarget);
});

const symbolRows: readonly (readonly [string, Capabilities, string | undefined])[] = [
  ['shown', world({}, {}, 'shown'), undefined],
  [
    'root, kptr 2',
    world({}, { uid: 0, hasSyslog: true, kptrRestrict: 2 }),
    'sudo sysctl kernel.kptr_restrict=1',
  ],
  ['user, paranoid 1, kptr 1', world({}, { paranoid: 1 }), 'sudo sysctl kernel.kptr_restrict=0'],
  ['user, paranoid 2, kptr 0', world({}, { kptrRestrict: 0 }), 'sudo sysctl kernel.perf_event_paranoid=1'],
  [
    'user, paranoid 2, kptr 1',
    world({}, {}),
    'sudo sysctl kernel.kptr_restrict=0 kernel.perf_event_paranoid=1',
  ],
  ['PERFMON without SYSLOG', world({}, { hasPerfmon: true }), 'add CAP_SYSLOG'],
  [
    'PERFMON, kptr 2',
    world({}, { hasPerfmon: true, kptrRestrict: 2 }),
    'add CAP_SYSLOG and sudo sysctl kernel.kptr_restrict=1',
  ],
  ['masked', world({}, {}, 'missing'), 'unmask /proc/kallsyms in the container settings'],
  ['unreadable', world({}, {}, 'refused:EACCES'), rootCure],
];

for (const [name, capabilities, cure] of symbolRows) {
  test(`kernel symbols, ${name}: cure ${cure}`, () => {
    const found = listGates(capabilities).find((gate) => gate.name === 'kernel symbols');
    assert.equal(found?.state, cure === undefined ? 'allowed' : 'hidden');
    assert.equal(found?.cure, cure);
  });
}

test('an open gate has no cure and no cause, whatever the sysctls say', () => {
  for (const gate of listGates(world({}, { paranoid: 4, kptrRestrict: 2 }, 'shown'))) {
    assert.deepEqual([gate.state, gate.cure, gate.because], ['allowed', undefined, '']);
  }
});
