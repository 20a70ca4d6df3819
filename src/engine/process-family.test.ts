/** The family on real processes, with sessions that only pretend to capture. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { engineKinds, type Native, type NativeSession, type NativeState } from './native.ts';
import { ProcessFamily } from './process-family.ts';
import { readChildren } from './process-tree.ts';
import { readProcessStat } from './target.ts';
import { emptyBatch, zeroState } from './test-native.ts';

const [perf, , snapshots, ctimer, wall] = engineKinds.keys() as unknown as number[];
const EACCES = 13;

/** What was asked of the sessions, and what they are to say. */
class Sessions {
  readonly kinds = new Map<number, number | 'stopped' | 'closed'>();
  readonly states = new Map<number, Partial<NativeState>>();
  isRefused = (_pid: number, _kind: number): boolean => false;

  get native(): Native {
    const sessions = this;
    class Session implements NativeSession {
      readonly #pid: number;
      constructor(pid: number) {
        this.#pid = pid;
      }
      async start(kind: number) {
        const refusal = { syscall: 'perf_event_open', subject: '', errno: EACCES };
        const result = { mapsError: 0, cut: this.state() };
        if (sessions.isRefused(this.#pid, kind)) return { ...result, refusal };
        sessions.kinds.set(this.#pid, kind);
        return result;
      }
      async stop() {
        sessions.kinds.set(this.#pid, 'stopped');
      }
      async close() {
        sessions.kinds.set(this.#pid, 'closed');
      }
      drain() {
        return emptyBatch;
      }
      state() {
        return { ...zeroState, ...sessions.states.get(this.#pid) };
      }
    }
    return { Session } as unknown as Native;
  }
}

async function until(condition: () => boolean): Promise<void> {
  const limitMs = performance.now() + 20_000;
  while (!condition()) {
    assert(performance.now() < limitMs, 'it does not happen');
    await delay(5);
  }
}

interface Family {
  readonly family: ProcessFamily;
  readonly sessions: Sessions;
  readonly pid: number;
  /** Of the two that run. */
  readonly children: readonly number[];
  /** Starts a third one. */
  addChild(): void;
}

/** A shell with two children that sleep, and its family. */
async function start(t: TestContext, rules: { mayInject?: boolean; strict?: boolean } = {}): Promise<Family> {
  const script = 'sleep 600 & sleep 600 & read go; sleep 600 & wait';
  const shell = spawn('sh', ['-c', script], { detached: true, stdio: ['pipe', 'ignore', 'ignore'] });
  await once(shell, 'spawn');
  const pid = shell.pid as number;
  await until(() => readChildren(pid).length === 2);
  const children = readChildren(pid);
  const sessions = new Sessions();
  const stat = readProcessStat(pid);
  assert(stat);
  const family = new ProcessFamily({
    native: sessions.native,
    pid,
    stat,
    mayInject: rules.mayInject ?? true,
    strict: rules.strict ?? false,
  });
  t.after(async () => {
    await family.stop();
    process.kill(-pid, 'SIGKILL');
  });
  const addChild = (): void => {
    shell.stdin?.write('go\n');
  };
  return { family, sessions, pid, children, addChild };
}

test('every process runs what the target runs, and a change reaches them all', async (t) => {
  const { family, sessions, pid, children } = await start(t);
  await family.start(perf as number, 1e7);
  await until(() => sessions.kinds.size === 3);
  assert.deepEqual(
    [...sessions.kinds],
    [pid, ...children].map((each) => [each, perf]),
  );
  assert.deepEqual(family.pids, [pid, ...children]);
  const { cut } = await family.start(wall as number, 1e7);
  assert.deepEqual([...sessions.kinds.values()], [wall, wall, wall]);
  assert.equal(cut.threadsFollowed, 3);
  sessions.isRefused = () => true;
  assert((await family.start(perf as number, 1e7)).refusal, 'the target says no');
  assert.deepEqual([...sessions.kinds.values()], [wall, wall, wall], 'nothing changed');
});

test('a child that refuses an engine gets the next one, and that is told', async (t) => {
  const { family, sessions, children } = await start(t, { mayInject: false });
  sessions.isRefused = (pid, kind) => pid === children[0] && kind === perf;
  await family.start(perf as number, 1e7);
  await until(() => sessions.kinds.size === 3);
  assert.equal(sessions.kinds.get(children[0] as number), snapshots);
  assert.equal(family.family.others, 1);
  assert.equal(family.family.refused, 0);
});

test('code in the target comes before snapshots where it is allowed', async (t) => {
  const { family, sessions, children } = await start(t);
  sessions.isRefused = (pid, kind) => pid === children[0] && kind === perf;
  await family.start(perf as number, 1e7);
  await until(() => sessions.kinds.size === 3);
  assert.equal(sessions.kinds.get(children[0] as number), ctimer);
});

test('a child that starts later waits for its own memory, and gets no lesser engine meanwhile', async (t) => {
  const { family, sessions, addChild } = await start(t);
  const starts: number[] = [];
  sessions.isRefused = (_pid, kind) => {
    starts.push(kind);
    return false;
  };
  await family.start(snapshots as number, 1e7);
  addChild();
  await until(() => starts.length === 4);
  assert.deepEqual(new Set(starts), new Set([snapshots]));
});

test('a child that refuses all runs nothing, of an earlier engine neither', async (t) => {
  const { family, sessions, children } = await start(t, { strict: true });
  await family.start(perf as number, 1e7);
  await until(() => sessions.kinds.size === 3);
  sessions.isRefused = (pid, kind) => pid === children[1] && kind === wall;
  await family.start(wall as number, 1e7);
  assert.equal(sessions.kinds.get(children[1] as number), 'stopped');
  const { refused, refusal, followed } = family.family;
  assert.deepEqual([refused, refusal?.errno, followed], [1, EACCES, 1]);
});

test('a child that ends is stopped, its sums stay, and its files are closed when they are read no more', async (t) => {
  const { family, sessions, children, addChild } = await start(t);
  const [first = 0] = children;
  sessions.states.set(first, { cpuNs: 5e9, samples: 7 });
  await family.start(perf as number, 1e7);
  await until(() => sessions.kinds.size === 3);
  // From here on the shell waits for its children.
  addChild();
  process.kill(first, 'SIGKILL');
  const ended: { readonly id: number; close(): Promise<unknown> }[] = [];
  await until(() => {
    family.drain();
    ended.push(...family.takeEnded());
    return ended.length > 0;
  });
  assert(!family.pids.includes(first) && family.pids.includes(children[1] as number));
  assert.equal(sessions.kinds.get(first), 'stopped');
  await ended[0]?.close();
  assert.equal(sessions.kinds.get(first), 'closed');
  const { cpuNs, samples, unseenNs = 0 } = family.state();
  assert.equal(samples, 7);
  assert.equal(cpuNs - unseenNs, 5e9);
});
