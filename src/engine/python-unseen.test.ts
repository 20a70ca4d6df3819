import assert from 'node:assert/strict';
import { test } from 'node:test';
import { account } from './accounting.ts';
import { currentDegradations } from './degradations.ts';
import { type NativeState, runningStacks, runtimeProblems } from './native.ts';
import { selectEngine } from './select.ts';
import type { EngineAsk } from './status.ts';
import { testMachine } from './test-machine.ts';
import { zeroState } from './test-native.ts';
import { describe, type Warning } from './warnings.ts';

const python = { name: 'CPython 3.11.2', product: '', problem: 0, constant: '', errno: 0 };

const noBalance = { cpuTimeNs: 0, weightNs: 0, kernelNotSampledNs: 0, notSampledNs: 0 };

function warningsOf(ask: EngineAsk, more: Partial<NativeState>, machine = testMachine()): Warning[] {
  const selection = selectEngine(ask, machine, false);
  assert(selection.kind === 'run');
  const found = currentDegradations({
    plan: selection.plan,
    notice: undefined,
    capabilities: machine,
    counters: { ...zeroState, runtime: python, ...more },
    accounting: account(zeroState, noBalance, undefined, undefined),
    askedHz: 99,
    frequencyHz: 99,
    mapsError: 0,
    symbolWarnings: [],
    family: undefined,
  });
  return found.map(describe);
}

test('an engine that reads samples late says that it has no Python functions, before all else, and which one has', () => {
  const [first] = warningsOf('cpu', {});
  assert.equal(first?.title, 'cpu shows Python as native frames only; P: ctimer, which has its functions');
  assert.equal(first?.offer, 'ctimer');
  const events = warningsOf('wall', { runningStacks: runningStacks.indexOf('events') });
  assert.match(events[0]?.title ?? '', /^wall shows running Python code as native frames only/);
});

test('nothing is offered that this target refuses', () => {
  const [first] = warningsOf('cpu', {}, testMachine({ ptrace: 1, readMemory: 1 }));
  assert.equal(first?.code, 'python-unseen');
  assert.deepEqual([first?.offer, first?.cure], [undefined, undefined]);
});

test('engines that read Python at the sample have nothing to say, nor has a target without it', () => {
  const codes = (warnings: Warning[]) => warnings.map(({ code }) => code);
  assert(!codes(warningsOf('ctimer', {})).includes('python-unseen'));
  const stops = { runningStacks: runningStacks.indexOf('stops') };
  assert(!codes(warningsOf('wall', stops)).includes('python-unseen'));
  const node = { ...python, name: 'V8 11.3.244' };
  assert(!codes(warningsOf('cpu', { runtime: node })).includes('python-unseen'));
});

test('a version that is not known: its name and the reason, whatever the engine', () => {
  const problem = runtimeProblems.indexOf('unknown-version');
  const warnings = warningsOf('cpu', { runtime: { ...python, name: 'CPython 3.15.0', problem } });
  const titles = warnings.map(({ title }) => title);
  assert.ok(
    titles.includes(
      'Python functions without names (CPython 3.15.0): only the frames of 3.11 to 3.14 are known',
    ),
    titles.join(),
  );
  assert(!warnings.some(({ code }) => code === 'python-unseen'));
});
