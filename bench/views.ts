/**
 * What keys cost on a profile of 100,000 stacks that grows meanwhile: from the key to the frame that shows the whole
 * answer, and the longest time that no key could have been answered. Also on deep stacks, and with thousands of
 * functions called by one. In one process, without a terminal: what is measured is the models, the layout and the rows.
 */
import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import type { Figure, Row } from './figure.ts';
import { LargeSession, type LargeShape } from './large-session.ts';
import type { Scope } from './scope.ts';
import { quantile } from './spread.ts';
import { ViewDriver } from './view-driver.ts';

const shapes: Readonly<Record<string, LargeShape>> = {
  '100,000 stacks': { stacks: 100_000, depth: 18 },
  '100,000 stacks of 200 frames': { stacks: 100_000, depth: 200 },
  '100,000 stacks, 10,000 functions called by one': { stacks: 100_000, depth: 18, fanOut: 10_000 },
};
const rounds = 3;
const size = { columns: 200, rows: 60 };
const tickMs = 100;
const beatMs = 2;

/** Keys that lead to where the story begins, the key that is timed, and the keys that undo what it did. */
interface Story {
  readonly before?: readonly string[];
  readonly key: string;
  readonly after?: readonly string[];
}

/** Another zoom makes all sums anew: the dearest way to go to a view. */
const zoomed = ['g', 'j', 'enter'];
const deep = ['g', 'o', 'k', 'k', 'k', 'k', 'k'];
const undone = ['U', 'escape', 'escape'];

const stories: Readonly<Record<string, Story>> = {
  'view: bottom-up': { before: zoomed, key: '2', after: ['1', 'escape'] },
  'view: flame': { before: zoomed, key: '3', after: ['1', 'escape'] },
  'view: functions': { before: zoomed, key: '4', after: ['1', 'escape'] },
  'view: threads': { key: '5', after: ['1'] },
  'view: tree': { before: ['4', 'j', 'j'], key: '1' },
  'f focus on a function': { before: deep, key: 'f', after: undone },
  'F focus on a subtree': { before: deep, key: 'F', after: undone },
  'm merge a function': { before: deep, key: 'm', after: undone },
  'M merge a node': { before: deep, key: 'M', after: undone },
  'c collapse a function': { before: deep, key: 'c', after: undone },
  'C collapse a module': { before: deep, key: 'C', after: undone },
  'd drop a function': { before: deep, key: 'd', after: undone },
  'R fold recursion': { before: deep, key: 'R', after: undone },
  'u undo one of two': { before: [...deep, 'm', 'j', 'd'], key: 'u', after: undone },
  'U undo all': { before: [...deep, 'm'], key: 'U' },
  '/ search while it is typed': { before: ['/', 'f', 'u', 'n', 'c'], key: 't', after: ['escape'] },
  '/ search accepted: to the first match': {
    before: ['/', ...'_7'.split('')],
    key: 'enter',
    after: ['escape'],
  },
  'n next match': { before: ['/', ...'_7'.split(''), 'enter'], key: 'n', after: ['escape'] },
  '& keep matches': { before: ['/', ...'_7'.split(''), 'enter'], key: '&', after: undone },
  'v window of the last 10 s': { key: 'v', after: ['v', 'v', 'v', 'v'] },
  'v decay': { before: ['v', 'v', 'v'], key: 'v', after: ['v'] },
  '[ window back': { key: '[', after: ['v'] },
  '] window on': { before: ['[', '['], key: ']', after: ['v'] },
  'D difference': { before: ['b'], key: 'D', after: ['D'] },
  'space pause': { key: ' ', after: [' '] },
  'space resume': { before: [' '], key: ' ' },
};

export const views: Figure = {
  name: 'views',
  machine: 'own',
  async *measure(scope) {
    for (const [name, shape] of Object.entries(shapes)) yield* measureShape(scope, name, shape);
  },
};

async function* measureShape(scope: Scope, name: string, shape: LargeShape): AsyncGenerator<Row> {
  const session = new LargeSession(shape);
  const driver = new ViewDriver(session, size);
  const typist = new Typist(driver);
  const ticks = setInterval(() => {
    session.grow(20, 80, tickMs);
    session.tick();
    driver.view.tick();
  }, tickMs);
  const stop = () => {
    clearInterval(ticks);
    driver.view.close();
  };
  scope.after(stop);
  await typist.settle();
  const holds = new Holds();
  const shown = new Map<string, Shown[]>(Object.keys(stories).map((story) => [story, []]));
  for (let round = 0; round < rounds; round++) {
    for (const [story, { before = [], key, after = [] }] of Object.entries(stories)) {
      await typist.type(before);
      shown.get(story)?.push(await typist.show(key));
      await typist.type(after);
    }
  }
  holds.stop();
  stop();
  for (const [story, times] of shown) yield lineOf(`${story}; ${name}`, times);
  yield {
    subject: `longest time without an answer to a key meanwhile; ${name}, now ${session.profile.tree.nodeCount} nodes`,
    must: '<= 16 ms',
    measured: holds.text,
    holds: holds.longestMs <= 16,
  };
}

function lineOf(subject: string, shown: readonly Shown[]) {
  const times = shown.map(({ ms }) => ms);
  const cpu = quantile(
    shown.map(({ cpuMs }) => cpuMs),
    0.5,
  );
  return {
    subject,
    must: '<= 50 ms',
    measured: `median ${quantile(times, 0.5).toFixed(1)}, worst ${Math.max(...times).toFixed(1)} ms; median CPU ${cpu.toFixed(1)} ms`,
    holds: Math.max(...times) <= 50,
  };
}

/** CPU is that of this thread, ticks of data and collections in between too. */
interface Shown {
  readonly ms: number;
  readonly cpuMs: number;
}

const longestMs = 20_000;

/** Types keys as a person does, who sees the answer to one before the next. */
class Typist {
  readonly #driver: ViewDriver;

  constructor(driver: ViewDriver) {
    this.#driver = driver;
  }

  async type(keys: readonly string[]): Promise<void> {
    for (const key of keys) {
      this.#driver.press(key);
      await this.settle();
    }
  }

  /** Until what was asked for is on the screen, and a moment more. */
  async settle(): Promise<void> {
    await this.#whole();
    await delay(30);
  }

  /** From a key to the frame that shows all that it asked for. */
  async show(key: string): Promise<Shown> {
    const startMs = performance.now();
    const startCpuMs = ownCpuMs();
    this.#driver.press(key);
    await this.#whole();
    this.#driver.draw();
    return { ms: performance.now() - startMs, cpuMs: ownCpuMs() - startCpuMs };
  }

  async #whole(): Promise<void> {
    const endMs = performance.now() + longestMs;
    while (!this.#driver.isWhole) {
      if (performance.now() > endMs) throw new Error('the view is never whole');
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
}

/** CPU time of this thread: on a machine with other work the only time that is ours. */
function ownCpuMs(): number {
  // The file is as old as the last tick of the scheduler, 4 ms, unless getrusage has brought the thread up to date (Linux,
  // kernel/sched/cputime.c, thread_group_cputime).
  process.cpuUsage();
  // /proc/PID/task/TID/schedstat begins with the time on a CPU, in ns (Linux, Documentation/scheduler/sched-stats).
  const [ns = '0'] = readFileSync(`/proc/self/task/${process.pid}/schedstat`, 'utf8').split(' ');
  return Number(ns) / 1e6;
}

/**
 * How long the event loop was held: how much later than every two milliseconds a timer comes. On a machine with other
 * work the CPU time of this thread tells what was ours.
 */
class Holds {
  readonly #lateMs: number[] = [];
  readonly #cpuMs: number[] = [];
  readonly #timer: NodeJS.Timeout;

  constructor() {
    let lastMs = performance.now();
    let lastCpuMs = ownCpuMs();
    this.#timer = setInterval(() => {
      const nowMs = performance.now();
      const cpuMs = ownCpuMs();
      this.#lateMs.push(nowMs - lastMs - beatMs);
      this.#cpuMs.push(cpuMs - lastCpuMs);
      lastMs = nowMs;
      lastCpuMs = cpuMs;
    }, beatMs);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  get longestMs(): number {
    return largest(this.#lateMs);
  }

  get text(): string {
    const over = (times: readonly number[]) => times.filter((ms) => ms > 16).length;
    const own = `of it on the CPU ${largest(this.#cpuMs).toFixed(1)} ms, ${over(this.#cpuMs)} beats over 16`;
    return `${this.longestMs.toFixed(1)} ms, ${over(this.#lateMs)} of ${this.#lateMs.length} beats over 16 ms; ${own}`;
  }
}

function largest(values: readonly number[]): number {
  return values.reduce((most, value) => Math.max(most, value), 0);
}
